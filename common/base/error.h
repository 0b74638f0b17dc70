// SPDX-License-Identifier: Apache-2.0
// The one error type: an API status in the making (HTTP code, reason, message, causes).
//
// A function that can fail returns 0 or -1 and takes `struct error **err` as its last parameter; err may be NULL when the
// caller does not care. On failure *err is a new error that the caller owns; on success it is untouched. Messages are
// operation + quoted object + cause: `read "/etc/x": permission denied`.
#ifndef CUBE_COMMON_BASE_ERROR_H
#define CUBE_COMMON_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/macro.h"

// One entry of Status.details.causes. reason is e.g. "FieldValueRequired"; field a path such as "spec.containers[0].name".
struct error_cause {
    char *reason;
    char *message;
    char *field;
};

// Filled in by who knows them; all strings owned by the error. code 0 means that no HTTP code fits: a plain local failure.
struct error {
    int code;
    char *reason;  // metav1 StatusReason: "NotFound", "Conflict", ...; NULL if none
    char *message; // never NULL
    char *kind;    // Status.details.kind (the resource, as upstream writes it) or NULL
    char *group;   // Status.details.group or NULL
    char *name;    // Status.details.name or NULL
    char *uid;     // Status.details.uid or NULL
    int retry_after_seconds;
    char *continue_token; // Status.metadata.continue: where an expired list may go on; or NULL
    struct error_cause *causes;
    size_t cause_count;
};

// Sets *err (if err is not NULL) to a new error without code. Always returns -1, so: return error_set(err, "...").
int error_set(struct error **err, const char *format, ...) PRINTF_LIKE(2, 3);
// The same with HTTP code and reason.
int error_set_api(struct error **err, int code, const char *reason, const char *format, ...) PRINTF_LIKE(4, 5);
// The same with errno's text behind ": ".
int error_set_errno(struct error **err, int errnum, const char *format, ...) PRINTF_LIKE(3, 4);
// Puts "prefix: " before the message of *err, keeping code and reason. Returns -1. Nothing happens if err or *err is NULL.
int error_prefix(struct error **err, const char *format, ...) PRINTF_LIKE(2, 3);
// Adds a cause. reason and field may be NULL.
void error_add_cause(struct error *error, const char *reason, const char *field, const char *format, ...) PRINTF_LIKE(4, 5);
void error_set_details(struct error *error, const char *group, const char *kind, const char *name);
// Moves *from into *err (frees it if err is NULL). Returns -1.
int error_move(struct error **err, struct error **from);
struct error *error_clone(const struct error *error);
bool error_is(const struct error *error, const char *reason); // NULL error: false
bool error_has_code(const struct error *error, int code);
const char *error_message(const struct error *error); // "no error" for NULL
void error_free(struct error *error);
void error_freep(struct error **error);

#define AUTO_ERROR CLEANUP(error_freep) struct error *

#endif
