// SPDX-License-Identifier: Apache-2.0
// An intrusive doubly linked list.
#ifndef CUBE_COMMON_BASE_LIST_H
#define CUBE_COMMON_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/macro.h"

struct list_node {
    struct list_node *next;
    struct list_node *prev;
};

// The head is a node that points to itself when the list is empty: call list_init before use.
struct list {
    struct list_node head;
};

void list_init(struct list *l);
bool list_empty(const struct list *l);
void list_push_back(struct list *l, struct list_node *node);
void list_push_front(struct list *l, struct list_node *node);
void list_remove(struct list_node *node); // leaves the node unlinked; nothing if it is
bool list_linked(const struct list_node *node);
struct list_node *list_first(const struct list *l); // NULL when empty
struct list_node *list_pop_front(struct list *l);

// The current node may be removed in the body.
#define LIST_FOREACH(node, list)                                                                                                 \
    for (struct list_node *node = (list)->head.next, *node##_next_ = node->next; node != &(list)->head;                          \
         node = node##_next_, node##_next_ = node->next)

#endif
