// SPDX-License-Identifier: Apache-2.0
// What etcd's answers and failures become: API errors that can go to the client as they are.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apiserver/storage/etcd.h"
#include "common/base/str.h"
#include "tests/fixtures/scripted_transport.h"

static const struct {
    int status; // 0: the connection fails
    const char *body;
    int code;
    const char *reason;  // NULL: none
    const char *message; // its beginning
} rows[] = {
    {503, "{\"error\":\"etcdserver: request timed out\",\"message\":\"etcdserver: request timed out\",\"code\":14}", 503,
     "ServiceUnavailable", "etcdserver: request timed out"},
    {503, "{\"error\":\"etcdserver: no leader\",\"code\":14}", 503, "ServiceUnavailable", "etcdserver: no leader"},
    {504, "{\"error\":\"context deadline exceeded\",\"code\":4}", 504, "Timeout", "Timeout: request did not complete"},
    {400, "{\"error\":\"etcdserver: mvcc: required revision has been compacted\",\"code\":11}", 410, "Expired", ""},
    {429, "{\"error\":\"etcdserver: mvcc: database space exceeded\",\"code\":8}", 500, NULL,
     "etcdserver: mvcc: database space exceeded"},
    {404, "404 page not found\n", 500, NULL, "etcd answered HTTP 404: 404 page not found"},
    {200, "{\"header\":", 0, NULL, ""},
    {0, NULL, 503, "ServiceUnavailable", "etcd cannot be reached: "},
};

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct script_step step = {.expect = "POST /v3/kv/txn", .status = rows[i].status, .body = rows[i].body};
        struct scripted_transport *scripted = scripted_transport_new(&step, 1);
        struct transport *transports[] = {scripted_transport_of(scripted)};
        struct storage *storage =
            etcd_storage_new(&(struct etcd_config){.transports = transports, .transport_count = 1, .clock = clock_system()});
        struct storage_write write = {.key = "/registry/a/b", .bytes = "{}", .len = 2};
        AUTO_STORAGE_RESULT met = {0};
        AUTO_ERROR error = NULL;
        assert_int_equal(storage_create(storage, &write, &met, &error), -1);
        print_message("%zu: %d %s\n", i, error->code, error_message(error));
        assert_int_equal(error->code, rows[i].code);
        assert_true(str_starts(error_message(error), rows[i].message));
        if (rows[i].reason)
            assert_true(error_is(error, rows[i].reason));
        assert_int_equal(scripted_transport_count(scripted), 1); // a write is never repeated
        storage_free(storage);
        scripted_transport_free(scripted);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
