// SPDX-License-Identifier: Apache-2.0
// Reading, atomic writing, directory trees.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/file.h"

static char root[] = "/tmp/cube-file-XXXXXX";

static char *under(const char *name) {
    return alloc_printf("%s/%s", root, name);
}

static void test_read_write(void **state UNUSED) {
    CLEANUP(free_ptr) char *path = under("a");
    AUTO_STR text = {0};
    AUTO_ERROR err = NULL;
    assert_int_equal(file_read(path, 10, &text, &err), -1);
    CLEANUP(free_ptr) char *want = alloc_printf("open \"%s\": no such file or directory", path);
    assert_string_equal(err->message, want);
    assert_int_equal(file_write_atomic(path, "first", 5, 0644, NULL), 0);
    assert_int_equal(file_write_atomic(path, "0123456789", 10, 0600, NULL), 0);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(file_read(path, 10, &text, NULL), 0);
    assert_string_equal(text.data, "0123456789");
    assert_int_equal(file_read(path, 9, &text, NULL), -1);
    assert_int_equal(text.len, 10);
    assert_int_equal(file_read("/proc/self/status", 1 << 20, &text, NULL), 0);
    assert_int_equal(file_read("/", 10, &text, NULL), -1);
    CLEANUP(free_ptr) char *bad = under("none/x");
    assert_int_equal(file_write_atomic(bad, "", 0, 0600, NULL), -1);
    CLEANUP(free_ptr) char *directory = under("dir");
    assert_int_equal(file_make_directories(directory, 0755, NULL), 0);
    assert_int_equal(file_write_atomic(directory, "x", 1, 0600, NULL), -1);
    AUTO_STR_LIST names = {0};
    assert_int_equal(file_list(root, &names, NULL), 0); // no temporary file stays behind
    CLEANUP(free_ptr) char *joined = str_list_join(&names, " ");
    assert_string_equal(joined, "a dir");
    assert_int_equal(file_make_directories(path, 0755, NULL), -1);
    assert_int_equal(file_list(path, &names, NULL), -1);
}

static void test_trees(void **state UNUSED) {
    CLEANUP(free_ptr) char *tree = under("tree");
    CLEANUP(free_ptr) char *outside = under("outside");
    CLEANUP(free_ptr) char *deep = under("tree/a//b/c/");
    CLEANUP(free_ptr) char *link = under("tree/a/link");
    CLEANUP(free_ptr) char *file = under("tree/a/b/f");
    assert_int_equal(file_make_directories(deep, 0755, NULL), 0);
    assert_int_equal(file_make_directories(deep, 0755, NULL), 0);
    assert_true(file_is_directory(deep));
    assert_int_equal(file_write_atomic(outside, "x", 1, 0600, NULL), 0);
    assert_int_equal(file_write_atomic(file, "x", 1, 0600, NULL), 0);
    assert_int_equal(symlink(root, link), 0);
    assert_int_equal(file_remove_tree(tree, NULL), 0);
    assert_false(file_exists(tree));
    assert_true(file_exists(outside));
    assert_int_equal(file_remove_tree(tree, NULL), 0);
    assert_int_equal(file_remove_tree(outside, NULL), 0);
}

// Deeper than descriptors and PATH_MAX allow, and wide.
static void test_deep_tree(void **state UNUSED) {
    CLEANUP(free_ptr) char *tree = under("deep");
    assert_int_equal(mkdir(tree, 0755), 0);
    assert_int_equal(chdir(tree), 0);
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(mkdir("directory", 0755), 0);
        assert_int_equal(chdir("directory"), 0);
    }
    assert_int_equal(chdir("/"), 0);
    for (int i = 0; i < 300; i++) {
        CLEANUP(free_ptr) char *path = alloc_printf("%s/wide-%d/x/y", tree, i);
        assert_int_equal(file_make_directories(path, 0755, NULL), 0);
    }
    assert_int_equal(file_remove_tree(tree, NULL), 0);
    assert_false(file_exists(tree));
}

static int setup(void **state UNUSED) {
    return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state UNUSED) {
    return file_remove_tree(root, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_read_write), cmocka_unit_test(test_trees),
                                       cmocka_unit_test(test_deep_tree)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
