// SPDX-License-Identifier: Apache-2.0
// What a plain YAML 1.1 scalar means, as sigs.k8s.io/yaml understands it.
#ifndef CUBE_COMMON_DATA_YAML_SCALAR_H
#define CUBE_COMMON_DATA_YAML_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum yaml_scalar_kind {
    YAML_SCALAR_STRING,
    YAML_SCALAR_NULL,
    YAML_SCALAR_BOOL,
    YAML_SCALAR_INT,        // fits int64_t
    YAML_SCALAR_UINT,       // beyond int64_t
    YAML_SCALAR_FLOAT,      // finite
    YAML_SCALAR_NOT_FINITE, // .inf, .nan: JSON can't say it
    YAML_SCALAR_TIMESTAMP,  // read as a string, but must be quoted when a string is meant
};

struct yaml_scalar {
    enum yaml_scalar_kind kind;
    bool boolean;
    int64_t integer;
    uint64_t natural;
    double number;
};

struct yaml_scalar yaml_scalar_resolve(const char *text, size_t len);
// Whether a string must be quoted because a reader could take it for something else.
bool yaml_scalar_is_ambiguous(const char *text, size_t len);

#endif
