// SPDX-License-Identifier: Apache-2.0
// Pods tolerate not-ready and unreachable nodes for a while unless they say otherwise.
#ifndef CUBE_APISERVER_ADMISSION_DEFAULT_TOLERATION_SECONDS_H
#define CUBE_APISERVER_ADMISSION_DEFAULT_TOLERATION_SECONDS_H

#include "apiserver/admission/admission.h"

extern const struct admission_plugin_type default_toleration_seconds;

#endif
