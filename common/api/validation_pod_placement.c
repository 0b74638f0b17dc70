// SPDX-License-Identifier: Apache-2.0
// Rules of node selectors, affinity, tolerations and spread constraints.
#include "common/api/validation_pod_placement.h"

#include <stdint.h>

#include "common/api/name_rules.h"
#include "common/api/validation_labels.h"

static void at_field(struct str *path, const char *field, const char *value, const char *detail, struct field_errors *errors) {
    size_t mark = field_path_push(path, field);
    field_errors_invalid_text(errors, str_text(path), value, detail);
    str_truncate(path, mark);
}

// --- tolerations ---------------------------------------------------------------------------------------------------------

static void check_toleration(const struct json *row, struct str *path, struct field_errors *errors) {
    const char *op = json_get_text(row, "operator");
    const char *value = json_get_text(row, "value");
    const char *effect = json_get_text(row, "effect");
    bool exists = str_equal(op, "Exists");
    if (!*json_get_text(row, "key") && !exists)
        at_field(path, "operator", op,
                 "operator must be Exists when `key` is empty, which means \"match all values and all keys\"", errors);
    if (json_has(row, "tolerationSeconds") && !str_equal(effect, "NoExecute"))
        at_field(path, "effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set", errors);
    const char *problem = name_rules_label_value(value);
    size_t mark = field_path_push(path, "operator");
    if (exists && *value)
        field_errors_invalid(errors, str_text(path), row, "value must be empty when `operator` is 'Exists'");
    else if (problem)
        field_errors_invalid_text(errors, str_text(path), value, problem);
    str_truncate(path, mark);
}

// --- node affinity -------------------------------------------------------------------------------------------------------

