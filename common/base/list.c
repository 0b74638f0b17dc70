// SPDX-License-Identifier: Apache-2.0
// An intrusive doubly linked list.
#include "common/base/list.h"

#include <assert.h>

void list_init(struct list *l) {
    l->head.next = &l->head;
    l->head.prev = &l->head;
}

bool list_empty(const struct list *l) {
    return l->head.next == &l->head;
}

static void insert(struct list_node *node, struct list_node *prev, struct list_node *next) {
    assert(prev && next); // list_init was forgotten
    node->prev = prev;
    node->next = next;
    prev->next = node;
    next->prev = node;
}

void list_push_back(struct list *l, struct list_node *node) {
    insert(node, l->head.prev, &l->head);
}

void list_push_front(struct list *l, struct list_node *node) {
    insert(node, &l->head, l->head.next);
}

void list_remove(struct list_node *node) {
    if (!list_linked(node))
        return;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = NULL;
    node->prev = NULL;
}

bool list_linked(const struct list_node *node) {
    return node->next != NULL;
}

struct list_node *list_first(const struct list *l) {
    return list_empty(l) ? NULL : l->head.next;
}

struct list_node *list_pop_front(struct list *l) {
    struct list_node *node = list_first(l);
    if (node)
        list_remove(node);
    return node;
}
