// SPDX-License-Identifier: Apache-2.0
// The value of one option: from text into the program's options struct and back, by the row's type.
#ifndef CUBE_COMMON_BASE_OPTION_VALUE_H
#define CUBE_COMMON_BASE_OPTION_VALUE_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/options.h"
#include "common/base/str.h"

// Parses the text and stores it. replace: lists drop what they hold, else they grow. The error is worded as Go's parsers do,
// without a word about the option.
int option_value_set(const struct option *row, void *target, const char *text, bool replace, struct error **err) MUST_CHECK;
// Frees what the target holds and sets it to zero.
void option_value_clear(const struct option *row, void *target);
void option_value_format(const struct option *row, const void *target, struct str *out); // appends
// Appends the fields of one CSV record; an empty text has none.
int option_value_split_csv(const char *text, struct str_list *fields, struct error **err) MUST_CHECK;

#endif