static void check_requirement(const struct json *row, struct str *path, struct field_errors *errors) {
    const char *op = json_get_text(row, "operator");
    size_t values = json_len(json_get(row, "values"));
    size_t mark = field_path_push(path, "values");
    if (str_equal(op, "In") || str_equal(op, "NotIn")) {
        if (!values)
            field_errors_required(errors, str_text(path), "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (str_equal(op, "Exists") || str_equal(op, "DoesNotExist")) {
        if (values)
            field_errors_forbidden(errors, str_text(path), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else if (str_equal(op, "Gt") || str_equal(op, "Lt")) {
        if (values != 1)
            field_errors_required(errors, str_text(path), "must be specified single value when `operator` is 'Lt' or 'Gt'");
    } else if (*op) {
        str_truncate(path, mark);
        at_field(path, "operator", op, "not a valid selector operator", errors);
    }
    str_truncate(path, mark);
    const char *key = json_get_text(row, "key");
    const char *problem = *key ? name_rules_qualified_name(key) : NULL;
    if (problem)
        at_field(path, "key", key, problem, errors);
}

static void check_node_term(const struct json *term, struct str *path, struct field_errors *errors) {
    const struct json *rows = json_get(term, "matchExpressions");
    size_t mark = field_path_push(path, "matchExpressions");
    for (size_t i = 0; i < json_len(rows); i++) {
        size_t at = field_path_push_index(path, i);
        check_requirement(json_at(rows, i), path, errors);
        str_truncate(path, at);
    }
    str_truncate(path, mark);
    const struct json *fields = json_get(term, "matchFields");
    field_path_push(path, "matchFields");
    for (size_t i = 0; i < json_len(fields); i++) {
        const char *key = json_get_text(json_at(fields, i), "key");
        size_t at = field_path_push_index(path, i);
        if (!str_equal(key, "metadata.name"))
            at_field(path, "key", key, "not a valid field selector key", errors);
        else if (json_len(json_get(json_at(fields, i), "values")) != 1) {
            field_path_push(path, "values");
            field_errors_required(errors, str_text(path),
                                  "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
        }
        str_truncate(path, at);
    }
    str_truncate(path, mark);
}

static void check_weight(const struct json *row, struct str *path, struct field_errors *errors) {
    int64_t weight = json_get_int(row, "weight", 0);
    size_t mark = field_path_push(path, "weight");
    if (weight < 1 || weight > 100)
        field_errors_invalid_int(errors, str_text(path), weight, "must be in the range 1-100");
    str_truncate(path, mark);
}

static void check_node_affinity(const struct json *affinity, struct str *path, struct field_errors *errors) {
    const struct json *required = json_get(affinity, "requiredDuringSchedulingIgnoredDuringExecution");
    const struct json *terms = json_get(required, "nodeSelectorTerms");
    size_t mark = field_path_push(path, "requiredDuringSchedulingIgnoredDuringExecution");
    field_path_push(path, "nodeSelectorTerms");
    for (size_t i = 0; i < json_len(terms); i++) {
        size_t at = field_path_push_index(path, i);
        check_node_term(json_at(terms, i), path, errors);
        str_truncate(path, at);
    }
    str_truncate(path, mark);
    const struct json *preferred = json_get(affinity, "preferredDuringSchedulingIgnoredDuringExecution");
    field_path_push(path, "preferredDuringSchedulingIgnoredDuringExecution");
    for (size_t i = 0; i < json_len(preferred); i++) {
        size_t at = field_path_push_index(path, i);
        check_weight(json_at(preferred, i), path, errors);
        field_path_push(path, "preference");
        check_node_term(json_get(json_at(preferred, i), "preference"), path, errors);
        str_truncate(path, at);
    }
    str_truncate(path, mark);
}

// --- pod affinity --------------------------------------------------------------------------------------------------------

static void check_pod_term(const struct json *term, struct str *path, struct field_errors *errors) {
    static const char *const selectors[] = {"labelSelector", "namespaceSelector"};
    for (size_t i = 0; i < ARRAY_LEN(selectors); i++) {
        size_t mark = field_path_push(path, selectors[i]);
        validation_labels_selector(json_get(term, selectors[i]), str_text(path), errors);
        str_truncate(path, mark);
    }
    const struct json *names = json_get(term, "namespaces");
    size_t mark = field_path_push(path, "namespaces");
    for (size_t i = 0; i < json_len(names); i++) {
        const char *name = json_string(json_at(names, i));
        const char *problem = name ? name_rules_dns1123_label(name) : NULL;
        if (problem)
            field_errors_invalid_text(errors, str_text(path), name, problem);
    }
    str_truncate(path, mark);
}

static void check_pod_affinity(const struct json *affinity, struct str *path, struct field_errors *errors) {
    const struct json *required = json_get(affinity, "requiredDuringSchedulingIgnoredDuringExecution");
    size_t mark = field_path_push(path, "requiredDuringSchedulingIgnoredDuringExecution");
    for (size_t i = 0; i < json_len(required); i++) {
        size_t at = field_path_push_index(path, i);
        check_pod_term(json_at(required, i), path, errors);
        str_truncate(path, at);
    }
    str_truncate(path, mark);
    const struct json *preferred = json_get(affinity, "preferredDuringSchedulingIgnoredDuringExecution");
    field_path_push(path, "preferredDuringSchedulingIgnoredDuringExecution");
    for (size_t i = 0; i < json_len(preferred); i++) {
        size_t at = field_path_push_index(path, i);
        check_weight(json_at(preferred, i), path, errors);
        field_path_push(path, "podAffinityTerm");
        check_pod_term(json_get(json_at(preferred, i), "podAffinityTerm"), path, errors);
        str_truncate(path, at);
    }
    str_truncate(path, mark);
}

static void check_affinity(const struct json *affinity, struct str *path, struct field_errors *errors) {
    static const struct {
        const char *name;
        void (*check)(const struct json *affinity, struct str *path, struct field_errors *errors);
    } rows[] = {
        {"nodeAffinity", check_node_affinity}, {"podAffinity", check_pod_affinity}, {"podAntiAffinity", check_pod_affinity}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t mark = field_path_push(path, rows[i].name);
        rows[i].check(json_get(affinity, rows[i].name), path, errors);
        str_truncate(path, mark);
    }
}

static void check_spread(const struct json *row, struct str *path, struct field_errors *errors) {
    int64_t skew = json_get_int(row, "maxSkew", 0);
    size_t mark = field_path_push(path, "maxSkew");
    if (skew <= 0)
        field_errors_invalid_int(errors, str_text(path), skew, "must be greater than zero");
    str_truncate(path, mark);
    const struct json *domains = json_get(row, "minDomains");
    field_path_push(path, "minDomains");
    if (domains && json_int(domains, 0) <= 0)
        field_errors_invalid(errors, str_text(path), domains, "must be greater than zero");
    str_truncate(path, mark);
    field_path_push(path, "labelSelector");
    validation_labels_selector(json_get(row, "labelSelector"), str_text(path), errors);
    str_truncate(path, mark);
}

void validation_pod_placement(const struct json *spec, struct str *path, struct field_errors *errors) {
    size_t mark = field_path_push(path, "nodeSelector");
    validation_labels(json_get(spec, "nodeSelector"), str_text(path), errors);
    str_truncate(path, mark);
    field_path_push(path, "affinity");
    check_affinity(json_get(spec, "affinity"), path, errors);
    str_truncate(path, mark);
    static const struct {
        const char *name;
        void (*check)(const struct json *row, struct str *path, struct field_errors *errors);
    } lists[] = {{"tolerations", check_toleration}, {"topologySpreadConstraints", check_spread}};
    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        const struct json *rows = json_get(spec, lists[l].name);
        field_path_push(path, lists[l].name);
        for (size_t i = 0; i < json_len(rows); i++) {
            size_t at = field_path_push_index(path, i);
            lists[l].check(json_at(rows, i), path, errors);
            str_truncate(path, at);
        }
        str_truncate(path, mark);
    }
}
