// SPDX-License-Identifier: Apache-2.0
// A binary min-heap of pointers whose elements know their place, so that they can be moved or removed.
#ifndef CUBE_COMMON_BASE_HEAP_H
#define CUBE_COMMON_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

#define HEAP_NONE ((size_t)-1)

// Embed in the element; .index = HEAP_NONE while it is in no heap.
struct heap_node {
    size_t index;
};

struct heap {
    struct heap_node **nodes;
    size_t len;
    size_t cap;
    // Is a to come before b?
    bool (*before)(const struct heap_node *a, const struct heap_node *b);
};

void heap_free(struct heap *h); // not the elements
void heap_push(struct heap *h, struct heap_node *node);
struct heap_node *heap_peek(const struct heap *h); // NULL when empty
struct heap_node *heap_pop(struct heap *h);
void heap_remove(struct heap *h, struct heap_node *node); // nothing if it is in no heap
void heap_fix(struct heap *h, struct heap_node *node);    // after its order changed

#endif
