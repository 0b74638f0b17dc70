// SPDX-License-Identifier: Apache-2.0
// Rules of containers: ports, environment, mounts, probes, resources.
#include "common/api/validation_container.h"

#include <ctype.h>
#include <string.h>

#include "common/api/name_rules.h"
#include "common/api/quantity.h"
#include "common/base/alloc.h"

static const char *const handlers[] = {"exec", "httpGet", "tcpSocket", "grpc", "sleep"};

static void at_field(struct str *path, const char *field, const char *value, const char *detail, struct field_errors *errors) {
    size_t mark = field_path_push(path, field);
    field_errors_invalid_text(errors, str_text(path), value, detail);
    str_truncate(path, mark);
}

// --- ports ---------------------------------------------------------------------------------------------------------------

static void check_port(const struct json *spec, const struct json *ports, size_t index, struct str *path,
                       struct field_errors *errors) {
    const struct json *port = json_at(ports, index);
    const char *name = json_get_text(port, "name");
    size_t first;
    if (*name && json_array_find(ports, "name", name, &first) && first < index) {
        size_t mark = field_path_push(path, "name");
        field_errors_duplicate_text(errors, str_text(path), name);
        str_truncate(path, mark);
    }
    int64_t host_port = json_get_int(port, "hostPort", 0);
    if (json_get_bool(spec, "hostNetwork", false) && host_port && host_port != json_get_int(port, "containerPort", 0)) {
        size_t mark = field_path_push(path, "containerPort");
        field_errors_invalid(errors, str_text(path), json_get(port, "containerPort"),
                             "must match `hostPort` when `hostNetwork` is true");
        str_truncate(path, mark);
    }
}

static void check_ports(const struct json *spec, const struct json *container, struct str *path, struct field_errors *errors) {
    const struct json *ports = json_get(container, "ports");
    size_t mark = field_path_push(path, "ports");
    for (size_t i = 0; i < json_len(ports); i++) {
        size_t at = field_path_push_index(path, i);
        check_port(spec, ports, i, path, errors);
        str_truncate(path, at);
    }
    str_truncate(path, mark);
}

// --- environment ---------------------------------------------------------------------------------------------------------

static void check_field_path(const struct json *reference, struct str *path, struct field_errors *errors) {
    static const char *const supported[] = {
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
        "status.hostIP", "status.hostIPs",     "status.podIP", "status.podIPs", NULL};
    const char *text = json_get_text(reference, "fieldPath");
    if (!*text || str_starts(text, "metadata.labels['") || str_starts(text, "metadata.annotations['"))
        return;
    for (size_t i = 0; supported[i]; i++)
        if (str_equal(supported[i], text))
            return;
    size_t mark = field_path_push(path, "fieldRef");
    field_path_push(path, "fieldPath");
    field_errors_not_supported(errors, str_text(path), text, supported);
    str_truncate(path, mark);
}

