// SPDX-License-Identifier: Apache-2.0
// The paths of an OpenAPI v3 document: each resource's collection, items and subresources with their operations.
#ifndef CUBE_APISERVER_DISCOVERY_OPENAPI_PATHS_H
#define CUBE_APISERVER_DISCOVERY_OPENAPI_PATHS_H

#include "common/api/resources.h"
#include "common/base/str.h"

// Appends `"/api/v1/...":{...},...` for the resource, with a comma first unless out ends with an opening brace.
void openapi_paths_write(const struct resource *resource, struct str *out);

#endif
