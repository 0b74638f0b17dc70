// SPDX-License-Identifier: Apache-2.0
// Command-line options: pflag's contract.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/options.h"

struct target {
    bool yes;
    int64_t v;
    double rate;
    char *name;
    int64_t wait;
    struct str_list list;
    struct str_list array;
    struct str_list map;
};

static const struct option table[] = {{"allow-yes", 'y', OPTION_BOOL, offsetof(struct target, yes), NULL, "Say yes.", NULL},
                                      {"v", 'v', OPTION_INT, offsetof(struct target, v), "0", "Verbosity.", NULL},
                                      {"rate", 0, OPTION_DOUBLE, offsetof(struct target, rate), "0.5", "Rate.", NULL},
                                      {"the-name", 0, OPTION_STRING, offsetof(struct target, name), NULL, "Name.", NULL},
                                      {"wait", 0, OPTION_DURATION, offsetof(struct target, wait), "1m", "Wait.", "use nothing."},
                                      {"list", 0, OPTION_LIST, offsetof(struct target, list), "d1,d2", "List.", NULL},
                                      {"array", 0, OPTION_ARRAY, offsetof(struct target, array), NULL, "Array.", NULL},
                                      {"map", 0, OPTION_MAP, offsetof(struct target, map), "a=b", "Map.", NULL},
                                      {"gone", 0, OPTION_IGNORED, 0, NULL, "", "it has no meaning"},
                                      {"gone-bool", 0, OPTION_IGNORED_BOOL, 0, NULL, "", "it has no meaning"},
                                      {"never", 0, OPTION_REFUSED, 0, NULL, "", "not here"},
                                      {0}};

// args: split at ' '. want: options_list's text, cut to the row that changed, or the error.
static int parse(const char *args, struct target *target, struct options_result *result, struct error **err) {
    AUTO_STR_LIST list = {0};
    str_list_add(&list, "/usr/bin/kube-apiserver");
    str_list_split(&list, args, ' ');
    return options_parse(table, target, (int)list.len, list.items, result, err);
}

