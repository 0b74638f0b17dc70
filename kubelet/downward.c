// SPDX-License-Identifier: Apache-2.0
// The downward API: the text of a pod's fields and of its containers' resources.
#include "kubelet/downward.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/api/quantity.h"
#include "common/base/alloc.h"

// As upstream's FormatMap: key="value" lines in order of the keys.
static void append_map(const struct json *map, struct str *out) {
    AUTO_STR_LIST keys = {0};
    for (struct json_iter it = json_iter(map); json_iter_next(&it);)
        str_list_add(&keys, it.key);
    str_list_sort(&keys);
    for (size_t i = 0; i < keys.len; i++) {
        if (i > 0)
            str_append_char(out, '\n');
        str_append(out, keys.items[i]);
        str_append_char(out, '=');
        str_append_quoted(out, json_get_text(map, keys.items[i]));
    }
}

static void append_list(const struct str_list *list, struct str *out) {
    for (size_t i = 0; i < list->len; i++) {
        if (i > 0)
            str_append_char(out, ',');
        str_append(out, list->items[i]);
    }
}

// "metadata.labels['key']": the key in ret_key (malloc'd), or NULL if path has no such end.
static char *subscript(const char *path, const char *prefix) {
    const char *rest = str_skip_prefix(path, prefix);
    size_t len = rest ? strlen(rest) : 0;
    if (len < 4 || strncmp(rest, "['", 2) != 0 || strcmp(rest + len - 2, "']") != 0)
        return NULL;
    return alloc_string_n(rest + 2, len - 4);
}

int downward_field(const struct pod_context *context, const char *path, struct str *out, struct error **err) {
    static const char *const plain[] = {"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName",
                                        "spec.serviceAccountName"};
    for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
        if (strcmp(path, plain[i]) == 0) {
            str_append(out, json_find_text(context->pod, path));
            return 0;
        }
    }
    static const char *const maps[] = {"metadata.labels", "metadata.annotations"};
    for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
        if (strcmp(path, maps[i]) == 0) {
            append_map(json_find(context->pod, maps[i]), out);
            return 0;
        }
        CLEANUP(free_ptr) char *key = subscript(path, maps[i]);
        if (key) {
            str_append(out, json_get_text(json_find(context->pod, maps[i]), key));
            return 0;
        }
    }
    static const struct str_list none = {0};
    const struct str_list *host = context->host_ips ? context->host_ips : &none;
    const struct str_list *own = context->pod_ips ? context->pod_ips : &none;
    if (strcmp(path, "status.hostIP") == 0)
        str_append(out, host->len > 0 ? host->items[0] : "");
    else if (strcmp(path, "status.hostIPs") == 0)
        append_list(host, out);
    else if (strcmp(path, "status.podIP") == 0)
        str_append(out, own->len > 0 ? own->items[0] : "");
    else if (strcmp(path, "status.podIPs") == 0)
        append_list(own, out);
    else
        return error_set(err, "unsupported fieldPath: %s", path);
    return 0;
}

static const struct json *find_container(const struct json *pod, const char *name) {
    const struct json *found = json_array_find(json_find(pod, "spec.containers"), "name", name, NULL);
    return found ? found : json_array_find(json_find(pod, "spec.initContainers"), "name", name, NULL);
}

int downward_resource(const struct pod_context *context, const char *container, const char *resource, const char *divisor,
                      struct str *out, struct error **err) {
    const struct json *entry = find_container(context->pod, container);
    if (!entry)
        return error_set(err, "container %s not found", container);
    const char *name = strchr(resource, '.');
    bool limit = str_starts(resource, "limits.");
    if (!name || (!limit && !str_starts(resource, "requests.")))
        return error_set(err, "unsupported container resource : %s", resource);
    name++;
    const struct json *resources = json_get(entry, "resources");
    const struct json *map = json_get(resources, limit ? "limits" : "requests");
    struct quantity unit = quantity_of(1, QUANTITY_DECIMAL_SI);
    if (!str_empty(divisor) && quantity_parse(divisor, &unit, err) < 0)
        return -1;
    if (quantity_sign(&unit) <= 0)
        unit = quantity_of(1, QUANTITY_DECIMAL_SI);
    struct quantity amount;
    if (quantity_from_json(json_get(map, name), &amount, err) < 0)
        return -1;
    if (limit && quantity_sign(&amount) == 0 && context->allocatable) {
        int64_t whole = resource_amounts_get(context->allocatable, name);
        amount =
            strcmp(name, "cpu") == 0 ? quantity_of_milli(whole, QUANTITY_DECIMAL_SI) : quantity_of(whole, QUANTITY_DECIMAL_SI);
    }
    bool cpu = strcmp(name, "cpu") == 0;
    int64_t value = cpu ? quantity_milli_value(&amount) : quantity_value(&amount);
    int64_t by = cpu ? quantity_milli_value(&unit) : quantity_value(&unit);
    str_append_int(out, by > 0 ? value / by + (value % by != 0) : value);
    return 0;
}
