// SPDX-License-Identifier: Apache-2.0
// Dry runs, validation and the last-applied annotation.
#include "cubectl/write_options.h"

#include "common/api/meta.h"
#include "common/net/url.h"

int write_dry_run_parse(const char *text, enum write_dry_run *ret_dry_run, struct error **err) {
    static const struct {
        const char *text;
        enum write_dry_run dry_run;
    } rows[] = {{"none", WRITE_REALLY}, {"client", WRITE_DRY_CLIENT}, {"server", WRITE_DRY_SERVER}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (str_equal(text, rows[i].text)) {
            *ret_dry_run = rows[i].dry_run;
            return 0;
        }
    AUTO_STR quoted = {0};
    str_append_quoted(&quoted, text ? text : "");
    if (str_equal(text, "unchanged"))
        return error_set(
            err, "--dry-run flag without a value was specified. A value must be set: \"none\", \"server\", or \"client\".");
    return error_set(err, "Invalid dry-run value (%s). Must be \"none\", \"server\", or \"client\".", text ? text : "");
}

const char *write_dry_run_suffix(enum write_dry_run dry_run) {
    return dry_run == WRITE_DRY_CLIENT ? " (dry run)" : dry_run == WRITE_DRY_SERVER ? " (server dry run)" : "";
}

int write_validation_parse(const char *text, const char **ret_validation, struct error **err) {
    static const struct {
        const char *text, *validation;
    } rows[] = {{"true", "Strict"}, {"strict", "Strict"}, {"warn", "Warn"}, {"ignore", "Ignore"}, {"false", "Ignore"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (str_equal(text, rows[i].text)) {
            *ret_validation = rows[i].validation;
            return 0;
        }
    return error_set(err, "invalid - validate option \"%s\"; must be one of: strict (or true), warn, ignore (or false)",
                     text ? text : "");
}

void write_add_query(struct str *path, enum write_dry_run dry_run, const char *manager, const char *validation) {
    if (dry_run == WRITE_DRY_SERVER)
        url_query_add(path, "dryRun", "All");
    if (!str_empty(manager))
        url_query_add(path, "fieldManager", manager);
    if (!str_empty(validation))
        url_query_add(path, "fieldValidation", validation);
}

void write_set_last_applied(struct json *object) {
    AUTO_STR text = {0};
    json_remove(json_ensure_object(object, "metadata.annotations"), WRITE_LAST_APPLIED);
    json_write_sorted(object, &text, -1);
    if (!str_ends(str_text(&text), "\n"))
        str_append_char(&text, '\n');
    meta_set_annotation(object, WRITE_LAST_APPLIED, str_text(&text));
}
