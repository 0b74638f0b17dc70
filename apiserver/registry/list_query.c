// SPDX-License-Identifier: Apache-2.0
// The options of lists and watches as text, checked and compiled.
#include "apiserver/registry/list_query.h"

#include <stdlib.h>

#include "apiserver/registry/continue_token.h"
#include "common/api/status.h"

#define MATCH_FIELD "resourceVersionMatch"

void list_query_free(struct list_query *query) {
    selector_free(query->labels);
    field_selector_free(query->fields);
    free(query->after);
    *query = (struct list_query){0};
}

static void check_list(const struct registry_list_options *options, const char *match, struct field_errors *errors) {
    static const char *const matches[] = {"Exact", "NotOlderThan", "", NULL};
    if (match[0]) {
        if (str_empty(options->resource_version))
            field_errors_forbidden(errors, MATCH_FIELD, "resourceVersionMatch is forbidden unless resourceVersion is provided");
        if (!str_empty(options->continue_token))
            field_errors_forbidden(errors, MATCH_FIELD, "resourceVersionMatch is forbidden when continue is provided");
        if (!str_equal(match, "Exact") && !str_equal(match, "NotOlderThan"))
            field_errors_not_supported(errors, MATCH_FIELD, match, matches);
        if (str_equal(match, "Exact") && str_equal(options->resource_version, "0"))
            field_errors_forbidden(errors, MATCH_FIELD, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }
    if (options->send_initial_events || options->send_initial_events_given)
        field_errors_forbidden(errors, "sendInitialEvents", "sendInitialEvents is forbidden for list");
}

static void check_watch(const struct registry_list_options *options, const char *match, struct field_errors *errors) {
    static const char *const matches[] = {"NotOlderThan", NULL};
    bool initial = options->send_initial_events || options->send_initial_events_given;
    bool not_older = str_equal(match, "NotOlderThan");
    if (initial && !not_older)
        field_errors_forbidden(errors, MATCH_FIELD, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    if (!match[0])
        return;
    if (!initial)
        field_errors_forbidden(errors, MATCH_FIELD,
                               "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    if (!not_older)
        field_errors_not_supported(errors, MATCH_FIELD, match, matches);
    if (!str_empty(options->continue_token))
        field_errors_forbidden(errors, MATCH_FIELD, "resourceVersionMatch is forbidden when continue is provided");
}

static int check_combination(const struct registry_list_options *options, bool watch, struct error **err) {
    AUTO_FIELD_ERRORS errors = {0};
    const char *match = options->resource_version_match ? options->resource_version_match : "";
    if (watch)
        check_watch(options, match, &errors);
    else
        check_list(options, match, &errors);
    return errors.len ? status_invalid_kind(err, "meta.k8s.io", "ListOptions", "", &errors) : 0;
}

static int parse_selectors(const struct registry_request *request, const struct registry_list_options *options,
                           struct list_query *query, struct error **err) {
    if (!str_empty(options->label_selector) && selector_parse(options->label_selector, &query->labels, err) < 0)
        return -1;
    if (str_empty(options->field_selector))
        return 0;
    if (field_selector_parse(options->field_selector, &query->fields, err) < 0)
        return -1;
    return field_selector_check(query->fields, request->resource, err);
}

// What narrows the search; the selectors are still matched.
static void narrow(const struct registry_request *request, struct list_query *query) {
    query->ns = registry_namespace(request);
    query->name = str_empty(request->name) ? NULL : request->name;
    if (!query->fields)
        return;
    const char *name = field_selector_exact(query->fields, "metadata.name");
    if (!query->name && !str_empty(name))
        query->name = name;
}

int list_query_parse(const struct registry_request *request, const struct registry_list_options *options, bool watch,
                     struct list_query *ret_query, struct error **err) {
    AUTO_LIST_QUERY query = {0};
    if (check_combination(options, watch, err) < 0 || parse_selectors(request, options, &query, err) < 0 ||
        registry_parse_version(options->resource_version, &query.version, err) < 0)
        return -1;
    query.has_version = !str_empty(options->resource_version);
    if (!watch && !str_empty(options->continue_token)) {
        if (continue_token_decode(options->continue_token, &query.after, &query.continue_revision, err) < 0)
            return error_prefix(err, "invalid continue token");
        if (query.version > 0)
            return status_bad_request(err, "specifying resource version is not allowed when using continue");
    }
    narrow(request, &query);
    *ret_query = query;
    query = (struct list_query){0};
    return 0;
}
