// SPDX-License-Identifier: Apache-2.0
// What commands that change objects have in common: --dry-run, field validation, and the query that says so to the server.
#ifndef CUBE_CUBECTL_WRITE_OPTIONS_H
#define CUBE_CUBECTL_WRITE_OPTIONS_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/json.h"

enum write_dry_run { WRITE_REALLY, WRITE_DRY_CLIENT, WRITE_DRY_SERVER };

// The text of --dry-run: none, client, server.
int write_dry_run_parse(const char *text, enum write_dry_run *ret_dry_run, struct error **err) MUST_CHECK;
// " (dry run)", " (server dry run)" or "".
const char *write_dry_run_suffix(enum write_dry_run dry_run);
// The text of --validate (true, strict, warn, ignore, false) to the query's: Strict, Warn, Ignore.
int write_validation_parse(const char *text, const char **ret_validation, struct error **err) MUST_CHECK;
// Adds dryRun, fieldManager and fieldValidation to a path's query; manager and validation may be NULL.
void write_add_query(struct str *path, enum write_dry_run dry_run, const char *manager, const char *validation);
// The last-applied annotation.
#define WRITE_LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"
// Puts the annotation that holds the object itself (without that annotation).
void write_set_last_applied(struct json *object);

#endif
