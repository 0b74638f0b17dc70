// SPDX-License-Identifier: Apache-2.0
// The few language extensions that the whole tree uses: cleanup attributes, ownership hand-over, checked results.
#ifndef CUBE_COMMON_BASE_MACRO_H
#define CUBE_COMMON_BASE_MACRO_H

#include <stddef.h>

#define CLEANUP(function) __attribute__((cleanup(function)))
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_arg) __attribute__((format(printf, format_index, first_arg)))
#define UNUSED __attribute__((unused))
#define NORETURN __attribute__((noreturn))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

// Hands the value of a variable over and leaves NULL behind, so that the variable's cleanup does nothing.
#define STEAL(pointer)                                                                                                           \
    __extension__({                                                                                                              \
        __typeof__(pointer) stolen_ = (pointer);                                                                                 \
        (pointer) = NULL;                                                                                                        \
        stolen_;                                                                                                                 \
    })

// Each argument is evaluated once. Not for constant expressions. The names carry a number, so that calls nest without shadowing.
// clang-format off
#define MIN(a, b) PICK_EXPAND(<, a, b, __COUNTER__)
#define MAX(a, b) PICK_EXPAND(>, a, b, __COUNTER__)
#define PICK_EXPAND(is, a, b, n) PICK_NAMED(is, a, b, n)
#define PICK_NAMED(is, a, b, n)                                                                                                  \
    __extension__({                                                                                                              \
        __typeof__((a) + (b)) left_##n = (a);                                                                                    \
        __typeof__((a) + (b)) right_##n = (b);                                                                                    \
        left_##n is right_##n ? left_##n : right_##n;                                                                            \
    })
// clang-format on

#endif
