// SPDX-License-Identifier: Apache-2.0
// What went wrong, in kubectl's words.
#ifndef CUBE_CUBECTL_FAILURE_H
#define CUBE_CUBECTL_FAILURE_H

#include "common/api/resources.h"
#include "common/base/error.h"
#include "cubectl/session.h"

// The reason of an error whose message is printed as it is, without "error: ".
#define FAILURE_VERBATIM "Verbatim"
// The reason of an error that is not printed at all: what it says has been said.
#define FAILURE_SILENT "Silent"

// Remembers an error (and takes it) while the command goes on with the rest.
void failure_add(struct session *session, struct error *take_error);
// Prints all failures to session->errors and returns the exit code: 0 without any, else 1.
int failure_report(struct session *session);
// `MESSAGE\nSee 'cubectl get -h' for help and examples`. Returns -1.
int failure_usage(const struct session *session, struct error **err, const char *format, ...) PRINTF_LIKE(3, 4);
// `error when VERB "SOURCE": ` before the message. Nothing if source is NULL or empty. Returns -1.
int failure_source(struct error **err, const char *verb, const char *source);
// `Unable to list "..."` or `Unable to find "..." that match ...` before what the server says of a list that it refuses. Returns -1.
int failure_list(struct error **err, const struct resource *resource, const char *selector, const char *field_selector);

#endif
