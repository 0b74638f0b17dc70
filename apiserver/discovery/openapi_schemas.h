// SPDX-License-Identifier: Apache-2.0
// The schemas of an OpenAPI v3 document: every type that a group version's resources lead to.
#ifndef CUBE_APISERVER_DISCOVERY_OPENAPI_SCHEMAS_H
#define CUBE_APISERVER_DISCOVERY_OPENAPI_SCHEMAS_H

#include "common/api/resources.h"
#include "common/base/str.h"
#include "common/data/json.h"

#define OPENAPI_META "io.k8s.apimachinery.pkg.apis.meta.v1."

// Appends `"name":{schema},...`, in order of the names.
void openapi_schemas_write(const struct resource_version *version, struct str *out);
// {"$ref":"#/components/schemas/<name>"}
struct json *openapi_schemas_reference(const char *name);

#endif
