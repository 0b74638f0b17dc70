// SPDX-License-Identifier: Apache-2.0
// Rules of pod specs: what containers have in common, names, host ports, DNS.
#include "common/api/validation_pod_spec.h"

#include "common/api/validation_container.h"
#include "common/api/validation_pod_placement.h"
#include "common/api/validation_volume.h"
#include "common/base/alloc.h"
#include "common/base/map.h"

static const struct {
    const char *name;
    enum validation_container_role role;
} lists[] = {
    {"containers", VALIDATION_CONTAINER_MAIN},
    {"initContainers", VALIDATION_CONTAINER_INIT},
    {"ephemeralContainers", VALIDATION_CONTAINER_EPHEMERAL},
};

static void check_containers(const struct json *spec, struct str *path, struct field_errors *errors) {
    CLEANUP(map_free) struct map names = {0};
    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        const struct json *containers = json_get(spec, lists[l].name);
        size_t mark = field_path_push(path, lists[l].name);
        for (size_t i = 0; i < json_len(containers); i++) {
            const struct json *container = json_at(containers, i);
            const char *name = json_get_text(container, "name");
            size_t at = field_path_push_index(path, i);
            size_t name_mark = field_path_push(path, "name");
            if (*name && map_has(&names, name))
                field_errors_duplicate_text(errors, str_text(path), name);
            str_truncate(path, name_mark);
            map_put(&names, name, &names);
            validation_container(spec, container, lists[l].role, path, errors);
            str_truncate(path, at);
        }
        str_truncate(path, mark);
    }
}

// No two containers that run together may want the same port of the host.
static void check_host_ports(const struct json *spec, struct str *path, struct field_errors *errors) {
    CLEANUP(map_free) struct map taken = {0};
    const struct json *containers = json_get(spec, "containers");
    for (size_t i = 0; i < json_len(containers); i++) {
        const struct json *ports = json_get(json_at(containers, i), "ports");
        for (size_t p = 0; p < json_len(ports); p++) {
            const struct json *port = json_at(ports, p);
            long long number = (long long)json_get_int(port, "hostPort", 0);
            if (!number)
                continue;
            CLEANUP(free_ptr)
            char *key = alloc_printf("%s/%s/%lld", json_get_text(port, "protocol"), json_get_text(port, "hostIP"), number);
            size_t mark = path->len;
            str_printf(path, ".containers[%zu].ports[%zu].hostPort", i, p);
            if (map_has(&taken, key))
                field_errors_duplicate_text(errors, str_text(path), key);
            str_truncate(path, mark);
            map_put(&taken, key, &taken);
        }
    }
}

static void check_dns(const struct json *spec, struct str *path, struct field_errors *errors) {
    const struct json *servers = json_find(spec, "dnsConfig.nameservers");
    size_t mark = field_path_push(path, "dnsConfig");
    if (str_equal(json_get_text(spec, "dnsPolicy"), "None") && !json_has(spec, "dnsConfig"))
        field_errors_required(errors, str_text(path), "must provide `dnsConfig` when `dnsPolicy` is None");
    field_path_push(path, "nameservers");
    if (json_has(spec, "dnsConfig") && str_equal(json_get_text(spec, "dnsPolicy"), "None") && !json_len(servers))
        field_errors_required(errors, str_text(path), "must provide at least one DNS nameserver when `dnsPolicy` is None");
    if (json_len(servers) > 3)
        field_errors_invalid(errors, str_text(path), servers, "must not have more than 3 nameservers");
    str_truncate(path, mark);
}

void validation_pod_spec(const struct json *spec, struct str *path, struct field_errors *errors) {
    validation_volume(spec, path, errors);
    check_containers(spec, path, errors);
    check_host_ports(spec, path, errors);
    validation_pod_placement(spec, path, errors);
    check_dns(spec, path, errors);
    if (json_get_bool(spec, "hostPID", false) && json_get_bool(spec, "shareProcessNamespace", false)) {
        size_t mark = field_path_push(path, "shareProcessNamespace");
        field_errors_invalid(errors, str_text(path), json_get(spec, "shareProcessNamespace"),
                             "ShareProcessNamespace and HostPID cannot both be enabled");
        str_truncate(path, mark);
    }
}
