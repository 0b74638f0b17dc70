// SPDX-License-Identifier: Apache-2.0
// Columns: padding, runs of lines, remembered widths, characters wider than a byte.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cubectl/tab_writer.h"

static const struct {
    const char *name, *text, *table, *describe;
} rows[] = {
    {"empty", "", "", ""},
    {"one cell", "a\n", "a\n", "a\n"},
    {"no newline at the end", "a\tb", "a     b", "a  b"},
    {"two rows", "NAME\tREADY\nweb\t1/1\n", "NAME   READY\nweb    1/1\n", "NAME  READY\nweb   1/1\n"},
    {"an empty cell is padded", "NAME\tSHORT\tKIND\nx\t\tX\n", "NAME   SHORT   KIND\nx              X\n",
     "NAME  SHORT  KIND\nx            X\n"},
    {"a line without the cell ends the run", "long name\tb\nplain\nc\td\n", "long name   b\nplain\nc     d\n",
     "long name  b\nplain\nc  d\n"},
    {"characters count, not bytes", "\xc3\xa9\tb\nee\tc\n", "\xc3\xa9     b\nee    c\n", "\xc3\xa9   b\nee  c\n"},
};

static void test_layout(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tab_writer writers[] = {TAB_WRITER_TABLE, TAB_WRITER_DESCRIBE};
        const char *const expected[] = {rows[i].table, rows[i].describe};
        for (size_t w = 0; w < ARRAY_LEN(writers); w++) {
            AUTO_STR out = {0};
            writers[w].remember = false;
            str_append(&writers[w].text, rows[i].text);
            tab_writer_flush(&writers[w], &out);
            if (!str_equal(str_text(&out), expected[w]))
                fail_msg("%s: \"%s\", expected \"%s\"", rows[i].name, str_text(&out), expected[w]);
            tab_writer_free(&writers[w]);
        }
    }
}

static void test_remembers_widths(void **state UNUSED) {
    struct tab_writer writer = TAB_WRITER_TABLE;
    AUTO_STR out = {0};
    str_append(&writer.text, "a long name\tx\n");
    tab_writer_flush(&writer, &out);
    str_clear(&out);
    str_append(&writer.text, "b\ty\n");
    tab_writer_flush(&writer, &out);
    assert_string_equal(str_text(&out), "b             y\n");
    tab_writer_forget(&writer);
    str_clear(&out);
    str_append(&writer.text, "b\ty\n");
    tab_writer_flush(&writer, &out);
    assert_string_equal(str_text(&out), "b     y\n");
    tab_writer_free(&writer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_remembers_widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
