// SPDX-License-Identifier: Apache-2.0
// Rules of Secrets: keys, size, what each type must hold, immutability.
#include "common/api/validation_secret.h"

#include <string.h>

#include "common/api/meta.h"
#include "common/api/validation_data.h"
#include "common/base/alloc.h"
#include "common/base/encoding.h"

static void require_key(const struct json *secret, const char *key, struct field_errors *errors) {
    CLEANUP(free_ptr) char *path = alloc_printf("data[%s]", key);
    if (!json_has(json_get(secret, "data"), key))
        field_errors_required(errors, path, NULL);
}

static void require_json(const struct json *secret, const char *key, struct field_errors *errors) {
    const char *encoded = json_get_string(json_get(secret, "data"), key);
    if (!encoded) {
        require_key(secret, key, errors);
        return;
    }
    AUTO_STR bytes = {0};
    AUTO_JSON value = NULL;
    AUTO_ERROR err = NULL;
    struct json_limits limits = {.allow_duplicates = true};
    CLEANUP(free_ptr) char *path = alloc_printf("data[%s]", key);
    if (!base64_decode(&bytes, encoded, strlen(encoded)) || json_parse(str_text(&bytes), bytes.len, &limits, &value, &err) < 0)
        field_errors_invalid_text(errors, path, "<secret contents redacted>", err ? error_message(err) : "illegal base64 data");
}

void validation_secret(const struct json *object, struct field_errors *errors) {
    if (validation_data_keys(object, "data", true, errors) > VALIDATION_DATA_MAX)
        field_errors_too_long(errors, "data", (int64_t)VALIDATION_DATA_MAX);
    const char *type = json_get_text(object, "type");
    const struct json *data = json_get(object, "data");
    if (str_equal(type, "kubernetes.io/service-account-token")) {
        if (str_empty(meta_annotation(object, "kubernetes.io/service-account.name")))
            field_errors_required(errors, "metadata.annotations[kubernetes.io/service-account.name]", NULL);
    } else if (str_equal(type, "kubernetes.io/dockercfg")) {
        require_json(object, ".dockercfg", errors);
    } else if (str_equal(type, "kubernetes.io/dockerconfigjson")) {
        require_json(object, ".dockerconfigjson", errors);
    } else if (str_equal(type, "kubernetes.io/basic-auth")) {
        if (!json_has(data, "username") && !json_has(data, "password")) {
            require_key(object, "username", errors);
            require_key(object, "password", errors);
        }
    } else if (str_equal(type, "kubernetes.io/ssh-auth")) {
        require_key(object, "ssh-privatekey", errors);
    } else if (str_equal(type, "kubernetes.io/tls")) {
        require_key(object, "tls.crt", errors);
        require_key(object, "tls.key", errors);
    }
}

void validation_secret_update(const struct json *object, const struct json *old, struct field_errors *errors) {
    static const char *const fields[] = {"data", NULL};
    validation_data_immutable(object, old, fields, errors);
}
