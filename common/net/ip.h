// SPDX-License-Identifier: Apache-2.0
// IPv4 and IPv6 addresses and networks: parse, print, contain, count.
#ifndef CUBE_COMMON_NET_IP_H
#define CUBE_COMMON_NET_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/base/str.h"

#define IP_TEXT_SIZE 64

struct ip {
    bool v6;
    uint8_t bytes[16]; // network order; v4 uses the first four
};
struct ip_net {
    struct ip address; // host bits zero
    unsigned prefix_len;
};

// Strict, as Go's net.ParseIP since 1.17: no leading zeros, no zone. IPv4-mapped IPv6 becomes IPv4.
bool ip_parse(const char *text, struct ip *ret_ip) MUST_CHECK;
// The canonical text in buffer (IP_TEXT_SIZE bytes), which is returned.
const char *ip_format(const struct ip *ip, char *buffer);
bool ip_equal(const struct ip *a, const struct ip *b);
int ip_compare(const struct ip *a, const struct ip *b); // v4 before v6
bool ip_is_loopback(const struct ip *ip);
bool ip_is_unspecified(const struct ip *ip);
bool ip_is_link_local(const struct ip *ip);
bool ip_is_multicast(const struct ip *ip);
unsigned ip_bits(const struct ip *ip); // 32 or 128
// ip + offset; false if it wraps around.
bool ip_add(const struct ip *ip, uint64_t offset, struct ip *ret_ip) MUST_CHECK;
// b - a for addresses of one family with b >= a and a difference below 2^64; else false.
bool ip_distance(const struct ip *a, const struct ip *b, uint64_t *ret_distance) MUST_CHECK;

// "10.0.0.0/24"; host bits are cut off. Messages as Go's: `invalid CIDR address: x`.
int ip_net_parse(const char *text, struct ip_net *ret_net, struct error **err) MUST_CHECK;
// The same, and the address as written ("10.0.0.5/24" -> 10.0.0.5).
int ip_net_parse_address(const char *text, struct ip *ret_address, struct ip_net *ret_net, struct error **err) MUST_CHECK;
const char *ip_net_format(const struct ip_net *net, char *buffer);
bool ip_net_contains(const struct ip_net *net, const struct ip *ip);
bool ip_net_overlaps(const struct ip_net *a, const struct ip_net *b);
uint64_t ip_net_size(const struct ip_net *net); // addresses in it; UINT64_MAX if more
// The index-th address (0: the network's own); false beyond its end.
bool ip_net_at(const struct ip_net *net, uint64_t index, struct ip *ret_ip) MUST_CHECK;
// The index-th subnet of the given length; false beyond its end.
bool ip_net_subnet(const struct ip_net *net, unsigned prefix_len, uint64_t index, struct ip_net *ret_net) MUST_CHECK;

// Zero-initialise to start.
struct ip_net_list {
    struct ip_net *items;
    size_t len;
    size_t cap;
};
// Appends the comma-separated networks. A bare address counts as a network of its own if bare_addresses.
int ip_net_list_parse(struct ip_net_list *list, const char *text, bool bare_addresses, struct error **err) MUST_CHECK;
void ip_net_list_add(struct ip_net_list *list, const struct ip_net *net);
bool ip_net_list_contains(const struct ip_net_list *list, const struct ip *ip);
void ip_net_list_free(struct ip_net_list *list);

#endif
