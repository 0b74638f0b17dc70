// SPDX-License-Identifier: Apache-2.0
// What went wrong, in kubectl's words: one error in full, several as one line each.
#include "cubectl/failure.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

void failure_add(struct session *session, struct error *take_error) {
    if (take_error)
        ptr_vec_push(&session->failures, take_error);
}

static bool is_from_server(const struct error *error) {
    return error->code != 0;
}

// The line that all errors but "Invalid" and local ones have. false: a local one.
static bool standard_message(const struct error *error, struct str *out) {
    if (error_is(error, FAILURE_VERBATIM)) {
        str_append(out, error->message);
        return true;
    }
    if (!is_from_server(error))
        return false;
    if (error_is(error, "Unauthorized"))
        str_printf(out, "error: You must be logged in to the server (%s)", error->message);
    else if (!str_empty(error->reason))
        str_printf(out, "Error from server (%s): %s", error->reason, error->message);
    else
        str_printf(out, "Error from server: %s", error->message);
    return true;
}

static void append_causes(const struct error *error, struct str *out) {
    AUTO_STR_LIST lines = {0};
    for (size_t i = 0; i < error->cause_count; i++) {
        const struct error_cause *cause = &error->causes[i];
        char *line = alloc_printf("%s: %s", cause->field ? cause->field : "", cause->message ? cause->message : "");
        if (!str_list_contains(&lines, line))
            str_list_add(&lines, line);
        free(line);
    }
    if (lines.len == 1) {
        str_printf(out, ": %s", lines.items[0]);
        return;
    }
    str_append(out, ": ");
    for (size_t i = 0; i < lines.len; i++)
        str_printf(out, "\n* %s", lines.items[i]);
}

static void invalid_message(const struct error *error, struct str *out) {
    bool named = !str_empty(error->kind) || !str_empty(error->name);
    if (named) {
        str_printf(out, "The %s ", error->kind ? error->kind : "");
        str_append_quoted(out, error->name ? error->name : "");
        str_append(out, " is invalid");
    } else {
        str_append(out, "The request is invalid");
        if (error->cause_count == 0 && !str_empty(error->message))
            str_printf(out, ": %s", error->message);
    }
    if (error->cause_count > 0)
        append_causes(error, out);
}

static void full_message(const struct error *error, struct str *out) {
    if (is_from_server(error) && error_is(error, "Invalid"))
        invalid_message(error, out);
    else if (!standard_message(error, out))
        str_printf(out, "%s%s", str_starts(error->message, "error: ") ? "" : "error: ", error->message);
}

int failure_report(struct session *session) {
    AUTO_STR out = {0};
    struct ptr_vec *failures = &session->failures;
    for (size_t i = 0; i < failures->len; i++) {
        const struct error *error = failures->items[i];
        if (error_is(error, FAILURE_SILENT))
            continue;
        if (failures->len == 1)
            full_message(error, &out);
        else if (!standard_message(error, &out))
            str_append(&out, error->message);
        if (!str_ends(str_text(&out), "\n"))
            str_append_char(&out, '\n');
    }
    fflush(session->out);
    fputs(str_text(&out), session->errors);
    return failures->len > 0 ? 1 : 0;
}

int failure_usage(const struct session *session, struct error **err, const char *format, ...) {
    AUTO_STR message = {0};
    va_list args;
    va_start(args, format);
    str_vprintf(&message, format, args);
    va_end(args);
    return error_set(err, "%s\nSee '%s -h' for help and examples", str_text(&message), session->command);
}

int failure_source(struct error **err, const char *verb, const char *source) {
    if (str_empty(source))
        return -1;
    AUTO_STR quoted = {0};
    str_append_quoted(&quoted, source);
    return error_prefix(err, "error when %s %s", verb, str_text(&quoted));
}

int failure_list(struct error **err, const struct resource *resource, const char *selector, const char *field_selector) {
    if (!error_has_code(*err, 400) && !error_has_code(*err, 404))
        return -1;
    AUTO_STR place = {0};
    str_printf(&place, "%s/%s, Resource=%s", resource->group, resource->version, resource->plural);
    if (str_empty(selector) && str_empty(field_selector))
        return error_prefix(err, "Unable to list \"%s\"", str_text(&place));
    AUTO_STR labels = {0};
    AUTO_STR fields = {0};
    str_append_quoted(&labels, selector ? selector : "");
    str_append_quoted(&fields, field_selector ? field_selector : "");
    return error_prefix(err, "Unable to find \"%s\" that match label selector %s, field selector %s", str_text(&place),
                        str_text(&labels), str_text(&fields));
}
