// SPDX-License-Identifier: Apache-2.0
// Amounts of resources as plain numbers: what a pod asks for, what a node has, sums and comparisons of them.
#ifndef CUBE_COMMON_API_RESOURCE_AMOUNTS_H
#define CUBE_COMMON_API_RESOURCE_AMOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/macro.h"
#include "common/data/json.h"

struct resource_amount {
    char *name;
    int64_t value;
};

// Zero-initialise to start. cpu in millicores, memory and ephemeral storage in bytes, pods and all others in units.
struct resource_amounts {
    int64_t cpu_milli;
    int64_t memory;
    int64_t ephemeral_storage;
    int64_t pods;
    struct resource_amount *others; // extended resources and hugepages, sorted by name
    size_t other_count;
};

#define AUTO_RESOURCE_AMOUNTS CLEANUP(resource_amounts_free) struct resource_amounts

void resource_amounts_free(struct resource_amounts *a);
void resource_amounts_copy(struct resource_amounts *to, const struct resource_amounts *from); // to must be empty
void resource_amounts_add_json(struct resource_amounts *a, const struct json *map); // {"cpu": "100m", ...}; NULL: nothing
void resource_amounts_add(struct resource_amounts *a, const struct resource_amounts *b);
void resource_amounts_subtract(struct resource_amounts *a, const struct resource_amounts *b);
void resource_amounts_max(struct resource_amounts *a, const struct resource_amounts *b); // each the larger of both
int64_t resource_amounts_get(const struct resource_amounts *a, const char *name);        // by resource name; 0 if absent
bool resource_amounts_is_zero(const struct resource_amounts *a);

#endif