static void check_value_from(const struct json *variable, struct str *path, struct field_errors *errors) {
    const struct json *from = json_get(variable, "valueFrom");
    if (!from)
        return;
    size_t mark = field_path_push(path, "valueFrom");
    size_t count = json_object_size(from);
    if (count == 0)
        field_errors_invalid_text(errors, str_text(path), "",
                                  "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
    else if (*json_get_text(variable, "value"))
        field_errors_invalid_text(errors, str_text(path), "", "may not be specified when `value` is not empty");
    else if (count > 1)
        field_errors_invalid_text(errors, str_text(path), "", "may not have more than one field specified at a time");
    check_field_path(json_get(from, "fieldRef"), path, errors);
    str_truncate(path, mark);
}

static void check_env(const struct json *container, struct str *path, struct field_errors *errors) {
    const struct json *variables = json_get(container, "env");
    size_t mark = field_path_push(path, "env");
    for (size_t i = 0; i < json_len(variables); i++) {
        size_t at = field_path_push_index(path, i);
        check_value_from(json_at(variables, i), path, errors);
        str_truncate(path, at);
    }
    str_truncate(path, mark);
    const struct json *sources = json_get(container, "envFrom");
    field_path_push(path, "envFrom");
    for (size_t i = 0; i < json_len(sources); i++) {
        const struct json *source = json_at(sources, i);
        bool both = json_has(source, "configMapRef") && json_has(source, "secretRef");
        bool none = !json_has(source, "configMapRef") && !json_has(source, "secretRef");
        size_t at = field_path_push_index(path, i);
        if (none)
            field_errors_invalid_text(errors, str_text(path), "", "must specify one of: `configMapRef` or `secretRef`");
        else if (both)
            field_errors_invalid_text(errors, str_text(path), "", "may not have more than one field specified at a time");
        str_truncate(path, at);
    }
    str_truncate(path, mark);
}

// --- mounts --------------------------------------------------------------------------------------------------------------

static const char *relative_path_problem(const char *text) {
    if (*text == '/')
        return "must be a relative path";
    for (const char *p = text; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
        if (strcspn(p, "/") == 2 && p[0] == '.' && p[1] == '.')
            return "must not contain '..'";
    return NULL;
}

static void check_mount(const struct json *spec, const struct json *mounts, size_t index, struct str *path,
                        struct field_errors *errors) {
    const struct json *mount = json_at(mounts, index);
    const char *name = json_get_text(mount, "name");
    if (*name && !json_array_find(json_get(spec, "volumes"), "name", name, NULL)) {
        size_t mark = field_path_push(path, "name");
        field_errors_not_found(errors, str_text(path), name);
        str_truncate(path, mark);
    }
    const char *target = json_get_text(mount, "mountPath");
    size_t first;
    if (*target && json_array_find(mounts, "mountPath", target, &first) && first < index)
        at_field(path, "mountPath", target, "must be unique", errors);
    const char *sub = json_get_text(mount, "subPath");
    const char *expression = json_get_text(mount, "subPathExpr");
    if (*sub && *expression)
        at_field(path, "subPathExpr", expression, "subPathExpr and subPath are mutually exclusive", errors);
    const char *problem = relative_path_problem(sub);
    if (problem)
        at_field(path, "subPath", sub, problem, errors);
    problem = relative_path_problem(expression);
    if (problem)
        at_field(path, "subPathExpr", expression, problem, errors);
}

static void check_mounts(const struct json *spec, const struct json *container, struct str *path, struct field_errors *errors) {
    const struct json *mounts = json_get(container, "volumeMounts");
    size_t mark = field_path_push(path, "volumeMounts");
    for (size_t i = 0; i < json_len(mounts); i++) {
        size_t at = field_path_push_index(path, i);
        check_mount(spec, mounts, i, path, errors);
        str_truncate(path, at);
    }
    str_truncate(path, mark);
}

// --- probes and hooks ----------------------------------------------------------------------------------------------------

static void check_handler_port(const struct json *handler, struct str *path, struct field_errors *errors) {
    const struct json *port = json_get(handler, "port");
    if (!port)
        return;
    const char *name = json_string(port);
    const char *problem = name ? name_rules_port_name(name) : name_rules_port_number(json_int(port, 0));
    size_t mark = field_path_push(path, "port");
    if (problem)
        field_errors_invalid(errors, str_text(path), port, problem);
    str_truncate(path, mark);
}

// Exactly one of the handlers.
static void check_handler(const struct json *row, struct str *path, struct field_errors *errors) {
    bool found = false;
    for (size_t i = 0; i < ARRAY_LEN(handlers); i++) {
        const struct json *handler = json_get(row, handlers[i]);
        if (!handler)
            continue;
        size_t mark = field_path_push(path, handlers[i]);
        if (found)
            field_errors_forbidden(errors, str_text(path), "may not specify more than 1 handler type");
        else
            check_handler_port(handler, path, errors);
        size_t inner = field_path_push(path, "command");
        if (str_equal(handlers[i], "exec") && !json_len(json_get(handler, "command")))
            field_errors_required(errors, str_text(path), NULL);
        str_truncate(path, inner);
        found = true;
        str_truncate(path, mark);
    }
    if (!found)
        field_errors_required(errors, str_text(path), "must specify a handler type");
}

static void check_probe(const struct json *container, const char *name, struct str *path, struct field_errors *errors) {
    const struct json *probe = json_get(container, name);
    if (!probe)
        return;
    size_t mark = field_path_push(path, name);
    check_handler(probe, path, errors);
    const struct json *grace = json_get(probe, "terminationGracePeriodSeconds");
    size_t at = field_path_push(path, "terminationGracePeriodSeconds");
    if (grace && str_equal(name, "readinessProbe"))
        field_errors_invalid(errors, str_text(path), grace, "must not be set for readinessProbes");
    else if (grace && json_int(grace, 0) <= 0)
        field_errors_invalid(errors, str_text(path), grace, "must be greater than 0");
    str_truncate(path, at);
    field_path_push(path, "successThreshold");
    if (!str_equal(name, "readinessProbe") && json_get_int(probe, "successThreshold", 1) != 1)
        field_errors_invalid(errors, str_text(path), json_get(probe, "successThreshold"), "must be 1");
    str_truncate(path, mark);
}

static void check_lifecycle(const struct json *container, struct str *path, struct field_errors *errors) {
    static const char *const hooks[] = {"postStart", "preStop"};
    const struct json *lifecycle = json_get(container, "lifecycle");
    size_t mark = field_path_push(path, "lifecycle");
    for (size_t i = 0; i < ARRAY_LEN(hooks); i++) {
        size_t at = field_path_push(path, hooks[i]);
        if (json_get(lifecycle, hooks[i]))
            check_handler(json_get(lifecycle, hooks[i]), path, errors);
        str_truncate(path, at);
    }
    str_truncate(path, mark);
}

// --- resources -----------------------------------------------------------------------------------------------------------

static bool is_standard_resource(const char *name) {
    return str_equal(name, "cpu") || str_equal(name, "memory") || str_equal(name, "ephemeral-storage") ||
           str_starts(name, "hugepages-");
}

static void check_amounts(const struct json *resources, const char *list, struct str *path, struct field_errors *errors) {
    size_t mark = field_path_push(path, list);
    for (struct json_iter it = json_iter(json_get(resources, list)); json_iter_next(&it);) {
        size_t at = field_path_push_key(path, it.key);
        const char *problem = name_rules_qualified_name(it.key);
        if (problem)
            field_errors_invalid_text(errors, str_text(path), it.key, problem);
        else if (!strchr(it.key, '/') && !is_standard_resource(it.key))
            field_errors_invalid_text(errors, str_text(path), it.key, "must be a standard resource for containers");
        struct quantity q = {0};
        if (quantity_from_json(it.value, &q, NULL) == 0 && quantity_sign(&q) < 0)
            field_errors_invalid(errors, str_text(path), it.value, "must be greater than or equal to 0");
        else if (strchr(it.key, '/') && quantity_milli_value(&q) % 1000)
            field_errors_invalid(errors, str_text(path), it.value, "must be an integer");
        str_truncate(path, at);
    }
    str_truncate(path, mark);
}

static void check_resources(const struct json *container, struct str *path, struct field_errors *errors) {
    const struct json *resources = json_get(container, "resources");
    size_t mark = field_path_push(path, "resources");
    check_amounts(resources, "limits", path, errors);
    check_amounts(resources, "requests", path, errors);
    field_path_push(path, "requests");
    for (struct json_iter it = json_iter(json_get(resources, "requests")); json_iter_next(&it);) {
        const struct json *limit_value = json_get(json_get(resources, "limits"), it.key);
        struct quantity request;
        struct quantity limit;
        if (!limit_value || quantity_from_json(it.value, &request, NULL) < 0 || quantity_from_json(limit_value, &limit, NULL) < 0)
            continue;
        CLEANUP(free_ptr) char *limit_text = quantity_text(&limit);
        bool overcommits = str_equal(it.key, "cpu") || str_equal(it.key, "memory") || str_equal(it.key, "ephemeral-storage");
        CLEANUP(free_ptr)
        char *detail = alloc_printf(
            overcommits ? "must be less than or equal to %s limit of %s" : "must be equal to %s limit of %s", it.key, limit_text);
        int order = quantity_compare(&request, &limit);
        if (overcommits ? order > 0 : order != 0)
            field_errors_invalid(errors, str_text(path), it.value, detail);
    }
    str_truncate(path, mark);
}

// --- the whole -----------------------------------------------------------------------------------------------------------

static void forbid(const struct json *container, const char *field, const char *detail, struct str *path,
                   struct field_errors *errors) {
    size_t mark = field_path_push(path, field);
    if (json_get(container, field))
        field_errors_forbidden(errors, str_text(path), detail);
    str_truncate(path, mark);
}

static void check_role(const struct json *container, enum validation_container_role role, struct str *path,
                       struct field_errors *errors) {
    static const char *const main_only[] = {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"};
    bool sidecar = str_equal(json_get_string(container, "restartPolicy"), "Always");
    if (role == VALIDATION_CONTAINER_INIT && !sidecar)
        for (size_t i = 0; i < ARRAY_LEN(main_only); i++)
            forbid(container, main_only[i], "may not be set for init containers without restartPolicy=Always", path, errors);
    if (role == VALIDATION_CONTAINER_MAIN)
        forbid(container, "restartPolicy", "may not be set for non-init containers", path, errors);
    if (role == VALIDATION_CONTAINER_EPHEMERAL)
        for (size_t i = 0; i < ARRAY_LEN(main_only); i++)
            forbid(container, main_only[i], "cannot be set for an Ephemeral Container", path, errors);
}

static void check_privileges(const struct json *container, struct str *path, struct field_errors *errors) {
    const struct json *context = json_get(container, "securityContext");
    if (json_get_bool(context, "privileged", false) && !json_get_bool(context, "allowPrivilegeEscalation", true)) {
        size_t mark = field_path_push(path, "securityContext");
        field_errors_invalid(errors, str_text(path), context,
                             "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
        str_truncate(path, mark);
    }
}

void validation_container(const struct json *spec, const struct json *container, enum validation_container_role role,
                          struct str *path, struct field_errors *errors) {
    const char *image = json_get_text(container, "image");
    size_t len = strlen(image);
    if (len && (isspace((unsigned char)image[0]) || isspace((unsigned char)image[len - 1])))
        at_field(path, "image", image, "must not have leading or trailing whitespace", errors);
    check_role(container, role, path, errors);
    check_ports(spec, container, path, errors);
    check_env(container, path, errors);
    check_mounts(spec, container, path, errors);
    if (role != VALIDATION_CONTAINER_EPHEMERAL) {
        check_probe(container, "livenessProbe", path, errors);
        check_probe(container, "readinessProbe", path, errors);
        check_probe(container, "startupProbe", path, errors);
        check_lifecycle(container, path, errors);
    }
    check_resources(container, path, errors);
    check_privileges(container, path, errors);
}
