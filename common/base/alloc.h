// SPDX-License-Identifier: Apache-2.0
// Allocation that never returns NULL: out of memory logs one line and aborts.
#ifndef CUBE_COMMON_BASE_ALLOC_H
#define CUBE_COMMON_BASE_ALLOC_H

#include <stdarg.h>
#include <stddef.h>

#include "common/base/macro.h"

void *alloc_zero(size_t size) __attribute__((malloc, returns_nonnull));
// count * size, checked for overflow; zeroed.
void *alloc_array(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *alloc_resize(void *pointer, size_t count, size_t size) __attribute__((returns_nonnull));
char *alloc_string(const char *text) __attribute__((malloc, returns_nonnull));
char *alloc_string_n(const char *text, size_t len) __attribute__((malloc, returns_nonnull));
// NULL in, NULL out.
char *alloc_string_or_null(const char *text);
char *alloc_printf(const char *format, ...) PRINTF_LIKE(1, 2) __attribute__((returns_nonnull));
char *alloc_vprintf(const char *format, va_list args) PRINTF_LIKE(1, 0) __attribute__((returns_nonnull));

// Tells malloc to keep few arenas and to give memory back early; called once at the start of each daemon.
void alloc_tune_for_small_daemon(void);
// After it, for a daemon whose threads allocate at the same time all the time: so many arenas that they seldom wait for one another.
void alloc_tune_for_parallel_work(void);

// For CLEANUP(free_ptr): frees what a pointer variable points to.
void free_ptr(void *pointer_to_pointer);

#endif
