// SPDX-License-Identifier: Apache-2.0
// A binary min-heap of pointers.
#include "common/base/heap.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/alloc.h"

void heap_free(struct heap *h) {
    for (size_t i = 0; i < h->len; i++)
        h->nodes[i]->index = HEAP_NONE;
    free(h->nodes);
    h->nodes = NULL;
    h->len = 0;
    h->cap = 0;
}

static void place(struct heap *h, size_t index, struct heap_node *node) {
    h->nodes[index] = node;
    node->index = index;
}

static void move_up(struct heap *h, size_t index) {
    struct heap_node *node = h->nodes[index];
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (!h->before(node, h->nodes[parent]))
            break;
        place(h, index, h->nodes[parent]);
        index = parent;
    }
    place(h, index, node);
}

static void move_down(struct heap *h, size_t index) {
    struct heap_node *node = h->nodes[index];
    for (;;) {
        size_t child = index * 2 + 1;
        if (child >= h->len)
            break;
        if (child + 1 < h->len && h->before(h->nodes[child + 1], h->nodes[child]))
            child++;
        if (!h->before(h->nodes[child], node))
            break;
        place(h, index, h->nodes[child]);
        index = child;
    }
    place(h, index, node);
}

void heap_push(struct heap *h, struct heap_node *node) {
    if (h->len == h->cap) {
        h->cap = h->cap > 0 ? h->cap * 2 : 8;
        h->nodes = alloc_resize(h->nodes, h->cap, sizeof(*h->nodes));
    }
    place(h, h->len++, node);
    move_up(h, node->index);
}

struct heap_node *heap_peek(const struct heap *h) {
    return h->len > 0 ? h->nodes[0] : NULL;
}

struct heap_node *heap_pop(struct heap *h) {
    struct heap_node *node = heap_peek(h);
    if (node)
        heap_remove(h, node);
    return node;
}

void heap_remove(struct heap *h, struct heap_node *node) {
    size_t index = node->index;
    if (index == HEAP_NONE)
        return;
    assert(index < h->len && h->nodes[index] == node);
    struct heap_node *last = h->nodes[--h->len];
    node->index = HEAP_NONE;
    if (last == node)
        return;
    place(h, index, last);
    heap_fix(h, last);
}

void heap_fix(struct heap *h, struct heap_node *node) {
    assert(node->index < h->len && h->nodes[node->index] == node);
    move_up(h, node->index);
    move_down(h, node->index);
}
