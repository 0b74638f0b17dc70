// SPDX-License-Identifier: Apache-2.0
// The ordered index of a cache against a plain sorted array, under random insertions and removals.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apiserver/storage/object_index.h"
#include "common/base/alloc.h"
#include "common/base/random.h"
#include "common/base/str.h"

static const struct object *make(const char *key) {
    AUTO_STR json = {0};
    const char *slash = strchr(key, '/');
    str_append(&json, "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{");
    if (slash)
        str_printf(&json, "\"namespace\":\"%.*s\",", (int)(slash - key), key);
    str_printf(&json, "\"name\":\"%s\"}}", slash ? slash + 1 : key);
    struct object *object = NULL;
    AUTO_ERROR error = NULL;
    if (object_new_from_bytes(json.data, json.len, NULL, &object, &error) < 0)
        fail_msg("%s", error_message(error));
    return object;
}

static void check_same(const struct object_index *index, const struct str_list *keys) {
    assert_int_equal(index->len, keys->len);
    size_t i = 0;
    struct object_index_iter it = object_index_seek(index, "");
    for (const struct object *object; (object = object_index_next(&it)); i++) {
        CLEANUP(free_ptr) char *key = object_key(object);
        assert_string_equal(key, keys->items[i]);
    }
    assert_int_equal(i, keys->len);
    for (i = 0; i < keys->len; i += 37) {
        assert_int_equal(object_index_position(index, keys->items[i]), i);
        assert_non_null(object_index_get(index, keys->items[i]));
        struct object_index_iter from = object_index_seek(index, keys->items[i]);
        assert_int_equal(object_index_compare(object_index_next(&from), keys->items[i]), 0);
    }
}

static void test_random(void **state UNUSED) {
    struct random *random = random_seeded_new(7);
    struct object_index index = {0};
    AUTO_STR_LIST keys = {0};
    static const char *const namespaces[] = {"a", "a-b", "a.b", "ab", "b"};
    for (int round = 0; round < 6000; round++) {
        char key[64];
        snprintf(key, sizeof(key), "%s/n-%d", namespaces[random_below(random, 5)], (int)random_below(random, 400));
        // First it grows, then it shrinks.
        if (random_below(random, 10) < (round < 3000 ? 8u : 2u)) {
            const struct object *old = object_index_put(&index, make(key));
            assert_int_equal(old != NULL, str_list_contains(&keys, key));
            if (!old)
                str_list_add(&keys, key);
            object_unref(old);
        } else {
            const struct object *old = object_index_remove(&index, key);
            assert_int_equal(old != NULL, str_list_contains(&keys, key));
            if (old)
                str_list_remove(&keys, key);
            object_unref(old);
        }
        if (round % 500 == 499) {
            str_list_sort(&keys);
            check_same(&index, &keys);
        }
    }
    object_index_free(&index);
    random_seeded_free(random);
}

static void test_ascending(void **state UNUSED) {
    struct object_index index = {0};
    AUTO_STR_LIST keys = {0};
    for (int i = 0; i < 2000; i++) {
        char key[32];
        snprintf(key, sizeof(key), "node-%05d", i);
        str_list_add(&keys, key);
        assert_null(object_index_put(&index, make(key)));
    }
    check_same(&index, &keys);
    assert_true(index.chunks.len < 20);
    object_index_free(&index);
}

static void test_compare(void **state UNUSED) {
    static const struct {
        const char *object;
        const char *key;
        int order;
    } rows[] = {
        {"a/x", "a/x", 0},   {"a/x", "a-b/x", 1}, {"a-b/x", "a/x", -1}, {"a/x", "a/", 1}, {"a/x", "a0", -1},
        {"a/x", "a/xy", -1}, {"a/x", "", 1},      {"x", "x", 0},        {"x", "y", -1},   {"a/x", "a", 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_OBJECT object = make(rows[i].object);
        int order = object_index_compare(object, rows[i].key);
        assert_int_equal((order > 0) - (order < 0), rows[i].order);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_ascending),
        cmocka_unit_test(test_compare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
