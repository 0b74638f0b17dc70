// SPDX-License-Identifier: Apache-2.0
// Resource quantities ("100m", "1.5Gi", "3e2"): exact decimal numbers with a suffix format, as apimachinery's resource.Quantity.
#ifndef CUBE_COMMON_API_QUANTITY_H
#define CUBE_COMMON_API_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/json.h"

enum quantity_format { QUANTITY_DECIMAL_SI, QUANTITY_BINARY_SI, QUANTITY_DECIMAL_EXPONENT };

// The value in nano-units: exact for all that upstream keeps (nano is its finest scale; finer digits round up, away from zero).
// Values beyond 128 bits of nanos saturate far above int64.
struct quantity {
    __int128 nanos;
    enum quantity_format format;
};

// Errors as upstream: `quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'` and `unable to
// parse quantity's suffix`.
int quantity_parse(const char *text, struct quantity *ret_quantity, struct error **err) MUST_CHECK;
// From a JSON string or number; absent (NULL) is zero.
int quantity_from_json(const struct json *value, struct quantity *ret_quantity, struct error **err) MUST_CHECK;
struct quantity quantity_of(int64_t value, enum quantity_format format);
struct quantity quantity_of_milli(int64_t milli, enum quantity_format format);
// Canonical text: no fraction, the largest suffix that keeps it exact. Appends.
void quantity_append(const struct quantity *q, struct str *out);
char *quantity_text(const struct quantity *q);                            // malloc'd
int quantity_compare(const struct quantity *a, const struct quantity *b); // <0, 0, >0
int quantity_sign(const struct quantity *q);
void quantity_add(struct quantity *q, const struct quantity *other); // a zero takes the other's format
void quantity_subtract(struct quantity *q, const struct quantity *other);
// Rounded up (away from zero), saturated to int64.
int64_t quantity_value(const struct quantity *q);
int64_t quantity_milli_value(const struct quantity *q);
double quantity_double(const struct quantity *q);
// Straight from an object's member ("cpu" of a requests map): 0 where absent or malformed.
int64_t quantity_json_value(const struct json *object, const char *key);
int64_t quantity_json_milli_value(const struct json *object, const char *key);

#endif
