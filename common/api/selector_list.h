// SPDX-License-Identifier: Apache-2.0
// The inside of a label selector, for the files that make one.
#ifndef CUBE_COMMON_API_SELECTOR_LIST_H
#define CUBE_COMMON_API_SELECTOR_LIST_H

#include "common/api/selector.h"
#include "common/base/vec.h"

struct selector {
    struct vec requirements; // struct selector_requirement, sorted by key
    bool nothing;
};

struct selector *selector_list_new(void);
// Valid until the next one is added.
struct selector_requirement *selector_list_add(struct selector *selector, const char *key, enum selector_operator op);
void selector_list_sort(struct selector *selector);

#endif
