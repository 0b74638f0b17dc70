// SPDX-License-Identifier: Apache-2.0
// Configuration files: fields onto options, precedence of flags, lists and maps, strict and lenient, bad files.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/component/config_file.h"

struct target {
    bool flag;
    int64_t number, duration;
    double ratio;
    char *text, *raw;
    struct str_list list, map;
};

#define AT(member) offsetof(struct target, member)
static const struct option table[] = {
    {"flag", 0, OPTION_BOOL, AT(flag), "true", "", NULL},
    {"number", 0, OPTION_INT, AT(number), "7", "", NULL},
    {"duration", 0, OPTION_DURATION, AT(duration), "10s", "", NULL},
    {"ratio", 0, OPTION_DOUBLE, AT(ratio), "0.5", "", NULL},
    {"text", 0, OPTION_STRING, AT(text), "default", "", NULL},
    {"raw", 0, OPTION_STRING, AT(raw), "", "", NULL},
    {"list", 0, OPTION_LIST, AT(list), "a,b", "", NULL},
    {"map", 0, OPTION_MAP, AT(map), "k=v", "", NULL},
    {NULL, 0, OPTION_IGNORED, 0, NULL, NULL, NULL},
};
static const struct config_field fields[] = {
    {"top.flag", "flag", NULL},
    {"top.inner.number", "number", NULL},
    {"duration", "duration", NULL},
    {"ratio", "ratio", NULL},
    {"text", "text", NULL},
    {"raw", "raw", NULL},
    {"list", "list", NULL},
    {"map", "map", NULL},
    {"unused", NULL, "nobody needs it"},
    {NULL, NULL, NULL},
};

#define HEAD "apiVersion: test/v1\nkind: TestConfiguration\n"

static const struct {
    const char *text;
    bool lenient;
    int argc;
    const char *argv[4];
    const char *error; // NULL: works
    const char *result;
} rows[] = {
    {HEAD, false, 1, {"p"}, NULL, "true 7 10 0.5 default [] a,b k=v"},
    {HEAD "top: {flag: false, inner: {number: 9}}\nduration: 1m30s\nratio: 2\ntext: hello\n",
     false,
     1,
     {"p"},
     NULL,
     "false 9 90 2 hello [] a,b k=v"},
    {HEAD "list: [x, 'y,z', 5]\nmap: {m: nn, o: 'true'}\n",
     false,
     1,
     {"p"},
     NULL,
     "true 7 10 0.5 default [] x,y,z,5 m=nn,o=true"},
    {HEAD "text: file\nduration: 1s\nlist: [x]\n",
     false,
     3,
     {"p", "--text=flag", "--list=c"},
     NULL,
     "true 7 1 0.5 flag [] c k=v"},
    {HEAD "text: null\ntop: null\nunused: 5\n", false, 1, {"p"}, NULL, "true 7 10 0.5 default [] a,b k=v"},
    {HEAD "raw: [{a: 1}]\n", false, 1, {"p"}, NULL, "true 7 10 0.5 default [[{\"a\":1}]] a,b k=v"},
    {"{\"apiVersion\":\"test/v1\",\"kind\":\"TestConfiguration\",\"text\":\"json\"}",
     false,
     1,
     {"p"},
     NULL,
     "true 7 10 0.5 json [] a,b k=v"},
    {HEAD "strange: 1\n", false, 1, {"p"}, "strict decoding error: unknown field \"strange\"", NULL},
    {HEAD "top: {strange: 1}\n", false, 1, {"p"}, "strict decoding error: unknown field \"top.strange\"", NULL},
    {HEAD "strange: 1\ntext: still read\n", true, 1, {"p"}, NULL, "true 7 10 0.5 still read [] a,b k=v"},
    {HEAD "duration: 10\n", false, 1, {"p"}, "duration", NULL},
    {HEAD "top: {inner: {number: many}}\n", false, 1, {"p"}, "top.inner.number", NULL},
    {HEAD "top: {flag: maybe}\n", false, 1, {"p"}, "top.flag", NULL},
    {"apiVersion: test/v2\nkind: TestConfiguration\n",
     false,
     1,
     {"p"},
     "no kind \"TestConfiguration\" is registered for version \"test/v2\"",
     NULL},
    {"kind: Other\n", false, 1, {"p"}, "no kind \"Other\"", NULL},
    {"", false, 1, {"p"}, "no kind \"\"", NULL},
    {"- 1\n", false, 1, {"p"}, "no kind \"\"", NULL},
    {"a: [\n", false, 1, {"p"}, "failed to load config file \"/tmp/config-file-test-", NULL},
};

static char path[] = "/tmp/config-file-test-XXXXXX";

static char *describe(const struct target *target) {
    AUTO_STR text = {0};
    char *list = str_list_join(&target->list, ",");
    char *map = str_list_join(&target->map, ",");
    str_printf(&text, "%s %lld %lld %g %s [%s] %s %s", target->flag ? "true" : "false", (long long)target->number,
               (long long)(target->duration / SECOND), target->ratio, target->text, target->raw, list, map);
    free(list);
    free(map);
    return str_take(&text);
}

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct target target = {0};
        struct options_result given = {0};
        AUTO_ERROR err = NULL;
        assert_int_equal(options_parse(table, &target, rows[i].argc, (char **)(uintptr_t)rows[i].argv, &given, NULL), 0);
        assert_int_equal(file_write_atomic(path, rows[i].text, strlen(rows[i].text), 0600, NULL), 0);
        struct config_file_spec spec = {
            .api_version = "test/v1", .kind = "TestConfiguration", .fields = fields, .strict = !rows[i].lenient};
        int result = config_file_load(path, &spec, table, &target, &given.given, &err);
        if ((result < 0) != (rows[i].error != NULL) || (result < 0 && !strstr(error_message(err), rows[i].error)))
            fail_msg("row %zu: %s", i, error_message(err));
        if (result == 0) {
            char *text = describe(&target);
            assert_string_equal(text, rows[i].result);
            free(text);
        }
        options_result_free(&given);
        options_free(table, &target);
    }
}

static void test_missing_file(void **state) {
    (void)state;
    struct config_file_spec spec = {.api_version = "test/v1", .kind = "TestConfiguration", .fields = fields};
    struct target target = {0};
    struct str_list none = {0};
    AUTO_ERROR err = NULL;
    assert_int_equal(config_file_load("/nonexistent/x", &spec, table, &target, &none, &err), -1);
    assert_non_null(strstr(error_message(err), "failed to load config file \"/nonexistent/x\""));
}

static int make_file(void **state) {
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state) {
    (void)state;
    return unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_missing_file)};
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
