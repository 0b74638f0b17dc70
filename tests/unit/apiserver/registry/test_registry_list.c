// SPDX-License-Identifier: Apache-2.0
// Listing and watching: selectors, pages, freshness, expiry, refused combinations, tokens.
#include "apiserver/registry/continue_token.h"
#include "tests/unit/apiserver/registry/fixture.h"

static struct fixture *with_configmaps(bool cached, int count) {
    struct fixture *fixture = fixture_new(cached);
    CLEANUP(free_ptr) char *version = alloc_string("");
    for (int i = 0; i < count; i++) {
        AUTO_STR body = {0};
        str_printf(&body, "{\"metadata\":{\"name\":\"c%02d\",\"labels\":{\"odd\":\"%d\"}}}", i, i % 2);
        struct step make = {"create", "configmaps", i < count / 2 ? "default/" : "kube-public/", str_text(&body), 201, NULL, ""};
        fixture_step(fixture, &make, &version);
    }
    return fixture;
}

static struct registry_request everywhere(void) {
    return (struct registry_request){.resource = resource_configmaps()};
}

// All pages of a series have one version; remainders are exact; the last page has no token.
static void pages(void **state) {
    (void)state;
    static const char *const namespaces[] = {"", "default"};
    for (int mode = 0; mode < 4; mode++) {
        struct fixture *fixture = with_configmaps(mode & 1, 20);
        const char *ns = namespaces[mode / 2];
        size_t expected = ns[0] ? 10 : 20;
        struct registry_request request = {.resource = resource_configmaps(), .ns = ns};
        CLEANUP(free_ptr) char *token = NULL;
        uint64_t version = 0;
        size_t seen = 0;
        do {
            AUTO_REGISTRY_LIST page = {0};
            AUTO_ERROR err = NULL;
            struct registry_list_options options = {.limit = 3, .continue_token = token};
            if (registry_list(fixture->registry, &request, &options, &page, &err) < 0)
                fail_msg("%s", error_message(err));
            assert_true(version == 0 || version == page.resource_version);
            version = page.resource_version;
            for (size_t i = 0; i < page.len; i++) {
                AUTO_STR name = {0};
                str_printf(&name, "c%02zu", seen + i);
                assert_string_equal(page.items[i]->name, str_text(&name));
            }
            seen += page.len;
            assert_int_equal(page.remaining_item_count, page.continue_token ? (int64_t)(expected - seen) : -1);
            free(token);
            token = STEAL(page.continue_token);
        } while (token);
        assert_int_equal(seen, expected);
        fixture_free(fixture);
    }
}

static void pages_with_selector(void **state) {
    (void)state;
    for (int cached = 0; cached <= 1; cached++) {
        struct fixture *fixture = with_configmaps(cached, 20);
        struct registry_request request = everywhere();
        CLEANUP(free_ptr) char *token = NULL;
        size_t seen = 0;
        int rounds = 0;
        do {
            AUTO_REGISTRY_LIST page = {0};
            struct registry_list_options options = {.limit = 4, .continue_token = token, .label_selector = "odd=1"};
            assert_int_equal(registry_list(fixture->registry, &request, &options, &page, NULL), 0);
            for (size_t i = 0; i < page.len; i++)
                assert_string_equal(object_label(page.items[i], "odd"), "1");
            seen += page.len;
            assert_int_equal(page.remaining_item_count, -1);
            free(token);
            token = STEAL(page.continue_token);
            rounds++;
        } while (token && rounds < 20);
        assert_int_equal(seen, 10);
        fixture_free(fixture);
    }
}

// A token of a compacted revision is refused with a token that goes on with the newest state.
static void expired_token(void **state) {
    (void)state;
    for (int cached = 0; cached <= 1; cached++) {
        struct fixture *fixture = with_configmaps(cached, 10);
        struct registry_request request = everywhere();
        AUTO_REGISTRY_LIST first = {0};
        AUTO_REGISTRY_LIST second = {0};
        AUTO_REGISTRY_LIST rest = {0};
        AUTO_ERROR err = NULL;
        CLEANUP(free_ptr) char *version = alloc_string("");
        static const struct step more = {"create", "configmaps", "default/", "{\"metadata\":{\"name\":\"zz\"}}", 201, NULL, ""};
        static const struct step last = {"create", "configmaps", "kube-public/", "{\"metadata\":{\"name\":\"zz\"}}", 201, NULL,
                                         ""};
        static const struct step seen = {"get", "configmaps", "kube-public/zz", NULL, 200, NULL, ""};
        struct registry_list_options options = {.limit = 5};
        assert_int_equal(registry_list(fixture->registry, &request, &options, &first, NULL), 0);
        fixture_step(fixture, &more, &version);
        // The feed is behind what is compacted once this is answered; else it would wait for the clock before it starts again.
        fixture_step(fixture, &last, &version);
        fixture_step(fixture, &seen, &version);
        memory_storage_compact(fixture->storage, first.resource_version + 1);
        options.continue_token = first.continue_token;
        assert_int_equal(registry_list(fixture->registry, &request, &options, &second, &err), -1);
        assert_int_equal(err->code, 410);
        assert_string_equal(err->reason, "Expired");
        assert_non_null(err->continue_token);
        AUTO_JSON status = status_from_error(err);
        assert_string_equal(json_find_text(status, "metadata.continue"), err->continue_token);
        options.limit = 0;
        options.continue_token = err->continue_token;
        assert_int_equal(registry_list(fixture->registry, &request, &options, &rest, NULL), 0);
        assert_true(rest.resource_version > first.resource_version);
        assert_int_equal(rest.len, 7); // c05 to c09, and what was made since behind the place
        fixture_free(fixture);
    }
}

