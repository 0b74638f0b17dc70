// SPDX-License-Identifier: Apache-2.0
// A hash map from strings to pointers. Keys are copied; values belong to the caller unless a free function was given.
// Iteration order is unspecified; keys are hashed with a per-process seed.
#ifndef CUBE_COMMON_BASE_MAP_H
#define CUBE_COMMON_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct map_slot;

// Zero-initialise to start, or MAP_OWNING(free_function).
struct map {
    struct map_slot *slots;
    size_t capacity;
    size_t len;
    size_t used; // live and deleted slots
    void (*free_value)(void *value);
};

#define MAP_OWNING(function) ((struct map){.free_value = (function)})

void map_free(struct map *m); // frees keys, and values if owned
void map_clear(struct map *m);
void *map_get(const struct map *m, const char *key); // NULL if absent
bool map_has(const struct map *m, const char *key);
void map_put(struct map *m, const char *key, void *value); // an owned old value is freed
void *map_remove(struct map *m, const char *key);          // hands the value back (not freed); NULL if absent

// for (struct map_iter it = {.map = m}; map_next(&it);) use it.key, it.value. The map must not change meanwhile,
// except by map_iter_remove, which removes the current entry and hands its value back.
struct map_iter {
    const struct map *map;
    size_t position;
    const char *key;
    void *value;
};
bool map_next(struct map_iter *it);
void *map_iter_remove(struct map *m, struct map_iter *it);

#endif
