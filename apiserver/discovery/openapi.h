// SPDX-License-Identifier: Apache-2.0
// OpenAPI v3: the index of group versions with hashes, and a document for each, made from the schema tables when asked for.
#ifndef CUBE_APISERVER_DISCOVERY_OPENAPI_H
#define CUBE_APISERVER_DISCOVERY_OPENAPI_H

#include <stdbool.h>

#include "common/base/str.h"

// Keeps the hashes of documents once they are known. Thread-safe.
struct openapi_cache;

struct openapi_cache *openapi_cache_new(void);
void openapi_cache_free(struct openapi_cache *cache);

// GET /openapi/v3. Appends. Makes each document once, for its hash.
void openapi_index(struct openapi_cache *cache, struct str *out);
// The document of a group version ("" for core). Appends. false: there is no such version.
bool openapi_document(const char *group, const char *version, struct str *out);

// The document of OpenAPI v2 (GET /openapi/v2), as JSON and in gnostic's protobuf: version and title, no paths, no definitions.
void openapi_empty_v2(struct str *out);
void openapi_empty_v2_protobuf(struct str *out);

#endif
