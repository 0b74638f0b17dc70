// SPDX-License-Identifier: Apache-2.0
// Who a request is by its credentials.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apiserver/authentication/authenticator.h"
#include "apiserver/authentication/token_file.h"
#include "apiserver/authentication/x509.h"

static const char tokens[] = "t1,alice,u1,\"dev, ops\"\r\n"
                             "\n"
                             "t2,bob,u2\n"
                             "\"t,3\",carol,\"u\"\"3\",admin\n"
                             ",nobody,u4\n"
                             "t5,system:anonymous,u5,system:authenticated";

static struct authenticator *make(bool anonymous) {
    struct authenticator *members[2];
    AUTO_ERROR error = NULL;
    assert_int_equal(token_file_authenticator_new_from_text(tokens, strlen(tokens), "tokens.csv", &members[0], &error), 0);
    members[1] = x509_authenticator_new();
    return authenticator_union_new(members, 2, anonymous);
}

static const char *const masters[] = {"system:masters", "x"};
static const struct peer_certificate admin = {
    .presented = true, .verified = true, .common_name = "admin", .organizations = masters, .organization_count = 2};
static const struct peer_certificate nameless = {.presented = true, .verified = true, .common_name = ""};
static const struct peer_certificate forged = {.presented = true, .problem = "x509: certificate signed by unknown authority"};
static const struct peer_certificate none = {0};

static const struct {
    const char *authorization;
    const struct peer_certificate *certificate;
    bool anonymous;
    enum authentication_result result;
    const char *name, *uid, *groups;
} rows[] = {
    {"Bearer t1", &none, false, AUTHENTICATION_OK, "alice", "u1", "dev|ops|system:authenticated"},
    {"bearer t2", NULL, false, AUTHENTICATION_OK, "bob", "u2", "system:authenticated"},
    {"Bearer  t,3", NULL, false, AUTHENTICATION_OK, "carol", "u\"3", "admin|system:authenticated"},
    {"Bearer t5", NULL, false, AUTHENTICATION_OK, "system:anonymous", "u5", "system:authenticated"},
    {"Bearer wrong", NULL, false, AUTHENTICATION_REFUSED, NULL, NULL, NULL},
    {"Bearer wrong", NULL, true, AUTHENTICATION_REFUSED, NULL, NULL, NULL},
    {"Bearer ", NULL, false, AUTHENTICATION_NONE, NULL, NULL, NULL},
    {"Basic dDE6", NULL, false, AUTHENTICATION_NONE, NULL, NULL, NULL},
    {NULL, &admin, false, AUTHENTICATION_OK, "admin", NULL, "system:masters|x|system:authenticated"},
    {"Bearer wrong", &admin, false, AUTHENTICATION_OK, "admin", NULL, "system:masters|x|system:authenticated"},
    {NULL, &forged, false, AUTHENTICATION_REFUSED, NULL, NULL, NULL},
    {NULL, &forged, true, AUTHENTICATION_REFUSED, NULL, NULL, NULL},
    {"Bearer t2", &forged, false, AUTHENTICATION_OK, "bob", "u2", "system:authenticated"},
    {NULL, &nameless, false, AUTHENTICATION_NONE, NULL, NULL, NULL},
    {NULL, &none, false, AUTHENTICATION_NONE, NULL, NULL, NULL},
    {NULL, &none, true, AUTHENTICATION_OK, "system:anonymous", NULL, "system:unauthenticated"},
};

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct authenticator *authenticator = make(rows[i].anonymous);
        struct credentials credentials = {rows[i].authorization, rows[i].certificate};
        AUTO_USER user = {0};
        AUTO_ERROR error = NULL;
        print_message("row %zu\n", i);
        assert_int_equal(authenticator_authenticate(authenticator, &credentials, &user, &error), rows[i].result);
        assert_int_equal(error != NULL, rows[i].result == AUTHENTICATION_REFUSED);
        if (rows[i].name) {
            char *groups = str_list_join(&user.groups, "|");
            assert_string_equal(user.name, rows[i].name);
            assert_string_equal(user.uid ? user.uid : "", rows[i].uid ? rows[i].uid : "");
            assert_string_equal(groups, rows[i].groups);
            free(groups);
        } else {
            assert_null(user.name);
        }
        authenticator_free(authenticator);
    }
}

static void test_bad_files(void **state) {
    (void)state;
    static const char *const bad[] = {"a,b\n", "a,b,c,\"d\n", "a,b\"c,d\n", "\"a\"x,b,c\n"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct authenticator *authenticator = NULL;
        AUTO_ERROR error = NULL;
        assert_int_equal(token_file_authenticator_new_from_text(bad[i], strlen(bad[i]), "f", &authenticator, &error), -1);
        assert_non_null(error);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_bad_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
