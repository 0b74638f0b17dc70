// SPDX-License-Identifier: Apache-2.0
// -o: which form objects are printed in, and printing them in it.
#ifndef CUBE_CUBECTL_OUTPUT_H
#define CUBE_CUBECTL_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "common/base/error.h"
#include "common/data/json.h"
#include "cubectl/session.h"

enum output_form {
    OUTPUT_DEFAULT, // a table, or what was done
    OUTPUT_WIDE,
    OUTPUT_NAME,
    OUTPUT_JSON,
    OUTPUT_YAML,
    OUTPUT_JSONPATH,
    OUTPUT_JSONPATH_JSON,
    OUTPUT_COLUMNS,
};

struct output;

// Understands the text of -o; NULL or "" is OUTPUT_DEFAULT. Errors: kubectl's for an unknown format or a broken template. With
// keep_managed_fields metadata.managedFields is shown.
int output_new(const char *text, bool keep_managed_fields, bool allow_missing, struct output **ret_output,
               struct error **err) MUST_CHECK;
void output_free(struct output *output);
void output_freep(struct output **output);
#define AUTO_OUTPUT CLEANUP(output_freep) struct output *

enum output_form output_form(const struct output *output);
void output_set_no_headers(struct output *output); // of custom columns
// Whether objects are printed as they come, one by one, in columns or names; else several are printed as one List.
bool output_by_object(const struct output *output);
// Prints one object (or List) in any form but OUTPUT_DEFAULT and OUTPUT_WIDE. The object may lose its managedFields.
int output_print(struct output *output, struct json *object, FILE *out, struct error **err) MUST_CHECK;
void output_flush(struct output *output, FILE *out); // custom columns wait for their widths
// What a command did: `pod/web created`, `pod/web` with -o name, else the object itself.
int output_done(struct output *output, struct json *object, const char *what, FILE *out, struct error **err) MUST_CHECK;
// An empty v1 List, as several objects are printed; `get` shows an empty resourceVersion in it.
struct json *output_new_list(bool versioned);

#endif
