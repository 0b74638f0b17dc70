// SPDX-License-Identifier: Apache-2.0
// Numbers in text, read and written as Go does it.
#ifndef CUBE_COMMON_DATA_JSON_NUMBER_H
#define CUBE_COMMON_DATA_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/str.h"

// The text (decimal, with sign, fraction and exponent as JSON allows them) as a double. false if it is beyond the range.
bool json_number_to_double(const char *text, size_t len, double *ret_value);
// false if the text has a fraction or an exponent, or is beyond 64 bits.
bool json_number_to_int64(const char *text, size_t len, int64_t *ret_value);
// Appends the shortest text that reads back as the same double: as encoding/json writes it (1e+21, 100, 0.000001, 1e-7), and as
// strconv's format 'g' (1e+06, 0.5). value is finite.
void json_number_append(double value, struct str *out);
void json_number_append_g(double value, struct str *out);

#endif