static void selectors(void **state) {
    (void)state;
    static const struct {
        const char *ns;
        const char *labels;
        const char *fields;
        int code;
        size_t count;
    } rows[] = {
        {"", "", "", 0, 20},
        {"default", "", "", 0, 10},
        {"", "odd=1", "", 0, 10},
        {"default", "odd in (0)", "", 0, 5},
        {"", "", "metadata.name=c03", 0, 1},
        {"default", "", "metadata.name=c13", 0, 0},
        {"", "", "metadata.namespace=default", 0, 10},
        {"", "", "metadata.name!=c03", 0, 19},
        {"", "odd=", "", 0, 0},
        {"", "a b", "", 400, 0},
        {"", "", "spec.nodeName=x", 400, 0},
        {"", "", "foo", 400, 0},
    };
    for (int cached = 0; cached <= 1; cached++) {
        struct fixture *fixture = with_configmaps(cached, 20);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            struct registry_request request = {.resource = resource_configmaps(), .ns = rows[i].ns};
            struct registry_list_options options = {.label_selector = rows[i].labels, .field_selector = rows[i].fields};
            AUTO_REGISTRY_LIST list = {0};
            AUTO_ERROR err = NULL;
            int failed = registry_list(fixture->registry, &request, &options, &list, &err);
            if ((failed ? err->code : 0) != rows[i].code || list.len != rows[i].count)
                fail_msg("row %zu: %zu objects, %s", i, list.len, error_message(err));
        }
        fixture_free(fixture);
    }
}

static void refused_combinations(void **state) {
    (void)state;
    CLEANUP(free_ptr) char *token = continue_token_encode("default/c01", 3);
    const struct {
        struct registry_list_options options;
        bool watch;
        int code;
        const char *message;
    } rows[] = {
        {{.resource_version_match = "Exact"},
         false,
         422,
         "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless "
         "resourceVersion is provided"},
        {{.resource_version = "0", .resource_version_match = "Exact"},
         false,
         422,
         "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden "
         "for "
         "resourceVersion \"0\""},
        {{.resource_version = "5", .resource_version_match = "Foo"},
         false,
         422,
         "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Unsupported value: \"Foo\": supported values: "
         "\"Exact\", "
         "\"NotOlderThan\", \"\""},
        {{.send_initial_events = true},
         false,
         422,
         "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"},
        {{.resource_version = "x"},
         false,
         400,
         "resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid syntax"},
        {{.continue_token = token, .resource_version = "5"},
         false,
         400,
         "specifying resource version is not allowed when using continue"},
        {{.continue_token = "%%%"}, false, 400, NULL},
        {{.resource_version = "1", .resource_version_match = "Exact"}, false, 0, NULL},
        {{.resource_version = "99999", .resource_version_match = "Exact"}, false, 504, NULL},
        {{.send_initial_events = true},
         true,
         422,
         "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting "
         "resourceVersionMatch to NotOlderThan"},
        {{.resource_version_match = "NotOlderThan"},
         true,
         422,
         "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch "
         "unless sendInitialEvents is provided"},
        {{.field_selector = "foo=bar"}, true, 400, NULL},
    };
    struct fixture *fixture = with_configmaps(true, 4);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct registry_request request = everywhere();
        AUTO_REGISTRY_LIST list = {0};
        AUTO_WATCHER watcher = NULL;
        AUTO_ERROR err = NULL;
        int failed = rows[i].watch ? registry_watch(fixture->registry, &request, &rows[i].options, &watcher, &err)
                                   : registry_list(fixture->registry, &request, &rows[i].options, &list, &err);
        if ((failed ? err->code : 0) != rows[i].code || (rows[i].message && !str_equal(err->message, rows[i].message)))
            fail_msg("row %zu: %s", i, error_message(err));
    }
    fixture_free(fixture);
}

