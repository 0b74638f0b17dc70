// SPDX-License-Identifier: Apache-2.0
// Sums and comparisons of resource amounts. The four common resources are members, the rest a sorted array.
#include "common/api/resource_amounts.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/quantity.h"
#include "common/base/alloc.h"
#include "common/base/str.h"

void resource_amounts_free(struct resource_amounts *a) {
    for (size_t i = 0; i < a->other_count; i++)
        free(a->others[i].name);
    free(a->others);
    *a = (struct resource_amounts){0};
}

void resource_amounts_copy(struct resource_amounts *to, const struct resource_amounts *from) {
    *to = *from;
    to->others = from->other_count ? alloc_array(from->other_count, sizeof(*to->others)) : NULL;
    for (size_t i = 0; i < from->other_count; i++)
        to->others[i] = (struct resource_amount){alloc_string(from->others[i].name), from->others[i].value};
}

static int64_t saturated_add(int64_t a, int64_t b) {
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum))
        return sum;
    return b > 0 ? INT64_MAX : INT64_MIN;
}

// Where the amount of this name is kept; made (as 0) if `make`, else NULL where it is absent.
static int64_t *slot(struct resource_amounts *a, const char *name, bool make) {
    if (str_equal(name, "cpu"))
        return &a->cpu_milli;
    if (str_equal(name, "memory"))
        return &a->memory;
    if (str_equal(name, "ephemeral-storage"))
        return &a->ephemeral_storage;
    if (str_equal(name, "pods"))
        return &a->pods;
    size_t at = 0;
    while (at < a->other_count && strcmp(a->others[at].name, name) < 0)
        at++;
    if (at < a->other_count && str_equal(a->others[at].name, name))
        return &a->others[at].value;
    if (!make)
        return NULL;
    a->others = alloc_resize(a->others, a->other_count + 1, sizeof(*a->others));
    memmove(a->others + at + 1, a->others + at, (a->other_count - at) * sizeof(*a->others));
    a->others[at] = (struct resource_amount){alloc_string(name), 0};
    a->other_count++;
    return &a->others[at].value;
}

void resource_amounts_add_json(struct resource_amounts *a, const struct json *map) {
    for (struct json_iter it = json_iter(map); json_iter_next(&it);) {
        struct quantity q;
        if (quantity_from_json(it.value, &q, NULL) < 0)
            continue;
        int64_t *at = slot(a, it.key, true);
        *at = saturated_add(*at, str_equal(it.key, "cpu") ? quantity_milli_value(&q) : quantity_value(&q));
    }
}

void resource_amounts_add(struct resource_amounts *a, const struct resource_amounts *b) {
    a->cpu_milli = saturated_add(a->cpu_milli, b->cpu_milli);
    a->memory = saturated_add(a->memory, b->memory);
    a->ephemeral_storage = saturated_add(a->ephemeral_storage, b->ephemeral_storage);
    a->pods = saturated_add(a->pods, b->pods);
    for (size_t i = 0; i < b->other_count; i++) {
        int64_t *at = slot(a, b->others[i].name, true);
        *at = saturated_add(*at, b->others[i].value);
    }
}

void resource_amounts_subtract(struct resource_amounts *a, const struct resource_amounts *b) {
    a->cpu_milli = saturated_add(a->cpu_milli, -b->cpu_milli);
    a->memory = saturated_add(a->memory, -b->memory);
    a->ephemeral_storage = saturated_add(a->ephemeral_storage, -b->ephemeral_storage);
    a->pods = saturated_add(a->pods, -b->pods);
    for (size_t i = 0; i < b->other_count; i++) {
        int64_t *at = slot(a, b->others[i].name, true);
        *at = saturated_add(*at, -b->others[i].value);
    }
}

void resource_amounts_max(struct resource_amounts *a, const struct resource_amounts *b) {
    a->cpu_milli = MAX(a->cpu_milli, b->cpu_milli);
    a->memory = MAX(a->memory, b->memory);
    a->ephemeral_storage = MAX(a->ephemeral_storage, b->ephemeral_storage);
    a->pods = MAX(a->pods, b->pods);
    for (size_t i = 0; i < b->other_count; i++) {
        int64_t *at = slot(a, b->others[i].name, true);
        *at = MAX(*at, b->others[i].value);
    }
}

int64_t resource_amounts_get(const struct resource_amounts *a, const char *name) {
    const int64_t *at = slot((struct resource_amounts *)(uintptr_t)a, name, false);
    return at ? *at : 0;
}

bool resource_amounts_is_zero(const struct resource_amounts *a) {
    for (size_t i = 0; i < a->other_count; i++)
        if (a->others[i].value)
            return false;
    return !a->cpu_milli && !a->memory && !a->ephemeral_storage && !a->pods;
}
