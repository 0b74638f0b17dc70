// SPDX-License-Identifier: Apache-2.0
// The command line: every row is sound, and problems are told together in upstream's words.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apiserver/options.h"
#include "common/base/clock.h"

#define GOOD                                                                                                                     \
    "--etcd-servers=http://a:1", "--service-account-issuer=https://x", "--service-account-signing-key-file=k",                   \
        "--service-account-key-file=p"

static int parse(const char *const *arguments, struct apiserver_options *options, struct error **err) {
    char *argv[32] = {(char *)(uintptr_t) "kube-apiserver"};
    int argc = 1;
    while (arguments[argc - 1]) {
        argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
        argc++;
    }
    struct options_result result = {0};
    int code = options_parse(apiserver_option_table, options, argc, argv, &result, err);
    options_result_free(&result);
    return code == 0 ? apiserver_options_validate(options, err) : -1;
}

static void test_table(void **state) {
    (void)state;
    for (const struct option *row = apiserver_option_table; row->name; row++) {
        bool has_no_meaning = row->type == OPTION_IGNORED || row->type == OPTION_IGNORED_BOOL || row->type == OPTION_REFUSED;
        if (has_no_meaning ? !row->why : str_empty(row->help))
            fail_msg("--%s does not say why or what for", row->name);
        for (const struct option *other = row + 1; other->name; other++)
            if (str_equal(row->name, other->name))
                fail_msg("--%s is there twice", row->name);
    }
}

static void test_validation(void **state) {
    (void)state;
    static const struct {
        const char *arguments[8];
        const char *message; // NULL: fine
    } rows[] = {
        {{NULL},
         "[--etcd-servers must be specified, service-account-issuer is a required flag, --service-account-signing-key-file and "
         "--service-account-issuer are required flags]"},
        {{GOOD, NULL}, NULL},
        {{GOOD, "--secure-port=0", NULL},
         "--secure-port 0 must be between 1 and 65535, inclusive. It cannot be turned off with 0"},
        {{GOOD, "--authorization-mode=RBAC", NULL},
         "authorization-mode \"RBAC\" is not available: AlwaysAllow is the only authorization mode of this version"},
        {{GOOD, "--authorization-mode=Nope", NULL}, "authorization-mode \"Nope\" is not a valid mode"},
        {{GOOD, "--storage_backend=etcd2", NULL},
         "--storage-backend invalid, allowed values: etcd3. If not specified, it will default to 'etcd3'"},
        {{GOOD, "--encryption-provider-config=x", NULL},
         "flag --encryption-provider-config is not supported: this version does not encrypt what it stores"},
        {{GOOD, "--nosuch", NULL}, "unknown flag: --nosuch"},
        {{GOOD, "--bind-address=host", NULL}, "--bind-address \"host\" is not an IP address"},
        {{GOOD, "--allow-privileged=true", "--profiling=false", NULL}, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct apiserver_options options = {0};
        AUTO_ERROR error = NULL;
        int result = parse(rows[i].arguments, &options, &error);
        assert_int_equal(result, rows[i].message ? -1 : 0);
        if (rows[i].message)
            assert_string_equal(error_message(error), rows[i].message);
        options_free(apiserver_option_table, &options);
    }
}

static void test_defaults(void **state) {
    (void)state;
    static const char *const arguments[] = {GOOD, NULL};
    struct apiserver_options options = {0};
    assert_int_equal(parse(arguments, &options, NULL), 0);
    assert_int_equal(options.secure_port, 6443);
    assert_true(options.request_timeout == 60 * SECOND);
    assert_true(options.event_ttl == HOUR);
    assert_int_equal(options.min_request_timeout, 1800);
    assert_string_equal(options.kubelet_preferred_address_types.items[0], "Hostname");
    options_free(apiserver_option_table, &options);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_validation),
                                       cmocka_unit_test(test_defaults)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