static void freshness(void **state) {
    (void)state;
    struct fixture *fixture = with_configmaps(true, 4);
    struct registry_request request = everywhere();
    struct registry_request one = {.resource = resource_configmaps(), .ns = "default", .name = "c00"};
    AUTO_REGISTRY_LIST newest = {0};
    AUTO_REGISTRY_LIST any = {0};
    AUTO_REGISTRY_RESULT got = {0};
    AUTO_STR version = {0};
    struct registry_list_options options = {0};
    assert_int_equal(registry_list(fixture->registry, &request, &options, &newest, NULL), 0);
    assert_int_equal(newest.len, 4);
    str_append_uint(&version, newest.resource_version);
    options.resource_version = "0";
    assert_int_equal(registry_list(fixture->registry, &request, &options, &any, NULL), 0);
    assert_int_equal(any.len, 4);
    assert_int_equal(registry_get(fixture->registry, &one, str_text(&version), &got, NULL), 0);
    assert_true(registry_read_blocks(fixture->registry, request.resource, "", "", 0, ""));
    assert_false(registry_read_blocks(fixture->registry, request.resource, "0", "", 0, ""));
    assert_false(registry_read_blocks(fixture->registry, request.resource, str_text(&version), "NotOlderThan", 0, ""));
    assert_true(registry_read_blocks(fixture->registry, request.resource, "99999", "", 0, ""));
    assert_true(registry_read_blocks(fixture->registry, request.resource, str_text(&version), "Exact", 0, ""));
    fixture_free(fixture);
}

static void watching(void **state) {
    (void)state;
    struct fixture *fixture = with_configmaps(true, 4);
    struct registry_request request = {.resource = resource_configmaps(), .ns = "default"};
    struct registry_list_options options = {.label_selector = "odd=1"};
    CLEANUP(free_ptr) char *version = alloc_string("");
    static const struct step change = {"merge", "configmaps", "default/c01", "{\"metadata\":{\"labels\":null}}", 200, NULL, ""};
    static const enum watch_cache_event_type expected[] = {WATCH_CACHE_ADDED, WATCH_CACHE_DELETED};
    struct watch_cache_watcher *watcher = NULL;
    assert_int_equal(registry_watch(fixture->registry, &request, &options, &watcher, NULL), 0);
    fixture_step(fixture, &change, &version);
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        struct watch_cache_event event;
        assert_int_equal(watch_cache_next_wait(watcher, TIME_NEVER, &event, NULL), WATCH_CACHE_NEXT_EVENT);
        assert_int_equal(event.type, expected[i]);
        assert_string_equal(event.object->name, "c01");
        watch_cache_event_free(&event);
    }
    watch_cache_watcher_free(watcher);
    fixture_free(fixture);
}

static void tokens(void **state) {
    (void)state;
    CLEANUP(free_ptr) char *token = continue_token_encode("default/c01", 7);
    CLEANUP(free_ptr) char *after = NULL;
    int64_t revision = 0;
    // What upstream makes of the same place.
    assert_string_equal(token, "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6Nywic3RhcnQiOiJkZWZhdWx0L2MwMVx1MDAwMCJ9");
    assert_int_equal(continue_token_decode(token, &after, &revision, NULL), 0);
    assert_string_equal(after, "default/c01");
    assert_int_equal(revision, 7);
    static const char *const bad[] = {
        "",
        "!",
        "e30",                                                                         // {}
        "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MCwic3RhcnQiOiJhXHUwMDAwIn0",             // rv 0
        "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6Nywic3RhcnQiOiIifQ",                      // no start
        "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6Nywic3RhcnQiOiIuLi9zZWNyZXRzXHUwMDAwIn0", // ../secrets
        "eyJ2IjoidjIiLCJydiI6Nywic3RhcnQiOiJhXHUwMDAwIn0",                             // another version
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_ERROR err = NULL;
        CLEANUP(free_ptr) char *nothing = NULL;
        if (continue_token_decode(bad[i], &nothing, &revision, &err) == 0)
            fail_msg("%s was taken", bad[i]);
        assert_int_equal(err->code, 400);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages),
        cmocka_unit_test(pages_with_selector),
        cmocka_unit_test(expired_token),
        cmocka_unit_test(selectors),
        cmocka_unit_test(refused_combinations),
        cmocka_unit_test(freshness),
        cmocka_unit_test(watching),
        cmocka_unit_test(tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
