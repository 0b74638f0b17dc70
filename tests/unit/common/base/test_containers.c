// SPDX-License-Identifier: Apache-2.0
// Map, heap, list, vectors, errors.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/error.h"
#include "common/base/heap.h"
#include "common/base/list.h"
#include "common/base/map.h"
#include "common/base/random.h"
#include "common/base/vec.h"

static void test_map_many(void **state UNUSED) {
    struct map m = MAP_OWNING(free);
    assert_null(map_get(&m, "x"));
    assert_null(map_remove(&m, "x"));
    char key[32];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 20000; i++) {
            snprintf(key, sizeof(key), "key-%d", i);
            map_put(&m, key, alloc_string(key));
        }
        assert_int_equal(m.len, 20000);
        for (int i = 0; i < 20000; i += 1 + round % 2) {
            snprintf(key, sizeof(key), "key-%d", i);
            char *value = map_remove(&m, key);
            assert_string_equal(value, key);
            free(value);
            assert_false(map_has(&m, key));
        }
    }
    map_free(&m);
    assert_int_equal(m.len, 0);
}

// Random work against a plain array that says what must be there.
static void test_map_model(void **state UNUSED) {
    struct random *random = random_seeded_new(1);
    struct map m = {0};
    static intptr_t model[500];
    for (int step = 1; step < 200000; step++) {
        size_t i = random_below(random, ARRAY_LEN(model));
        char key[16];
        snprintf(key, sizeof(key), "%zu", i);
        if (random_below(random, 2) == 0) {
            map_put(&m, key, (void *)(intptr_t)step);
            model[i] = step;
        } else {
            assert_ptr_equal(map_remove(&m, key), (void *)model[i]);
            model[i] = 0;
        }
    }
    size_t count = 0;
    for (struct map_iter it = {.map = &m}; map_next(&it); count++)
        assert_ptr_equal(it.value, (void *)model[strtoul(it.key, NULL, 10)]);
    assert_int_equal(count, m.len);
    for (struct map_iter it = {.map = &m}; map_next(&it);)
        assert_non_null(map_iter_remove(&m, &it));
    assert_int_equal(m.len, 0);
    map_put(&m, "", (void *)1);
    assert_true(map_has(&m, ""));
    map_free(&m);
    random_seeded_free(random);
}

struct item {
    struct heap_node node;
    uint64_t value;
};

static bool item_before(const struct heap_node *a, const struct heap_node *b) {
    return CONTAINER_OF(a, struct item, node)->value < CONTAINER_OF(b, struct item, node)->value;
}

static void test_heap(void **state UNUSED) {
    struct random *random = random_seeded_new(2);
    struct heap h = {.before = item_before};
    static struct item items[1000];
    assert_null(heap_pop(&h));
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        items[i].node.index = HEAP_NONE;
        items[i].value = random_below(random, 300);
        heap_push(&h, &items[i].node);
    }
    for (size_t i = 0; i < ARRAY_LEN(items); i += 3)
        heap_remove(&h, &items[i].node);
    heap_remove(&h, &items[0].node); // not in it any more
    for (size_t i = 1; i < ARRAY_LEN(items); i += 3) {
        items[i].value = random_below(random, 300);
        heap_fix(&h, &items[i].node);
    }
    uint64_t last = 0;
    size_t count = 0;
    struct heap_node *node = NULL;
    while ((node = heap_pop(&h))) {
        uint64_t value = CONTAINER_OF(node, struct item, node)->value;
        assert_true(value >= last);
        assert_true(node->index == HEAP_NONE);
        last = value;
        count++;
    }
    assert_int_equal(count, 666);
    heap_free(&h);
    random_seeded_free(random);
}

static void test_list(void **state UNUSED) {
    struct list l;
    struct list_node a = {0};
    struct list_node b = {0};
    list_init(&l);
    assert_null(list_pop_front(&l));
    list_push_back(&l, &b);
    list_push_front(&l, &a);
    assert_ptr_equal(list_first(&l), &a);
    int count = 0;
    LIST_FOREACH(node, &l) {
        list_remove(node);
        count++;
    }
    assert_int_equal(count, 2);
    assert_true(list_empty(&l));
    assert_false(list_linked(&a));
    list_remove(&a);
}

static int compare_int(const void *a, const void *b) {
    return *(const int *)a - *(const int *)b;
}

static void test_vec(void **state UNUSED) {
    struct vec v = VEC_OF(int);
    for (int i = 0; i < 10; i++)
        vec_push(&v, &(int){9 - i});
    vec_sort(&v, compare_int);
    vec_remove(&v, 0);
    vec_remove_swap(&v, 0);
    assert_int_equal(*VEC_AT(&v, int, 0), 9);
    assert_int_equal(*VEC_AT(&v, int, 1), 2);
    assert_int_equal(v.len, 8);
    assert_int_equal(*(int *)vec_push_zero(&v), 0);
    vec_free(&v);
    struct ptr_vec p = {0};
    assert_null(ptr_vec_pop(&p));
    ptr_vec_push(&p, &v);
    ptr_vec_push(&p, &p);
    ptr_vec_remove(&p, 0);
    assert_ptr_equal(ptr_vec_pop(&p), &p);
    ptr_vec_free(&p);
}

static void test_error(void **state UNUSED) {
    assert_int_equal(error_set(NULL, "x"), -1);
    AUTO_ERROR err = NULL;
    assert_int_equal(error_set_errno(&err, 2, "open \"%s\"", "/x"), -1);
    assert_string_equal(err->message, "open \"/x\": no such file or directory");
    error_freep(&err);
    error_prefix(&err, "nothing");
    assert_null(err);
    error_set_api(&err, 404, "NotFound", "pods \"%s\" not found", "a");
    error_set_details(err, NULL, "pods", "a");
    error_add_cause(err, "FieldValueRequired", "spec.x", "Required value");
    error_prefix(&err, "get");
    AUTO_ERROR copy = error_clone(err);
    AUTO_ERROR moved = NULL;
    error_move(&moved, &err);
    assert_null(err);
    assert_string_equal(copy->message, "get: pods \"a\" not found");
    assert_true(error_is(copy, "NotFound") && error_has_code(copy, 404) && !error_is(NULL, "NotFound"));
    assert_string_equal(copy->causes[0].field, "spec.x");
    assert_string_equal(copy->kind, "pods");
    assert_string_equal(error_message(NULL), "no error");
    error_move(NULL, &moved);
    assert_null(moved);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_map_many), cmocka_unit_test(test_map_model),
                                       cmocka_unit_test(test_heap),     cmocka_unit_test(test_list),
                                       cmocka_unit_test(test_vec),      cmocka_unit_test(test_error)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
