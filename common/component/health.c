// SPDX-License-Identifier: Apache-2.0
// Health answers in upstream's exact text.
#include "common/component/health.h"

#include <string.h>

#include "common/base/encoding.h"
#include "common/base/log.h"

// The values of a query parameter, decoded.
static void query_values(const char *query, const char *name, struct str_list *out) {
    AUTO_STR_LIST parts = {0};
    str_list_split(&parts, query ? query : "", '&');
    size_t name_len = strlen(name);
    for (size_t i = 0; i < parts.len; i++) {
        const char *value = str_skip_prefix(parts.items[i], name);
        if (!value || (*value != '=' && *value != '\0'))
            continue;
        value = parts.items[i] + name_len + (*value == '=' ? 1 : 0);
        AUTO_STR decoded = {0};
        if (percent_decode(&decoded, value, strlen(value), true) && !str_list_contains(out, str_text(&decoded)))
            str_list_add(out, str_text(&decoded));
    }
}

static bool run_check(const char *endpoint, const struct health_check *check) {
    AUTO_STR reason = {0};
    bool healthy = check->check(check->context, &reason);
    if (!healthy)
        log_v(2, "health check failed", "endpoint", endpoint, "check", check->name, "reason", str_text(&reason), NULL);
    return healthy;
}

static void answer_single(const char *endpoint, const char *name, const struct health_check *checks, size_t count,
                          struct health_answer *answer) {
    for (size_t i = 0; i < count; i++) {
        if (!str_equal(checks[i].name, name))
            continue;
        bool healthy = run_check(endpoint, &checks[i]);
        answer->status = healthy ? 200 : 500;
        if (healthy)
            str_append(&answer->body, "ok");
        else
            str_append(&answer->body, "internal server error: reason withheld\n");
        return;
    }
    answer->status = 404;
    str_append(&answer->body, "404 page not found\n");
}

// Excluded names that no check has, as upstream warns of them.
static void warn_unknown(const struct str_list *excluded, const struct health_check *checks, size_t count, struct str *out) {
    AUTO_STR names = {0};
    for (size_t e = 0; e < excluded->len; e++) {
        bool known = false;
        for (size_t i = 0; i < count && !known; i++)
            known = str_equal(checks[i].name, excluded->items[e]);
        if (!known)
            str_printf(&names, "%s\"%s\"", names.len > 0 ? "," : "", excluded->items[e]);
    }
    if (names.len > 0)
        str_printf(out, "warn: some health checks cannot be excluded: no matches for %s\n", names.data);
}

void health_answer(const char *endpoint, const char *sub_path, const char *query, const struct health_check *checks, size_t count,
                   struct health_answer *ret_answer) {
    *ret_answer = (struct health_answer){.status = 200};
    if (!str_empty(sub_path)) {
        answer_single(endpoint, sub_path, checks, count, ret_answer);
        return;
    }
    AUTO_STR_LIST excluded = {0};
    AUTO_STR_LIST verbose = {0};
    query_values(query, "exclude", &excluded);
    query_values(query, "verbose", &verbose);
    AUTO_STR text = {0};
    bool healthy = true;
    for (size_t i = 0; i < count; i++) {
        if (str_list_contains(&excluded, checks[i].name)) {
            str_printf(&text, "[+]%s excluded: ok\n", checks[i].name);
        } else if (run_check(endpoint, &checks[i])) {
            str_printf(&text, "[+]%s ok\n", checks[i].name);
        } else {
            str_printf(&text, "[-]%s failed: reason withheld\n", checks[i].name);
            healthy = false;
        }
    }
    warn_unknown(&excluded, checks, count, &text);
    if (healthy && verbose.len == 0) {
        str_append(&ret_answer->body, "ok");
        return;
    }
    str_printf(&text, "%s check %s\n", endpoint, healthy ? "passed" : "failed");
    ret_answer->status = healthy ? 200 : 500;
    str_append(&ret_answer->body, str_text(&text));
}

void health_answer_free(struct health_answer *answer) {
    str_free(&answer->body);
}
