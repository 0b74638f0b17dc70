// SPDX-License-Identifier: Apache-2.0
// URLs, queries and escaping.
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/net/url.h"

static void parse_and_format(void **state UNUSED) {
    static const struct {
        const char *text, *scheme, *userinfo, *host;
        unsigned port, effective;
        const char *path, *query, *fragment;
        const char *formatted; // NULL: as text
    } rows[] = {
        {"https://10.0.0.1:6443", "https", "", "10.0.0.1", 6443, 6443, "", "", "", NULL},
        {"https://[::1]:6443/x?a=b#c", "https", "", "::1", 6443, 6443, "/x", "a=b", "c", NULL},
        {"HTTP://user:pw@host/p%20q", "http", "user:pw", "host", 0, 80, "/p%20q", "", "", "http://user:pw@host/p%20q"},
        {"https://host", "https", "", "host", 0, 443, "", "", "", NULL},
        {"https://host:", "https", "", "host", 0, 443, "", "", "", "https://host"},
        {"unix:///run/x.sock", "unix", "", "", 0, 0, "/run/x.sock", "", "", NULL},
        {"/api/v1/pods?limit=5", "", "", "", 0, 0, "/api/v1/pods", "limit=5", "", NULL},
        {"https://host?x=1", "https", "", "host", 0, 443, "", "x=1", "", NULL},
        {"", "", "", "", 0, 0, "", "", "", NULL},
        {"https://host/#", "https", "", "host", 0, 443, "/", "", "", "https://host/"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_URL url = {0};
        AUTO_STR text = {0};
        assert_int_equal(url_parse(rows[i].text, &url, NULL), 0);
        assert_string_equal(url.scheme, rows[i].scheme);
        assert_string_equal(url.userinfo, rows[i].userinfo);
        assert_string_equal(url.host, rows[i].host);
        assert_int_equal(url.port, rows[i].port);
        assert_int_equal(url_effective_port(&url), rows[i].effective);
        assert_string_equal(url.path, rows[i].path);
        assert_string_equal(url.query, rows[i].query);
        assert_string_equal(url.fragment, rows[i].fragment);
        url_format(&url, &text);
        assert_string_equal(str_text(&text), rows[i].formatted != NULL ? rows[i].formatted : rows[i].text);
    }
}

static void bad_urls(void **state UNUSED) {
    static const char *const rows[] = {"https://[::1", "https://[::1]x", "https://host:port", "https://host:99999",
                                       "https://a b/", "https://h:-1",   "http://x\n/",       "https://h:1:2/"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct url url = {0};
        AUTO_ERROR error = NULL;
        assert_int_equal(url_parse(rows[i], &url, &error), -1);
        assert_non_null(error);
    }
}

static void host_and_port(void **state UNUSED) {
    static const struct {
        const char *text, *host;
        unsigned port;
    } rows[] = {
        {"a:1", "a", 1},      {"[::1]:80", "::1", 80}, {":8080", "", 8080}, {"10.0.0.1:65535", "10.0.0.1", 65535},
        {"a", NULL, 0},       {"a:b", NULL, 0},        {"::1:80", NULL, 0}, {"[::1]", NULL, 0},
        {"a:65536", NULL, 0}, {"a:", NULL, 0},         {"", NULL, 0},       {"[::1:80", NULL, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *host = NULL;
        uint16_t port = 0;
        assert_int_equal(url_split_host_port(rows[i].text, &host, &port), rows[i].host != NULL);
        if (rows[i].host != NULL) {
            assert_string_equal(host, rows[i].host);
            assert_int_equal(port, rows[i].port);
        }
        free(host);
    }
}

static void queries(void **state UNUSED) {
    static const struct {
        const char *query, *seen;
        size_t broken;
    } rows[] = {
        {"a=1&b=2", "a=1;b=2;", 0},
        {"", "", 0},
        {NULL, "", 0},
        {"a&&b=", "a=;b=;", 0},
        {"x=%41%20b+c&%79=1", "x=A b c;y=1;", 0},
        {"a=1=2", "a=1=2;", 0},
        {"=1", "=1;", 0},
        {"a=%zz&b=1", "b=1;", 1},
        {"a=%00", "", 1},
        {"l=app%3Dweb%2Ctier+in+(a)", "l=app=web,tier in (a);", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_STR seen = {0};
        struct url_query it = {.rest = rows[i].query};
        while (url_query_next(&it))
            str_printf(&seen, "%s=%s;", it.name, it.value);
        assert_string_equal(str_text(&seen), rows[i].seen);
        assert_int_equal(it.broken, rows[i].broken);
    }
    char *value = url_query_get("a=1&b=x%20y&b=2", "b");
    assert_string_equal(value, "x y");
    free(value);
    assert_null(url_query_get("a=1", "c"));
}

static void building(void **state UNUSED) {
    static const struct {
        const char *base, *result;
    } rows[] = {
        {"", "n=a%20b%26c"},       {"x=1", "x=1&n=a%20b%26c"},       {"/p", "/p?n=a%20b%26c"},
        {"/p?", "/p?n=a%20b%26c"}, {"/p?x=1", "/p?x=1&n=a%20b%26c"}, {"https://h", "https://h?n=a%20b%26c"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_STR text = {0};
        str_append(&text, rows[i].base);
        url_query_add(&text, "n", "a b&c");
        assert_string_equal(text.data, rows[i].result);
    }
    AUTO_STR text = {0};
    url_join(&text, "https://h/base/", "/x");
    str_append_char(&text, ' ');
    url_join(&text, "https://h", "x");
    str_append_char(&text, ' ');
    url_escape_segment(&text, "a/b c%:");
    str_append_char(&text, ' ');
    url_escape_path(&text, "/a b/ä");
    str_append_char(&text, ' ');
    url_host_port("::1", 80, &text);
    assert_string_equal(text.data, "https://h/base/x https://h/x a%2Fb%20c%25: /a%20b/%C3%A4 [::1]:80");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_and_format), cmocka_unit_test(bad_urls), cmocka_unit_test(host_and_port),
        cmocka_unit_test(queries),          cmocka_unit_test(building),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
