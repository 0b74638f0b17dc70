// SPDX-License-Identifier: Apache-2.0
// A hash map with open addressing and linear probing; removed slots stay as marks until the table is rebuilt.
#include "common/base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"

#define SMALLEST_CAPACITY 8

// key NULL: never used, or removed if `removed` is set.
struct map_slot {
    char *key;
    void *value;
    uint32_t hash;
    bool removed;
};

static uint32_t hash_of(const char *key) {
    return (uint32_t)hash_table_key(key, strlen(key));
}

static struct map_slot *find(const struct map *m, const char *key) {
    if (m->len == 0)
        return NULL;
    uint32_t hash = hash_of(key);
    for (size_t i = hash & (m->capacity - 1);; i = (i + 1) & (m->capacity - 1)) {
        struct map_slot *slot = &m->slots[i];
        if (slot->key) {
            if (slot->hash == hash && strcmp(slot->key, key) == 0)
                return slot;
        } else if (!slot->removed) {
            return NULL;
        }
    }
}

// The first free slot for a key that is not in the table.
static struct map_slot *free_slot(const struct map *m, uint32_t hash) {
    size_t i = hash & (m->capacity - 1);
    while (m->slots[i].key)
        i = (i + 1) & (m->capacity - 1);
    return &m->slots[i];
}

static void rebuild(struct map *m) {
    size_t capacity = SMALLEST_CAPACITY;
    while (capacity < (m->len + 1) * 2)
        capacity *= 2;
    struct map_slot *old = m->slots;
    size_t old_capacity = m->capacity;
    m->slots = alloc_array(capacity, sizeof(*m->slots));
    m->capacity = capacity;
    m->used = m->len;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].key)
            *free_slot(m, old[i].hash) = old[i];
    free(old);
}

void map_clear(struct map *m) {
    for (size_t i = 0; i < m->capacity; i++) {
        if (m->slots[i].key && m->free_value)
            m->free_value(m->slots[i].value);
        free(m->slots[i].key);
    }
    free(m->slots);
    m->slots = NULL;
    m->capacity = 0;
    m->len = 0;
    m->used = 0;
}

void map_free(struct map *m) {
    map_clear(m);
}

void *map_get(const struct map *m, const char *key) {
    struct map_slot *slot = find(m, key);
    return slot ? slot->value : NULL;
}

bool map_has(const struct map *m, const char *key) {
    return find(m, key) != NULL;
}

void map_put(struct map *m, const char *key, void *value) {
    struct map_slot *slot = find(m, key);
    if (slot) {
        void *old = slot->value;
        slot->value = value;
        if (m->free_value && old != value)
            m->free_value(old);
        return;
    }
    if ((m->used + 1) * 4 > m->capacity * 3)
        rebuild(m);
    uint32_t hash = hash_of(key);
    slot = free_slot(m, hash);
    if (!slot->removed)
        m->used++;
    *slot = (struct map_slot){.key = alloc_string(key), .value = value, .hash = hash};
    m->len++;
}

static void *remove_slot(struct map *m, struct map_slot *slot) {
    void *value = slot->value;
    free(slot->key);
    *slot = (struct map_slot){.removed = true};
    m->len--;
    if (m->len == 0) {
        memset(m->slots, 0, m->capacity * sizeof(*m->slots));
        m->used = 0;
    }
    return value;
}

void *map_remove(struct map *m, const char *key) {
    struct map_slot *slot = find(m, key);
    if (!slot)
        return NULL;
    void *value = remove_slot(m, slot);
    if (m->capacity > 64 && m->len < m->capacity / 8)
        rebuild(m);
    return value;
}

bool map_next(struct map_iter *it) {
    while (it->position < it->map->capacity) {
        const struct map_slot *slot = &it->map->slots[it->position++];
        if (!slot->key)
            continue;
        it->key = slot->key;
        it->value = slot->value;
        return true;
    }
    return false;
}

void *map_iter_remove(struct map *m, struct map_iter *it) {
    it->key = NULL;
    return remove_slot(m, &m->slots[it->position - 1]);
}
