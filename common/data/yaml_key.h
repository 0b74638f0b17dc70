// SPDX-License-Identifier: Apache-2.0
// The order in which go-yaml prints the keys of a mapping.
#ifndef CUBE_COMMON_DATA_YAML_KEY_H
#define CUBE_COMMON_DATA_YAML_KEY_H

// For qsort over `const char *`: runs of digits by value, other characters before letters.
int yaml_key_compare(const void *left, const void *right);

#endif
