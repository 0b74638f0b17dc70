// SPDX-License-Identifier: Apache-2.0
// Files out of ConfigMaps, Secrets and the downward API.
#include "kubelet/volume/object_files.h"

#include <string.h>

#include "common/api/meta.h"
#include "common/base/encoding.h"

mode_t object_files_mode(const struct json *source) {
    return (mode_t)json_get_int(source, "defaultMode", 0644) & 0777;
}

// The bytes of one key; 1: it has no such key.
static int key_bytes(const struct json *object, bool secret, const char *key, struct str *out, struct error **err) {
    const char *text = json_get_string(json_get(object, "data"), key);
    bool encoded = secret;
    if (!text && !secret) {
        text = json_get_string(json_get(object, "binaryData"), key);
        encoded = true;
    }
    if (!text)
        return 1;
    if (!encoded)
        str_append(out, text);
    else if (!base64_decode(out, text, strlen(text)))
        return error_set(err, "key %s of \"%s\" is not base64", key, meta_name(object));
    return 0;
}

static int add_all(const struct json *object, bool secret, const char *member, mode_t mode, struct atomic_files *out,
                   struct error **err) {
    for (struct json_iter it = json_iter(json_get(object, member)); json_iter_next(&it);) {
        AUTO_STR bytes = {0};
        if (key_bytes(object, secret, it.key, &bytes, err) < 0)
            return -1;
        atomic_files_add(out, it.key, str_text(&bytes), bytes.len, mode);
    }
    return 0;
}

static int add_items(const struct json *object, bool secret, const struct json *source, mode_t default_mode,
                     struct atomic_files *out, struct error **err) {
    const struct json *items = json_get(source, "items");
    for (size_t i = 0; i < json_len(items); i++) {
        const struct json *item = json_at(items, i);
        AUTO_STR bytes = {0};
        int found = key_bytes(object, secret, json_get_text(item, "key"), &bytes, err);
        if (found < 0)
            return -1;
        if (found > 0) {
            if (json_get_bool(source, "optional", false))
                continue;
            return error_set(err, "references non-existent %s key: %s", secret ? "secret" : "config", json_get_text(item, "key"));
        }
        mode_t mode = (mode_t)json_get_int(item, "mode", default_mode) & 0777;
        atomic_files_add(out, json_get_text(item, "path"), str_text(&bytes), bytes.len, mode);
    }
    return 0;
}

int object_files_add(const struct volume_request *request, const struct object_files_source *from, struct atomic_files *out,
                     struct error **err) {
    const struct volume_host *host = request->host;
    AUTO_JSON object = NULL;
    AUTO_ERROR failure = NULL;
    if (host->get_object(host->context, from->kind, meta_namespace(request->pod), from->name, &object, &failure) < 0) {
        if (error_is(failure, "NotFound") && json_get_bool(from->source, "optional", false))
            return 0;
        return error_move(err, &failure);
    }
    bool secret = strcmp(from->kind, "Secret") == 0;
    if (json_len(json_get(from->source, "items")) > 0)
        return add_items(object, secret, from->source, from->mode, out, err);
    if (add_all(object, secret, "data", from->mode, out, err) < 0)
        return -1;
    return secret ? 0 : add_all(object, secret, "binaryData", from->mode, out, err);
}

int object_files_add_downward(const struct volume_request *request, const struct json *source, mode_t default_mode,
                              struct atomic_files *out, struct error **err) {
    const struct volume_host *host = request->host;
    const struct json *items = json_get(source, "items");
    for (size_t i = 0; i < json_len(items); i++) {
        const struct json *item = json_at(items, i);
        const struct json *field = json_get(item, "fieldRef");
        const struct json *resource = json_get(item, "resourceFieldRef");
        AUTO_STR text = {0};
        if (field && host->field_text(host->context, request->pod, json_get_text(field, "fieldPath"), &text, err) < 0)
            return -1;
        if (resource && host->resource_text(host->context, request->pod, resource, &text, err) < 0)
            return -1;
        mode_t mode = (mode_t)json_get_int(item, "mode", default_mode) & 0777;
        atomic_files_add(out, json_get_text(item, "path"), str_text(&text), text.len, mode);
    }
    return 0;
}
