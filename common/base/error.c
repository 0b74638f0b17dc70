// SPDX-License-Identifier: Apache-2.0
// The one error type.
#include "common/base/error.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

static struct error *error_new(int code, const char *reason, char *take_message) {
    struct error *error = alloc_zero(sizeof(*error));
    error->code = code;
    error->reason = alloc_string_or_null(reason);
    error->message = take_message;
    return error;
}

int error_set(struct error **err, const char *format, ...) {
    if (!err)
        return -1;
    va_list args;
    va_start(args, format);
    *err = error_new(0, NULL, alloc_vprintf(format, args));
    va_end(args);
    return -1;
}

int error_set_api(struct error **err, int code, const char *reason, const char *format, ...) {
    if (!err)
        return -1;
    va_list args;
    va_start(args, format);
    *err = error_new(code, reason, alloc_vprintf(format, args));
    va_end(args);
    return -1;
}

int error_set_errno(struct error **err, int errnum, const char *format, ...) {
    if (!err)
        return -1;
    va_list args;
    va_start(args, format);
    char *text = alloc_vprintf(format, args);
    va_end(args);
    char buffer[128];
    // Upstream's messages have errno's text in lower case.
    const char *cause = strerror_r(errnum, buffer, sizeof(buffer));
    char *message = alloc_printf("%s: %s", text, cause);
    char *start = message + strlen(text) + 2;
    if (start[0] >= 'A' && start[0] <= 'Z' && start[1] >= 'a' && start[1] <= 'z')
        start[0] = (char)(start[0] - 'A' + 'a');
    free(text);
    *err = error_new(0, NULL, message);
    return -1;
}

int error_prefix(struct error **err, const char *format, ...) {
    if (!err || !*err)
        return -1;
    va_list args;
    va_start(args, format);
    char *prefix = alloc_vprintf(format, args);
    va_end(args);
    char *message = alloc_printf("%s: %s", prefix, (*err)->message);
    free(prefix);
    free((*err)->message);
    (*err)->message = message;
    return -1;
}

static struct error_cause *cause_push(struct error *error) {
    error->causes = alloc_resize(error->causes, error->cause_count + 1, sizeof(*error->causes));
    return &error->causes[error->cause_count++];
}

void error_add_cause(struct error *error, const char *reason, const char *field, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *message = alloc_vprintf(format, args);
    va_end(args);
    *cause_push(error) =
        (struct error_cause){.reason = alloc_string_or_null(reason), .message = message, .field = alloc_string_or_null(field)};
}

static void replace(char **target, const char *text) {
    char *copy = alloc_string_or_null(text);
    free(*target);
    *target = copy;
}

void error_set_details(struct error *error, const char *group, const char *kind, const char *name) {
    replace(&error->group, group);
    replace(&error->kind, kind);
    replace(&error->name, name);
}

int error_move(struct error **err, struct error **from) {
    struct error *moved = STEAL(*from);
    if (err)
        *err = moved;
    else
        error_free(moved);
    return -1;
}

struct error *error_clone(const struct error *error) {
    if (!error)
        return NULL;
    struct error *copy = error_new(error->code, error->reason, alloc_string(error->message));
    error_set_details(copy, error->group, error->kind, error->name);
    copy->uid = alloc_string_or_null(error->uid);
    copy->retry_after_seconds = error->retry_after_seconds;
    copy->continue_token = alloc_string_or_null(error->continue_token);
    for (size_t i = 0; i < error->cause_count; i++) {
        const struct error_cause *cause = &error->causes[i];
        *cause_push(copy) = (struct error_cause){.reason = alloc_string_or_null(cause->reason),
                                                 .message = alloc_string_or_null(cause->message),
                                                 .field = alloc_string_or_null(cause->field)};
    }
    return copy;
}

bool error_is(const struct error *error, const char *reason) {
    return error && error->reason && strcmp(error->reason, reason) == 0;
}

bool error_has_code(const struct error *error, int code) {
    return error && error->code == code;
}

const char *error_message(const struct error *error) {
    return error ? error->message : "no error";
}

void error_free(struct error *error) {
    if (!error)
        return;
    for (size_t i = 0; i < error->cause_count; i++) {
        free(error->causes[i].reason);
        free(error->causes[i].message);
        free(error->causes[i].field);
    }
    free(error->causes);
    free(error->reason);
    free(error->message);
    free(error->kind);
    free(error->group);
    free(error->name);
    free(error->uid);
    free(error->continue_token);
    free(error);
}

void error_freep(struct error **error) {
    error_free(*error);
    *error = NULL;
}
