// SPDX-License-Identifier: Apache-2.0
// metav1.DeleteOptions: from a body or from the query, with upstream's validation.
#include <stdlib.h>
#include <string.h>

#include "apiserver/registry/decode.h"
#include "apiserver/registry/registry.h"
#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/data/yaml.h"

void registry_delete_options_free(struct registry_delete_options *options) {
    free(options->propagation_policy);
    free(options->precondition_uid);
    free(options->precondition_resource_version);
    *options = REGISTRY_DELETE_OPTIONS_NONE;
}

static int validate(const struct registry_delete_options *options, const struct str_list *dry_run, struct error **err) {
    static const char *const policies[] = {"Foreground", "Background", "Orphan", NULL};
    static const char *const dry_runs[] = {"All", NULL};
    AUTO_FIELD_ERRORS errors = {0};
    if (options->propagation_policy && options->orphan_dependents >= 0)
        field_errors_invalid_text(&errors, "propagationPolicy", options->propagation_policy,
                                  "orphanDependents and deletionPropagation cannot be both set");
    bool known = false;
    for (size_t i = 0; options->propagation_policy && policies[i]; i++)
        known |= str_equal(options->propagation_policy, policies[i]);
    if (options->propagation_policy && !known) {
        static const char *const shown[] = {"Foreground", "Background", "Orphan", "nil", NULL};
        field_errors_not_supported(&errors, "propagationPolicy", options->propagation_policy, shown);
    }
    for (size_t i = 0; i < dry_run->len; i++)
        if (!str_equal(dry_run->items[i], "All"))
            field_errors_not_supported(&errors, "dryRun", dry_run->items[i], dry_runs);
    return errors.len ? status_invalid_kind(err, "meta.k8s.io", "DeleteOptions", "", &errors) : 0;
}

static void set_grace(struct registry_delete_options *options, int64_t seconds) {
    options->grace_period_seconds = seconds < 0 ? 1 : seconds;
}

static char *text_of(const struct json *object, const char *key) {
    return alloc_string_or_null(json_get_string(object, key));
}

// A member must be of its kind; 400 in the words of upstream's decoder.
static int check_member(const struct json *tree, const char *key, bool ok, const char *go_type, struct error **err) {
    static const char *const kinds[] = {"null", "bool", "number", "number", "string", "array", "object"};
    const struct json *value = json_get(tree, key);
    if (!value || ok)
        return 0;
    return status_bad_request(err,
                              "DeleteOptions in version \"v1\" cannot be handled as a DeleteOptions: json: cannot unmarshal %s "
                              "into Go struct field DeleteOptions.%s of type %s",
                              kinds[json_kind_of(value)], key, go_type);
}

static int check_tree(const struct json *tree, struct error **err) {
    const char *kind = json_get_text(tree, "kind");
    if (kind[0] && !str_equal(kind, "DeleteOptions"))
        return status_bad_request(err, "decoded object cannot be converted to DeleteOptions");
    const struct json *grace = json_get(tree, "gracePeriodSeconds");
    const struct json *preconditions = json_get(tree, "preconditions");
    if (check_member(tree, "gracePeriodSeconds", json_kind_of(grace) == JSON_INT, "int64", err) < 0 ||
        check_member(tree, "orphanDependents", json_kind_of(json_get(tree, "orphanDependents")) == JSON_BOOL, "bool", err) < 0 ||
        check_member(tree, "propagationPolicy", json_is_string(json_get(tree, "propagationPolicy")), "v1.DeletionPropagation",
                     err) < 0 ||
        check_member(tree, "dryRun", json_is_array(json_get(tree, "dryRun")), "[]string", err) < 0 ||
        check_member(tree, "preconditions", json_is_object(preconditions), "v1.Preconditions", err) < 0)
        return -1;
    if (check_member(preconditions, "uid", json_is_string(json_get(preconditions, "uid")), "types.UID", err) < 0 ||
        check_member(preconditions, "resourceVersion", json_is_string(json_get(preconditions, "resourceVersion")), "string",
                     err) < 0)
        return -1;
    return 0;
}

static int from_body(const struct registry_body *body, struct registry_delete_options *options, struct str_list *dry_run,
                     struct error **err) {
    AUTO_JSON tree = NULL;
    AUTO_ERROR cause = NULL;
    int failed = body->yaml ? yaml_parse_one(body->bytes, body->len, "body", &tree, &cause)
                            : json_parse(body->bytes, body->len, &(struct json_limits){.allow_duplicates = true}, &tree, &cause);
    if (failed)
        return cause->code ? error_move(err, &cause)
                           : status_bad_request(err, "couldn't get version/kind; json parse error: %s", error_message(cause));
    if (!json_is_object(tree))
        return status_bad_request(err,
                                  "couldn't get version/kind; json parse error: json: cannot unmarshal the body into Go value");
    if (check_tree(tree, err) < 0)
        return -1;
    if (json_get(tree, "gracePeriodSeconds"))
        set_grace(options, json_get_int(tree, "gracePeriodSeconds", 0));
    options->propagation_policy = text_of(tree, "propagationPolicy");
    if (json_get(tree, "orphanDependents"))
        options->orphan_dependents = json_get_bool(tree, "orphanDependents", false);
    options->precondition_uid = text_of(json_get(tree, "preconditions"), "uid");
    options->precondition_resource_version = text_of(json_get(tree, "preconditions"), "resourceVersion");
    const struct json *listed = json_get(tree, "dryRun");
    for (size_t i = 0; i < json_len(listed); i++)
        str_list_add(dry_run, json_string(json_at(listed, i)) ? json_string(json_at(listed, i)) : "");
    return 0;
}

static int from_query(const struct registry_delete_query *query, struct registry_delete_options *options,
                      struct str_list *dry_run, struct error **err) {
    bool orphan = false;
    if (!str_empty(query->grace_period_seconds)) {
        int64_t seconds = 0;
        if (!str_to_int64(query->grace_period_seconds, &seconds))
            return status_bad_request(err, "strconv.ParseInt: parsing \"%s\": invalid syntax", query->grace_period_seconds);
        set_grace(options, seconds);
    }
    if (query->orphan_dependents) {
        // As upstream's conversion of a query to a bool: everything but "false" and "0" is true.
        orphan = !str_equal_nocase(query->orphan_dependents, "false") && !str_equal(query->orphan_dependents, "0");
        options->orphan_dependents = orphan;
    }
    if (!str_empty(query->propagation_policy))
        options->propagation_policy = alloc_string(query->propagation_policy);
    if (!str_empty(query->dry_run))
        str_list_add(dry_run, query->dry_run);
    return 0;
}

int registry_delete_options_parse(const struct registry_body *body, const struct registry_delete_query *query,
                                  struct registry_delete_options *ret_options, struct error **err) {
    AUTO_REGISTRY_DELETE_OPTIONS options = REGISTRY_DELETE_OPTIONS_NONE;
    AUTO_STR_LIST dry_run = {0};
    int failed = body && body->len ? from_body(body, &options, &dry_run, err) : from_query(query, &options, &dry_run, err);
    if (failed || validate(&options, &dry_run, err) < 0)
        return -1;
    options.dry_run = dry_run.len > 0;
    *ret_options = options;
    options = REGISTRY_DELETE_OPTIONS_NONE;
    return 0;
}
