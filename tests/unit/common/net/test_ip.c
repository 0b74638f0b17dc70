// SPDX-License-Identifier: Apache-2.0
// Addresses and networks.
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/net/ip.h"

static void addresses(void **state UNUSED) {
    static const struct {
        const char *text, *formatted; // NULL: refused
    } rows[] = {
        {"10.0.0.1", "10.0.0.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"::", "::"},
        {"::1", "::1"},
        {"FD00:0:0::1", "fd00::1"},
        {"::ffff:10.0.0.1", "10.0.0.1"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"", NULL},
        {"10.0.0", NULL},
        {"10.0.0.256", NULL},
        {"10.0.0.01", NULL},
        {"10.0.0.1 ", NULL},
        {" 10.0.0.1", NULL},
        {"0x7f.0.0.1", NULL},
        {"1", NULL},
        {"fe80::1%eth0", NULL},
        {":::", NULL},
        {"1:2:3:4:5:6:7:8:9", NULL},
        {"10.0.0.1/24", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ip ip;
        char buffer[IP_TEXT_SIZE];
        assert_int_equal(ip_parse(rows[i].text, &ip), rows[i].formatted != NULL);
        if (rows[i].formatted != NULL)
            assert_string_equal(ip_format(&ip, buffer), rows[i].formatted);
    }
}

static struct ip ip_of(const char *text) {
    struct ip ip;
    assert_true(ip_parse(text, &ip));
    return ip;
}

static struct ip_net net_of(const char *text) {
    struct ip_net net;
    assert_int_equal(ip_net_parse(text, &net, NULL), 0);
    return net;
}

static void arithmetic(void **state UNUSED) {
    static const struct {
        const char *from;
        uint64_t offset;
        const char *to; // NULL: wraps around
    } rows[] = {
        {"10.0.0.0", 1, "10.0.0.1"},
        {"10.0.0.255", 1, "10.0.1.0"},
        {"10.255.255.255", 2, "11.0.0.1"},
        {"255.255.255.255", 1, NULL},
        {"0.0.0.0", UINT32_MAX, "255.255.255.255"},
        {"0.0.0.0", UINT64_C(1) << 32, NULL},
        {"0.0.0.1", UINT64_MAX, NULL},
        {"fd00::ffff:ffff:ffff:ffff", 1, "fd00::1:0:0:0:0"},
        {"fd00::1", UINT64_MAX, "fd00::1:0:0:0:0"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ip from = ip_of(rows[i].from), sum;
        assert_int_equal(ip_add(&from, rows[i].offset, &sum), rows[i].to != NULL);
        if (rows[i].to != NULL) {
            struct ip to = ip_of(rows[i].to);
            uint64_t distance;
            assert_true(ip_equal(&sum, &to));
            assert_true(ip_distance(&from, &to, &distance));
            assert_true(distance == rows[i].offset);
            assert_int_equal(ip_distance(&to, &from, &distance), rows[i].offset == 0);
        }
    }
    struct ip a = ip_of("::1"), b = ip_of("fd00::1"), c = ip_of("1.2.3.4");
    uint64_t distance;
    assert_false(ip_distance(&a, &b, &distance));
    assert_false(ip_distance(&c, &b, &distance));
}

static void networks(void **state UNUSED) {
    static const struct {
        const char *text, *formatted; // NULL: refused
        uint64_t size;
    } rows[] = {
        {"10.0.0.0/24", "10.0.0.0/24", 256},
        {"10.1.2.3/8", "10.0.0.0/8", 1 << 24},
        {"10.1.2.3/32", "10.1.2.3/32", 1},
        {"0.0.0.0/0", "0.0.0.0/0", 1ull << 32},
        {"10.1.2.255/25", "10.1.2.128/25", 128},
        {"fd00::/108", "fd00::/108", 1 << 20},
        {"fd00::ff/64", "fd00::/64", UINT64_MAX},
        {"::/0", "::/0", UINT64_MAX},
        {"fd00::1/128", "fd00::1/128", 1},
        {"10.0.0.0", NULL, 0},
        {"10.0.0.0/33", NULL, 0},
        {"10.0.0.0/", NULL, 0},
        {"10.0.0.0/-1", NULL, 0},
        {"10.0.0.0/08", NULL, 0},
        {"10.0.0/8", NULL, 0},
        {"/8", NULL, 0},
        {"fd00::/129", NULL, 0},
        {"10.0.0.0/8/8", NULL, 0},
        {"10.0.0.0/+8", NULL, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ip_net net;
        char buffer[IP_TEXT_SIZE];
        AUTO_ERROR error = NULL;
        assert_int_equal(ip_net_parse(rows[i].text, &net, &error), rows[i].formatted != NULL ? 0 : -1);
        if (rows[i].formatted != NULL) {
            assert_string_equal(ip_net_format(&net, buffer), rows[i].formatted);
            assert_true(ip_net_size(&net) == rows[i].size);
        } else {
            AUTO_STR message = {0};
            str_printf(&message, "invalid CIDR address: %s", rows[i].text);
            assert_string_equal(error_message(error), message.data);
        }
    }
}

static void containment(void **state UNUSED) {
    static const struct {
        const char *net, *ip;
        bool inside;
    } rows[] = {
        {"10.0.0.0/24", "10.0.0.255", true},  {"10.0.0.0/24", "10.0.1.0", false}, {"0.0.0.0/0", "1.2.3.4", true},
        {"10.0.0.0/25", "10.0.0.128", false}, {"fd00::/8", "fdff::1", true},      {"fd00::/8", "fe00::1", false},
        {"0.0.0.0/0", "::1", false},          {"::/0", "10.0.0.1", false},        {"10.0.0.0/8", "::ffff:10.1.1.1", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ip_net net = net_of(rows[i].net);
        struct ip ip = ip_of(rows[i].ip);
        assert_int_equal(ip_net_contains(&net, &ip), rows[i].inside);
    }
    struct ip_net a = net_of("10.0.0.0/8"), b = net_of("10.200.0.0/16"), c = net_of("11.0.0.0/8");
    assert_true(ip_net_overlaps(&a, &b) && ip_net_overlaps(&b, &a));
    assert_false(ip_net_overlaps(&a, &c));
}

static void positions(void **state UNUSED) {
    struct ip_net net = net_of("10.200.0.0/16"), small = net_of("10.0.0.0/24"), six = net_of("fd00::/48"), subnet;
    struct ip ip;
    char buffer[IP_TEXT_SIZE];
    assert_true(ip_net_at(&small, 1, &ip));
    assert_string_equal(ip_format(&ip, buffer), "10.0.0.1");
    assert_true(ip_net_at(&small, 255, &ip));
    assert_false(ip_net_at(&small, 256, &ip));
    assert_true(ip_net_subnet(&net, 24, 0, &subnet));
    assert_string_equal(ip_net_format(&subnet, buffer), "10.200.0.0/24");
    assert_true(ip_net_subnet(&net, 24, 255, &subnet));
    assert_string_equal(ip_net_format(&subnet, buffer), "10.200.255.0/24");
    assert_false(ip_net_subnet(&net, 24, 256, &subnet));
    assert_false(ip_net_subnet(&net, 15, 0, &subnet));
    assert_false(ip_net_subnet(&net, 33, 0, &subnet));
    assert_true(ip_net_subnet(&six, 64, 0x1234, &subnet));
    assert_string_equal(ip_net_format(&subnet, buffer), "fd00:0:0:1234::/64");
}

static void lists(void **state UNUSED) {
    struct ip_net_list list = {0};
    AUTO_ERROR error = NULL;
    struct ip inside = ip_of("192.168.1.1"), bare = ip_of("1.2.3.4"), outside = ip_of("1.2.3.5");
    assert_int_equal(ip_net_list_parse(&list, "10.0.0.0/8,192.168.0.0/16", false, &error), 0);
    assert_int_equal(ip_net_list_parse(&list, "1.2.3.4", true, &error), 0);
    assert_int_equal(list.len, 3);
    assert_int_equal(ip_net_list_parse(&list, "fd00::/8,1.2.3.4", false, &error), -1);
    assert_int_equal(list.len, 3);
    assert_true(ip_net_list_contains(&list, &inside));
    assert_true(ip_net_list_contains(&list, &bare));
    assert_false(ip_net_list_contains(&list, &outside));
    ip_net_list_free(&list);
}

static void kinds(void **state UNUSED) {
    static const struct {
        const char *text;
        bool loopback, unspecified, link_local, multicast;
    } rows[] = {
        {"127.0.0.1", true, false, false, false}, {"127.255.0.1", true, false, false, false},
        {"::1", true, false, false, false},       {"0.0.0.0", false, true, false, false},
        {"::", false, true, false, false},        {"169.254.1.1", false, false, true, false},
        {"fe80::1", false, false, true, false},   {"fec0::1", false, false, false, false},
        {"224.0.0.1", false, false, false, true}, {"239.255.0.1", false, false, false, true},
        {"ff02::1", false, false, false, true},   {"10.0.0.1", false, false, false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ip ip = ip_of(rows[i].text);
        assert_int_equal(ip_is_loopback(&ip), rows[i].loopback);
        assert_int_equal(ip_is_unspecified(&ip), rows[i].unspecified);
        assert_int_equal(ip_is_link_local(&ip), rows[i].link_local);
        assert_int_equal(ip_is_multicast(&ip), rows[i].multicast);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses), cmocka_unit_test(arithmetic), cmocka_unit_test(networks), cmocka_unit_test(containment),
        cmocka_unit_test(positions), cmocka_unit_test(lists),      cmocka_unit_test(kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
