// SPDX-License-Identifier: Apache-2.0
// Rules of ReplicaSets: a selector that is not empty and matches a valid template; counts of the status that fit together.
#include "common/api/validation_replicaset.h"

#include "common/api/selector.h"
#include "common/api/validation_labels.h"
#include "common/api/validation_pod_spec.h"

static void check_template(const struct json *template, struct field_errors *errors) {
    static const char *const policies[] = {"Always", NULL};
    validation_labels(json_find(template, "metadata.labels"), "spec.template.labels", errors);
    validation_labels_annotations(json_find(template, "metadata.annotations"), "spec.template.annotations", errors);
    const struct json *spec = json_get(template, "spec");
    AUTO_STR path = {0};
    str_append(&path, "spec.template.spec");
    validation_pod_spec(spec, &path, errors);
    const char *policy = json_get_text(spec, "restartPolicy");
    if (*policy && !str_equal(policy, "Always"))
        field_errors_not_supported(errors, "spec.template.spec.restartPolicy", policy, policies);
    if (json_has(spec, "activeDeadlineSeconds"))
        field_errors_forbidden(errors, "spec.template.spec.activeDeadlineSeconds",
                               "activeDeadlineSeconds in ReplicaSet is not Supported");
}

void validation_replicaset(const struct json *object, struct field_errors *errors) {
    const struct json *spec = json_get(object, "spec");
    const struct json *selector_json = json_get(spec, "selector");
    const struct json *template = json_get(spec, "template");
    validation_labels_selector(selector_json, "spec.selector", errors);
    bool empty =
        !json_object_size(json_get(selector_json, "matchLabels")) && !json_len(json_get(selector_json, "matchExpressions"));
    if (selector_json && empty)
        field_errors_invalid(errors, "spec.selector", selector_json, "empty selector is invalid for deployment");
    AUTO_SELECTOR selector = NULL;
    AUTO_ERROR err = NULL;
    const struct json *labels = json_find(template, "metadata.labels");
    if (selector_json && selector_from_json(selector_json, &selector, &err) < 0)
        field_errors_invalid(errors, "spec.selector", selector_json, "invalid label selector");
    else if (selector_json && !empty && !selector_matches_labels(selector, labels))
        field_errors_invalid(errors, "spec.template.metadata.labels", labels, "`selector` does not match template `labels`");
    check_template(template, errors);
}

void validation_replicaset_update_status(const struct json *object, const struct json *old, struct field_errors *errors) {
    (void)old;
    const struct json *status = json_get(object, "status");
    static const struct {
        const char *path;
        const char *field;
        const char *bound;
        const char *detail;
    } rows[] = {
        {"status.fullyLabeledReplicas", "fullyLabeledReplicas", "replicas", "cannot be greater than status.replicas"},
        {"status.readyReplicas", "readyReplicas", "replicas", "cannot be greater than status.replicas"},
        {"status.availableReplicas", "availableReplicas", "replicas", "cannot be greater than status.replicas"},
        {"status.availableReplicas", "availableReplicas", "readyReplicas", "cannot be greater than readyReplicas"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (json_get_int(status, rows[i].field, 0) > json_get_int(status, rows[i].bound, 0))
            field_errors_invalid(errors, rows[i].path, json_get(status, rows[i].field), rows[i].detail);
}