static void test_values(void **state UNUSED) {
    static const struct {
        const char *args;
        const char *want;
    } rows[] = {
        {"", "--allow-yes=\"false\""},
        {"", "--list=\"[d1,d2]\""},
        {"", "--wait=\"1m0s\""},
        {"", "--rate=\"0.5\""},
        {"--allow-yes", "--allow-yes=\"true\""},
        {"--allow_yes=T", "--allow-yes=\"true\""},
        {"-y", "--allow-yes=\"true\""},
        {"-y=false", "--allow-yes=\"false\""},
        {"--v=2", "--v=\"2\""},
        {"--v 3", "--v=\"3\""},
        {"-v 4", "--v=\"4\""},
        {"-v=5", "--v=\"5\""},
        {"-v6", "--v=\"6\""},
        {"-yv7", "--v=\"7\""},
        {"-v -8", "--v=\"-8\""},
        {"--v=0x10", "--v=\"16\""},
        {"--the-name=", "--the-name=\"\""},
        {"--the_name a=b", "--the-name=\"a=b\""},
        {"--wait=1h30m", "--wait=\"1h30m0s\""},
        {"--list=a,b", "--list=\"[a,b]\""},
        {"--list=a --list=b,c", "--list=\"[a,b,c]\""},
        {"--list=\"x,y\",z", "--list=\"[\\\"x,y\\\",z]\""},
        {"--list=\"q\"\"q\"", "--list=\"[\\\"q\\\"\\\"q\\\"]\""},
        {"--list=", "--list=\"[]\""},
        {"--list=a,,b", "--list=\"[a,,b]\""},
        {"--array=a,b --array=c", "--array=\"[\\\"a,b\\\",c]\""},
        {"--map=x=1,y=2", "--map=\"x=1,y=2\""},
        {"--map=x=1 --map=z=a=b,x=3", "--map=\"x=3,z=a=b\""},
        {"--gone x --gone-bool --v=1", "--v=\"1\""},
        {"--wait=2s", "--wait=\"2s\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct target target = {0};
        struct options_result result = {0};
        AUTO_ERROR err = NULL;
        if (parse(rows[i].args, &target, &result, &err) != 0)
            fail_msg("%s: %s", rows[i].args, error_message(err));
        AUTO_STR text = {0};
        options_list(table, &target, &text);
        CLEANUP(free_ptr) char *line = alloc_printf("FLAG: %s\n", rows[i].want);
        if (!strstr(str_text(&text), line))
            fail_msg("%s: no %s in %s", rows[i].args, line, str_text(&text));
        options_result_free(&result);
        options_free(table, &target);
    }
}

static void test_errors(void **state UNUSED) {
    static const struct {
        const char *args;
        const char *want;
    } rows[] = {
        {"--x", "unknown flag: --x"},
        {"--no_such=1", "unknown flag: --no_such"},
        {"--lis=a", "unknown flag: --lis"},
        {"-x", "unknown shorthand flag: 'x' in -x"},
        {"-yx", "unknown shorthand flag: 'x' in -x"},
        {"--v", "flag needs an argument: --v"},
        {"-v", "flag needs an argument: 'v' in -v"},
        {"--=a", "bad flag syntax: --=a"},
        {"---v", "bad flag syntax: ---v"},
        {"--allow-yes true", "\"kube-apiserver\" does not take any arguments, got [\"true\"]"},
        {"a --v=1 -- --b", "\"kube-apiserver\" does not take any arguments, got [\"a\" \"--b\"]"},
        {"--allow-yes=maybe",
         "invalid argument \"maybe\" for \"-y, --allow-yes\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax"},
        {"--v=x", "invalid argument \"x\" for \"-v, --v\" flag: strconv.ParseInt: parsing \"x\": invalid syntax"},
        {"--v=", "invalid argument \"\" for \"-v, --v\" flag: strconv.ParseInt: parsing \"\": invalid syntax"},
        {"--v=9223372036854775808", "invalid argument \"9223372036854775808\" for \"-v, --v\" flag: strconv.ParseInt: parsing "
                                    "\"9223372036854775808\": value out of range"},
        {"--rate=x", "invalid argument \"x\" for \"--rate\" flag: strconv.ParseFloat: parsing \"x\": invalid syntax"},
        {"--wait=10", "invalid argument \"10\" for \"--wait\" flag: time: missing unit in duration \"10\""},
        {"--wait=1d", "invalid argument \"1d\" for \"--wait\" flag: time: unknown unit \"d\" in duration \"1d\""},
        {"--wait=x", "invalid argument \"x\" for \"--wait\" flag: time: invalid duration \"x\""},
        {"--map=a", "invalid argument \"a\" for \"--map\" flag: malformed pair, expect string=string"},
        {"--list=a\"b",
         "invalid argument \"a\\\"b\" for \"--list\" flag: parse error on line 1, column 2: bare \" in non-quoted field"},
        {"--list=\"a",
         "invalid argument \"\\\"a\" for \"--list\" flag: parse error on line 1, column 3: extraneous or missing \" in "
         "quoted-field"},
        {"--never", "flag --never is not supported: not here"},
        {"--help=x", "invalid argument \"x\" for \"-h, --help\" flag: strconv.ParseBool: parsing \"x\": invalid syntax"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct target target = {0};
        struct options_result result = {0};
        AUTO_ERROR err = NULL;
        assert_int_equal(parse(rows[i].args, &target, &result, &err), -1);
        assert_string_equal(error_message(err), rows[i].want);
        options_result_free(&result);
        options_free(table, &target);
    }
}

static void test_special(void **state UNUSED) {
    static const struct {
        const char *args;
        const char *want;
    } rows[] = {{"", NULL},
                {"--help", "help"},
                {"-h extra", "help"},
                {"--version", "version"},
                {"--version=raw", "version=raw"},
                {"--version=false", NULL},
                {"--version --help", "help"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct target target = {0};
        struct options_result result = {0};
        assert_int_equal(parse(rows[i].args, &target, &result, NULL), 0);
        assert_true(str_equal(result.special, rows[i].want));
        options_result_free(&result);
        options_free(table, &target);
    }
}

static void test_arguments_and_help(void **state UNUSED) {
    struct target target = {0};
    struct options_result result = {.allow_arguments = true};
    assert_int_equal(parse("get - pods --v=1 -- --x", &target, &result, NULL), 0);
    CLEANUP(free_ptr) char *arguments = str_list_join(&result.arguments, " ");
    assert_string_equal(arguments, "get - pods --x");
    assert_true(str_list_contains(&result.given, "v"));
    options_result_free(&result);
    options_free(table, &target);
    const struct option *const parts[] = {table, table};
    CLEANUP(free_ptr) struct option *joined = options_join(parts, 2);
    assert_string_equal(joined[11].name, "allow-yes");
    assert_null(joined[22].name);
    AUTO_STR help = {0};
    options_help(table, &help);
    assert_non_null(strstr(help.data, "  -v, --v int"));
    assert_non_null(strstr(help.data, "Rate. (default 0.5)\n"));
    assert_non_null(strstr(help.data, "Wait. (default 1m) (DEPRECATED: use nothing.)\n"));
    assert_null(strstr(help.data, "--gone"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_errors),
                                       cmocka_unit_test(test_special), cmocka_unit_test(test_arguments_and_help)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
