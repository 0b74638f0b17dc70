// SPDX-License-Identifier: Apache-2.0
// A growing array of elements of one size, and the array of pointers that most callers want.
#ifndef CUBE_COMMON_BASE_VEC_H
#define CUBE_COMMON_BASE_VEC_H

#include <stddef.h>

// struct vec v = VEC_OF(struct thing); elements are copied in and out by value.
struct vec {
    char *data;
    size_t len;
    size_t cap;
    size_t element_size;
};

#define VEC_OF(type) ((struct vec){.element_size = sizeof(type)})
#define VEC_AT(vec, type, index) ((type *)vec_at(vec, index))

void vec_free(struct vec *v);
void vec_clear(struct vec *v);
void *vec_push(struct vec *v, const void *element); // returns the stored copy, valid until the next push
void *vec_push_zero(struct vec *v);
void *vec_at(const struct vec *v, size_t index);   // asserts index < len
void vec_remove(struct vec *v, size_t index);      // order kept
void vec_remove_swap(struct vec *v, size_t index); // last takes the place
void vec_sort(struct vec *v, int (*compare)(const void *, const void *));

// Pointers, not owned. Zero-initialise to start.
struct ptr_vec {
    void **items;
    size_t len;
    size_t cap;
};

void ptr_vec_free(struct ptr_vec *v); // not what it points to
void ptr_vec_push(struct ptr_vec *v, void *pointer);
void *ptr_vec_pop(struct ptr_vec *v); // NULL when empty
void ptr_vec_remove(struct ptr_vec *v, size_t index);
void ptr_vec_sort(struct ptr_vec *v, int (*compare)(const void *, const void *)); // gets pointers to items, as qsort

#endif
