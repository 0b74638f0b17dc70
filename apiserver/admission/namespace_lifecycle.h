// SPDX-License-Identifier: Apache-2.0
// Writes only into namespaces that exist and are not being deleted; the system namespaces stay.
#ifndef CUBE_APISERVER_ADMISSION_NAMESPACE_LIFECYCLE_H
#define CUBE_APISERVER_ADMISSION_NAMESPACE_LIFECYCLE_H

#include "apiserver/admission/admission.h"

extern const struct admission_plugin_type namespace_lifecycle;

#endif
