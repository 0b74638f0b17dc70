// SPDX-License-Identifier: Apache-2.0
// A container's environment: env, envFrom and everything that valueFrom may name, and $(VAR) expansion.
#include "kubelet/environment.h"

#include <string.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/encoding.h"
#include "kubelet/downward.h"

void environment_expand(const char *text, const struct runtime_pairs *environment, struct str *out,
                        struct str_list *ret_missing) {
    for (const char *p = text; *p; p++) {
        if (*p != '$' || !p[1]) {
            str_append_char(out, *p);
            continue;
        }
        p++;
        if (*p == '$') {
            str_append_char(out, '$');
            continue;
        }
        const char *end = *p == '(' ? strchr(p, ')') : NULL;
        if (!end) {
            str_append_char(out, '$');
            str_append_char(out, *p);
            continue;
        }
        AUTO_STR name = {0};
        str_append_n(&name, p + 1, (size_t)(end - p - 1));
        const char *value = runtime_pairs_get(environment, str_text(&name));
        if (value) {
            str_append(out, value);
        } else {
            str_printf(out, "$(%s)", str_text(&name));
            if (ret_missing)
                str_list_add(ret_missing, str_text(&name));
        }
        p = end;
    }
}

// --- ConfigMaps and Secrets ----------------------------------------------------------------------------------------------------

// NULL and success where it is missing but optional.
static int get_object(const struct pod_context *context, const char *kind, const struct json *reference, struct json **ret_object,
                      struct error **err) {
    const char *name = json_get_text(reference, "name");
    AUTO_ERROR failure = NULL;
    if (context->objects->get_object(context->objects->context, kind, meta_namespace(context->pod), name, ret_object, &failure) ==
        0)
        return 0;
    if (error_is(failure, "NotFound") && json_get_bool(reference, "optional", false)) {
        *ret_object = NULL;
        return 0;
    }
    return error_move(err, &failure);
}

static int add_all(const struct pod_context *context, const char *kind, const struct json *reference, const char *prefix,
                   struct runtime_pairs *out, struct error **err) {
    AUTO_JSON object = NULL;
    if (get_object(context, kind, reference, &object, err) < 0)
        return -1;
    bool secret = strcmp(kind, "Secret") == 0;
    for (struct json_iter it = json_iter(json_get(object, "data")); json_iter_next(&it);) {
        AUTO_STR name = {0};
        str_printf(&name, "%s%s", prefix, it.key);
        // A name that can't stand in an environment is left out, as upstream does.
        if (name.len == 0 || strchr(str_text(&name), '='))
            continue;
        const char *text = json_string(it.value);
        AUTO_STR value = {0};
        if (!secret)
            str_append(&value, text ? text : "");
        else if (!text || !base64_decode(&value, text, strlen(text)))
            return error_set(err, "secret \"%s\": key %s is not base64", meta_name(object), it.key);
        runtime_pairs_set(out, str_text(&name), str_text(&value));
    }
    return 0;
}

// found false: the variable is left out.
static int key_value(const struct pod_context *context, const char *kind, const struct json *reference, struct str *out,
                     bool *ret_found, struct error **err) {
    AUTO_JSON object = NULL;
    *ret_found = false;
    if (get_object(context, kind, reference, &object, err) < 0)
        return -1;
    if (!object)
        return 0;
    const char *key = json_get_text(reference, "key");
    const char *text = json_get_string(json_get(object, "data"), key);
    bool secret = strcmp(kind, "Secret") == 0;
    if (!text) {
        if (json_get_bool(reference, "optional", false))
            return 0;
        return error_set(err, "couldn't find key %s in %s %s/%s", key, kind, meta_namespace(context->pod),
                         json_get_text(reference, "name"));
    }
    *ret_found = true;
    if (!secret)
        str_append(out, text);
    else if (!base64_decode(out, text, strlen(text)))
        return error_set(err, "secret \"%s\": key %s is not base64", meta_name(object), key);
    return 0;
}

// --- variables -----------------------------------------------------------------------------------------------------------------

static int value_from(const struct pod_context *context, const struct json *container, const struct json *from, struct str *out,
                      bool *ret_found, struct error **err) {
    *ret_found = true;
    const struct json *row;
    if ((row = json_get(from, "fieldRef")))
        return downward_field(context, json_get_text(row, "fieldPath"), out, err);
    if ((row = json_get(from, "resourceFieldRef"))) {
        const char *other = json_get_string(row, "containerName");
        return downward_resource(context, str_empty(other) ? json_get_text(container, "name") : other,
                                 json_get_text(row, "resource"), json_get_string(row, "divisor"), out, err);
    }
    if ((row = json_get(from, "configMapKeyRef")))
        return key_value(context, "ConfigMap", row, out, ret_found, err);
    if ((row = json_get(from, "secretKeyRef")))
        return key_value(context, "Secret", row, out, ret_found, err);
    *ret_found = false;
    return 0;
}

int environment_make(const struct pod_context *context, const struct json *container, struct runtime_pairs *ret_environment,
                     struct error **err) {
    const struct json *sources = json_get(container, "envFrom");
    for (size_t i = 0; i < json_len(sources); i++) {
        const struct json *source = json_at(sources, i);
        const char *prefix = json_get_text(source, "prefix");
        const struct json *config_map = json_get(source, "configMapRef");
        const struct json *secret = json_get(source, "secretRef");
        if (config_map && add_all(context, "ConfigMap", config_map, prefix, ret_environment, err) < 0)
            return -1;
        if (secret && add_all(context, "Secret", secret, prefix, ret_environment, err) < 0)
            return -1;
    }
    // Values see the variables of env above them, not those of envFrom.
    struct runtime_pairs seen = {0};
    const struct json *list = json_get(container, "env");
    int result = 0;
    for (size_t i = 0; i < json_len(list) && result == 0; i++) {
        const struct json *row = json_at(list, i);
        const char *name = json_get_text(row, "name");
        AUTO_STR value = {0};
        bool found = true;
        if (json_get(row, "valueFrom"))
            result = value_from(context, container, json_get(row, "valueFrom"), &value, &found, err);
        else
            environment_expand(json_get_text(row, "value"), &seen, &value, NULL);
        if (result < 0 || !found)
            continue;
        runtime_pairs_set(&seen, name, str_text(&value));
        runtime_pairs_set(ret_environment, name, str_text(&value));
    }
    runtime_pairs_free(&seen);
    return result;
}
