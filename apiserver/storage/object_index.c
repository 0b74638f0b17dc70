// SPDX-License-Identifier: Apache-2.0
// Objects in order of their keys, in a sorted array of chunks.
#include "apiserver/storage/object_index.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

#define CHUNK_ITEMS 126

struct chunk {
    size_t len;
    const struct object *items[CHUNK_ITEMS];
};

static struct chunk *chunk_at(const struct object_index *index, size_t position) {
    return index->chunks.items[position];
}

int object_index_compare(const struct object *object, const char *key) {
    if (object->ns[0]) {
        size_t len = strlen(object->ns);
        int order = strncmp(object->ns, key, len);
        if (order)
            return order;
        key += len;
        if (*key != '/')
            return (unsigned char)'/' - (unsigned char)*key;
        key++;
    }
    return strcmp(object->name, key);
}

// Compares the keys of two objects without building them.
static int compare_objects(const struct object *a, const struct object *b) {
    // cppcheck-suppress nullPointer // only one of find's two arguments is ever NULL, and never this one
    if (strcmp(a->ns, b->ns) == 0)
        return strcmp(a->name, b->name);
    const char *parts[2][3] = {{a->ns, a->ns[0] ? "/" : "", a->name}, {b->ns, b->ns[0] ? "/" : "", b->name}};
    size_t part[2] = {0};
    for (;;) {
        for (int side = 0; side < 2; side++)
            while (part[side] < 2 && !*parts[side][part[side]])
                part[side]++;
        unsigned char x = (unsigned char)*parts[0][part[0]], y = (unsigned char)*parts[1][part[1]];
        if (x != y || !x)
            return x - y;
        parts[0][part[0]]++;
        parts[1][part[1]]++;
    }
}

struct place {
    size_t chunk;
    size_t item;
    bool found;
};

// Where the key is, or would have to be. Exactly one of key and object is given.
static struct place find(const struct object_index *index, const char *key, const struct object *object) {
    size_t low = 0, high = index->chunks.len;
    while (low < high) { // the first chunk whose last item is not before the key
        size_t middle = low + (high - low) / 2;
        const struct chunk *chunk = chunk_at(index, middle);
        const struct object *last = chunk->items[chunk->len - 1];
        if ((key ? object_index_compare(last, key) : compare_objects(last, object)) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    struct place place = {.chunk = low};
    if (low == index->chunks.len)
        return place;
    const struct chunk *chunk = chunk_at(index, low);
    size_t first = 0, end = chunk->len;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        int order = key ? object_index_compare(chunk->items[middle], key) : compare_objects(chunk->items[middle], object);
        if (order < 0) {
            first = middle + 1;
        } else {
            end = middle;
            place.found = place.found || order == 0;
        }
    }
    place.item = first;
    return place;
}

void object_index_free(struct object_index *index) {
    for (size_t i = 0; i < index->chunks.len; i++) {
        struct chunk *chunk = chunk_at(index, i);
        for (size_t j = 0; j < chunk->len; j++)
            object_unref(chunk->items[j]);
        free(chunk);
    }
    ptr_vec_free(&index->chunks);
    *index = (struct object_index){0};
}

const struct object *object_index_get(const struct object_index *index, const char *key) {
    struct place place = find(index, key, NULL);
    return place.found ? chunk_at(index, place.chunk)->items[place.item] : NULL;
}

static void insert_chunk(struct object_index *index, size_t position, struct chunk *chunk) {
    ptr_vec_push(&index->chunks, chunk);
    void **items = index->chunks.items;
    memmove(items + position + 1, items + position, (index->chunks.len - 1 - position) * sizeof(*items));
    items[position] = chunk;
}

// Makes room in a full chunk. A full last chunk that is appended to is left full: keys often come in ascending order.
static void split(struct object_index *index, struct place *place) {
    struct chunk *chunk = chunk_at(index, place->chunk);
    size_t keep = place->chunk + 1 == index->chunks.len && place->item == chunk->len ? chunk->len : chunk->len / 2;
    struct chunk *right = alloc_zero(sizeof(*right));
    right->len = chunk->len - keep;
    memcpy(right->items, chunk->items + keep, right->len * sizeof(right->items[0]));
    chunk->len = keep;
    insert_chunk(index, place->chunk + 1, right);
    if (place->item > keep || keep == CHUNK_ITEMS) {
        place->chunk++;
        place->item -= keep;
    }
}

const struct object *object_index_put(struct object_index *index, const struct object *take_object) {
    struct place place = find(index, NULL, take_object);
    if (place.found) {
        const struct object **item = &chunk_at(index, place.chunk)->items[place.item];
        const struct object *old = *item;
        *item = take_object;
        return old;
    }
    if (place.chunk == index->chunks.len) {
        if (index->chunks.len == 0) {
            insert_chunk(index, 0, alloc_zero(sizeof(struct chunk)));
        } else {
            place.chunk--;
            place.item = chunk_at(index, place.chunk)->len;
        }
    }
    if (chunk_at(index, place.chunk)->len == CHUNK_ITEMS)
        split(index, &place);
    struct chunk *chunk = chunk_at(index, place.chunk);
    memmove(chunk->items + place.item + 1, chunk->items + place.item, (chunk->len - place.item) * sizeof(chunk->items[0]));
    chunk->items[place.item] = take_object;
    chunk->len++;
    index->len++;
    return NULL;
}

// Joins a chunk with its right neighbour when both together fill little more than half of one.
static void join(struct object_index *index, size_t position) {
    if (position + 1 >= index->chunks.len)
        return;
    struct chunk *left = chunk_at(index, position), *right = chunk_at(index, position + 1);
    if (left->len + right->len > CHUNK_ITEMS * 2 / 3)
        return;
    memcpy(left->items + left->len, right->items, right->len * sizeof(right->items[0]));
    left->len += right->len;
    free(right);
    ptr_vec_remove(&index->chunks, position + 1);
}

const struct object *object_index_remove(struct object_index *index, const char *key) {
    struct place place = find(index, key, NULL);
    if (!place.found)
        return NULL;
    struct chunk *chunk = chunk_at(index, place.chunk);
    const struct object *old = chunk->items[place.item];
    chunk->len--;
    memmove(chunk->items + place.item, chunk->items + place.item + 1, (chunk->len - place.item) * sizeof(chunk->items[0]));
    index->len--;
    if (chunk->len == 0) {
        free(chunk);
        ptr_vec_remove(&index->chunks, place.chunk);
    } else {
        join(index, place.chunk);
        if (place.chunk > 0)
            join(index, place.chunk - 1);
    }
    return old;
}

size_t object_index_position(const struct object_index *index, const char *key) {
    struct place place = find(index, key, NULL);
    size_t position = place.item;
    for (size_t i = 0; i < place.chunk; i++)
        position += chunk_at(index, i)->len;
    return position;
}

struct object_index_iter object_index_seek(const struct object_index *index, const char *key) {
    struct place place = find(index, key, NULL);
    return (struct object_index_iter){.index = index, .chunk = place.chunk, .item = place.item};
}

const struct object *object_index_next(struct object_index_iter *it) {
    if (it->chunk >= it->index->chunks.len)
        return NULL;
    const struct chunk *chunk = chunk_at(it->index, it->chunk);
    const struct object *object = chunk->items[it->item];
    if (++it->item == chunk->len) {
        it->chunk++;
        it->item = 0;
    }
    return object;
}
