// SPDX-License-Identifier: Apache-2.0
// Allocation that never returns NULL.
#include "common/base/alloc.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static NORETURN void out_of_memory(void) {
    static const char text[] = "F out of memory\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)written;
    abort();
}

void *alloc_zero(size_t size) {
    void *memory = calloc(1, size > 0 ? size : 1);
    if (!memory)
        out_of_memory();
    return memory;
}

void *alloc_array(size_t count, size_t size) {
    if (count == 0 || size == 0)
        return alloc_zero(1);
    void *memory = calloc(count, size);
    if (!memory)
        out_of_memory();
    return memory;
}

void *alloc_resize(void *pointer, size_t count, size_t size) {
    size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total))
        out_of_memory();
    void *memory = realloc(pointer, total > 0 ? total : 1);
    if (!memory)
        out_of_memory();
    return memory;
}

char *alloc_string(const char *text) {
    return alloc_string_n(text, strlen(text));
}

char *alloc_string_n(const char *text, size_t len) {
    if (len == SIZE_MAX)
        out_of_memory();
    char *copy = malloc(len + 1);
    if (!copy)
        out_of_memory();
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *alloc_string_or_null(const char *text) {
    return text ? alloc_string(text) : NULL;
}

char *alloc_vprintf(const char *format, va_list args) {
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        out_of_memory();
    return text;
}

char *alloc_printf(const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = alloc_vprintf(format, args);
    va_end(args);
    return text;
}

void alloc_tune_for_small_daemon(void) {
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_TRIM_THRESHOLD, 64 * 1024);
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    mallopt(M_TOP_PAD, 16 * 1024);
}

void alloc_tune_for_parallel_work(void) {
    mallopt(M_ARENA_MAX, 4);
}

void free_ptr(void *pointer_to_pointer) {
    void *pointer = NULL;
    memcpy(&pointer, pointer_to_pointer, sizeof(pointer));
    free(pointer);
}
