// SPDX-License-Identifier: Apache-2.0
// OpenAPI v3: the index of group versions with hashes, and a document for each, made from the schema tables when asked for.
#include "apiserver/discovery/openapi.h"

#include <stdlib.h>
#include <string.h>

#include "apiserver/discovery/openapi_paths.h"
#include "apiserver/discovery/openapi_schemas.h"
#include "common/api/resources.h"
#include "common/base/alloc.h"
#include "common/base/lock.h"
#include "common/component/version.h"
#include "common/crypto/sha256.h"
#include "common/data/json.h"

struct openapi_cache {
    struct lock lock;
    struct str index; // under lock; empty until somebody asked
};

struct openapi_cache *openapi_cache_new(void) {
    struct openapi_cache *cache = alloc_zero(sizeof(*cache));
    lock_init(&cache->lock, "openapi");
    return cache;
}

void openapi_cache_free(struct openapi_cache *cache) {
    str_free(&cache->index);
    lock_destroy(&cache->lock);
    free(cache);
}

bool openapi_document(const char *group, const char *version, struct str *out) {
    const struct resource_version *found = resources_version(group, version);
    if (!found)
        return false;
    str_append(out, "{\"openapi\":\"3.0.0\",\"info\":{\"title\":\"Kubernetes\",\"version\":\"" VERSION_GIT "\"},\"paths\":{");
    for (size_t i = 0; i < found->resource_count; i++)
        openapi_paths_write(found->resources[i], out);
    str_append(out, "},\"components\":{\"schemas\":{");
    openapi_schemas_write(found, out);
    str_append(out, "}}}\n");
    return true;
}

static void add_version(struct json *paths, const char *group, const char *version) {
    AUTO_STR path = {0};
    AUTO_STR document = {0};
    AUTO_STR url = {0};
    char hash[SHA256_HEX_SIZE];
    str_printf(&path, "%s%s/%s", *group ? "apis/" : "api", group, version);
    openapi_document(group, version, &document);
    sha256_hex(str_text(&document), document.len, hash);
    str_printf(&url, "/openapi/v3/%s?hash=%s", str_text(&path), hash);
    struct json *entry = json_new_object();
    json_set_string(entry, "serverRelativeURL", str_text(&url));
    json_set(paths, str_text(&path), entry);
}

static void make_index(struct str *out) {
    AUTO_JSON answer = json_new_object();
    struct json *paths = json_ensure_object(answer, "paths");
    size_t count = 0;
    const struct resource_group *groups = resources_groups(&count);
    for (size_t g = 0; g < count; g++)
        for (size_t v = 0; v < groups[g].version_count; v++)
            add_version(paths, groups[g].group, groups[g].versions[v].version);
    json_write(answer, out);
    str_append_char(out, '\n');
}

void openapi_index(struct openapi_cache *cache, struct str *out) {
    LOCKED(&cache->lock) {
        if (!cache->index.len)
            make_index(&cache->index);
        str_append_n(out, str_text(&cache->index), cache->index.len);
    }
}

void openapi_empty_v2(struct str *out) {
    str_append(out, "{\"swagger\":\"2.0\",\"info\":{\"title\":\"Kubernetes\",\"version\":\"" VERSION_GIT "\"},\"paths\":{}}\n");
}

// A field of protobuf that holds less than 128 bytes.
static void append_field(struct str *out, unsigned number, const char *bytes, size_t len) {
    str_append_char(out, (char)(number << 3 | 2));
    str_append_char(out, (char)len);
    str_append_n(out, bytes, len);
}

void openapi_empty_v2_protobuf(struct str *out) {
    AUTO_STR info = {0};
    append_field(&info, 1, "Kubernetes", strlen("Kubernetes"));
    append_field(&info, 2, VERSION_GIT, strlen(VERSION_GIT));
    append_field(out, 1, "2.0", strlen("2.0"));
    append_field(out, 2, str_text(&info), info.len);
}
