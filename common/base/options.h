// SPDX-License-Identifier: Apache-2.0
// Command-line options with pflag's contract, from one table per program: parse, default, help and listing.
//
// --name=value, --name value, --bool, --bool=false, -v 2, -v2; `_` equals `-`; no abbreviations; a list option splits at commas
// (with CSV quoting), its first use replaces the default and later ones append; an array option is not split.
#ifndef CUBE_COMMON_BASE_OPTIONS_H
#define CUBE_COMMON_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"

enum option_type {
    OPTION_BOOL,     // bool
    OPTION_INT,      // int64_t
    OPTION_DOUBLE,   // double
    OPTION_STRING,   // char *, owned by the target struct; NULL only if the default is NULL
    OPTION_DURATION, // int64_t, nanoseconds
    OPTION_LIST,     // struct str_list, split at commas
    OPTION_ARRAY,    // struct str_list, one item a use
    OPTION_MAP,      // struct str_list of "key=value", split at commas
    OPTION_IGNORED,  // upstream's flag that has no meaning here: accepted with a warning that says `why`; takes a value
    OPTION_IGNORED_BOOL,
    OPTION_REFUSED, // refused with the message `why`
};

// One row of a program's table; the table ends with a row whose name is NULL.
struct option {
    const char *name; // without dashes
    char letter;      // 0 for none
    enum option_type type;
    size_t offset;            // of the target in the program's options struct
    const char *default_text; // passes through the same parser; NULL: zero value
    const char *help;         // one line; "" hides the row from --help
    const char *why;          // IGNORED and REFUSED: the reason; others: a deprecation notice or NULL
};

// What a parse found besides values. Free with options_result_free.
struct options_result {
    bool allow_arguments; // in: false makes an argument that is no option an error
    struct str_list arguments;
    struct str_list given; // names of options that stood on the command line
    const char *special;
};

// Sets all defaults in target (zeroed by the caller, as is *ret_result), then applies argv[1..]. --help and --version[=raw] are not
// handled here but reported in result->special ("help", "version", "version=raw" or NULL). Errors are worded as upstream's.
int options_parse(const struct option *table, void *target, int argc, char **argv, struct options_result *ret_result,
                  struct error **err) MUST_CHECK;
void options_result_free(struct options_result *result);
// Several tables that share one target struct (component flags + program flags) are joined by the caller into one:
struct option *options_join(const struct option *const *tables, size_t count); // NULL-ended; free() it
void options_free(const struct option *table, void *target);                   // frees strings and lists in target
void options_help(const struct option *table, struct str *out);
// "FLAG: --name=\"value\"" a line for each row, as upstream prints at -v 1.
void options_list(const struct option *table, const void *target, struct str *out);

#endif
