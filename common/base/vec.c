// SPDX-License-Identifier: Apache-2.0
// Growing arrays of elements and of pointers.
#include "common/base/vec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

void vec_free(struct vec *v) {
    free(v->data);
    v->data = NULL;
    v->len = 0;
    v->cap = 0;
}

void vec_clear(struct vec *v) {
    v->len = 0;
}

void *vec_push_zero(struct vec *v) {
    assert(v->element_size > 0);
    if (v->len == v->cap) {
        v->cap = v->cap > 0 ? v->cap * 2 : 4;
        v->data = alloc_resize(v->data, v->cap, v->element_size);
    }
    char *place = v->data + v->len * v->element_size;
    memset(place, 0, v->element_size);
    v->len++;
    return place;
}

void *vec_push(struct vec *v, const void *element) {
    void *place = vec_push_zero(v);
    memcpy(place, element, v->element_size);
    return place;
}

void *vec_at(const struct vec *v, size_t index) {
    assert(index < v->len);
    return v->data + index * v->element_size;
}

void vec_remove(struct vec *v, size_t index) {
    char *place = vec_at(v, index);
    memmove(place, place + v->element_size, (v->len - index - 1) * v->element_size);
    v->len--;
}

void vec_remove_swap(struct vec *v, size_t index) {
    char *place = vec_at(v, index);
    v->len--;
    if (index != v->len)
        memcpy(place, v->data + v->len * v->element_size, v->element_size);
}

void vec_sort(struct vec *v, int (*compare)(const void *, const void *)) {
    if (v->len > 1)
        qsort(v->data, v->len, v->element_size, compare);
}

void ptr_vec_free(struct ptr_vec *v) {
    free(v->items);
    *v = (struct ptr_vec){0};
}

void ptr_vec_push(struct ptr_vec *v, void *pointer) {
    if (v->len == v->cap) {
        v->cap = v->cap > 0 ? v->cap * 2 : 4;
        v->items = alloc_resize(v->items, v->cap, sizeof(*v->items));
    }
    v->items[v->len++] = pointer;
}

void *ptr_vec_pop(struct ptr_vec *v) {
    return v->len > 0 ? v->items[--v->len] : NULL;
}

void ptr_vec_remove(struct ptr_vec *v, size_t index) {
    assert(index < v->len);
    memmove(&v->items[index], &v->items[index + 1], (v->len - index - 1) * sizeof(*v->items));
    v->len--;
}

void ptr_vec_sort(struct ptr_vec *v, int (*compare)(const void *, const void *)) {
    if (v->len > 1)
        qsort(v->items, v->len, sizeof(*v->items), compare);
}
