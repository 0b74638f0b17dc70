// SPDX-License-Identifier: Apache-2.0
// IPv4 and IPv6 addresses and networks: parse, print, contain, count.
#include "common/net/ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

bool ip_parse(const char *text, struct ip *ret_ip) {
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct ip ip = {0};
    uint8_t bytes[16];
    if (inet_pton(AF_INET, text, bytes) == 1) { // glibc refuses leading zeros here
        memcpy(ip.bytes, bytes, 4);
    } else if (inet_pton(AF_INET6, text, bytes) == 1) {
        ip.v6 = memcmp(bytes, mapped, sizeof(mapped)) != 0;
        memcpy(ip.bytes, ip.v6 ? bytes : bytes + 12, ip.v6 ? 16 : 4);
    } else {
        return false;
    }
    *ret_ip = ip;
    return true;
}

const char *ip_format(const struct ip *ip, char *buffer) {
    if (inet_ntop(ip->v6 ? AF_INET6 : AF_INET, ip->bytes, buffer, IP_TEXT_SIZE) == NULL)
        buffer[0] = '\0';
    return buffer;
}

unsigned ip_bits(const struct ip *ip) {
    return ip->v6 ? 128 : 32;
}

static size_t byte_count(const struct ip *ip) {
    return ip->v6 ? 16 : 4;
}

int ip_compare(const struct ip *a, const struct ip *b) {
    if (a->v6 != b->v6)
        return a->v6 ? 1 : -1;
    return memcmp(a->bytes, b->bytes, byte_count(a));
}

bool ip_equal(const struct ip *a, const struct ip *b) {
    return ip_compare(a, b) == 0;
}

bool ip_is_loopback(const struct ip *ip) {
    static const uint8_t one[16] = {[15] = 1};
    return ip->v6 ? memcmp(ip->bytes, one, 16) == 0 : ip->bytes[0] == 127;
}

bool ip_is_unspecified(const struct ip *ip) {
    static const uint8_t zero[16] = {0};
    return memcmp(ip->bytes, zero, byte_count(ip)) == 0;
}

bool ip_is_link_local(const struct ip *ip) {
    return ip->v6 ? ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80 : ip->bytes[0] == 169 && ip->bytes[1] == 254;
}

bool ip_is_multicast(const struct ip *ip) {
    return ip->v6 ? ip->bytes[0] == 0xff : (ip->bytes[0] & 0xf0) == 0xe0;
}

bool ip_add(const struct ip *ip, uint64_t offset, struct ip *ret_ip) {
    struct ip sum = *ip;
    uint64_t carry = offset;
    for (size_t i = byte_count(ip); i > 0 && carry > 0; i--) {
        // Byte by byte, so that nothing overflows: the low byte of the carry is added, the rest moves up.
        unsigned byte = sum.bytes[i - 1] + (unsigned)(carry & 0xff);
        sum.bytes[i - 1] = (uint8_t)byte;
        carry = (carry >> 8) + (byte >> 8);
    }
    if (carry > 0)
        return false;
    *ret_ip = sum;
    return true;
}

bool ip_distance(const struct ip *a, const struct ip *b, uint64_t *ret_distance) {
    if (a->v6 != b->v6 || ip_compare(a, b) > 0)
        return false;
    size_t count = byte_count(a);
    uint8_t difference[16] = {0};
    int borrow = 0;
    for (size_t i = count; i > 0; i--) {
        int byte = b->bytes[i - 1] - a->bytes[i - 1] - borrow;
        borrow = byte < 0;
        difference[i - 1] = (uint8_t)(byte + (borrow ? 256 : 0));
    }
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        if (count - i > 8 && difference[i] != 0)
            return false;
        value = value << 8 | difference[i];
    }
    *ret_distance = value;
    return true;
}

// --- networks --------------------------------------------------------------------------------------------------------------

static struct ip mask_host(const struct ip *ip, unsigned prefix_len) {
    struct ip masked = *ip;
    for (unsigned i = 0; i < byte_count(ip); i++) {
        unsigned kept = prefix_len > 8 * i ? MIN(prefix_len - 8 * i, 8) : 0;
        masked.bytes[i] = (uint8_t)(masked.bytes[i] & (0xff00 >> kept));
    }
    return masked;
}

int ip_net_parse_address(const char *text, struct ip *ret_address, struct ip_net *ret_net, struct error **err) {
    const char *slash = strchr(text, '/');
    struct ip address;
    uint64_t prefix_len;
    if (slash == NULL || slash - text >= IP_TEXT_SIZE)
        return error_set(err, "invalid CIDR address: %s", text);
    char buffer[IP_TEXT_SIZE];
    memcpy(buffer, text, (size_t)(slash - text));
    buffer[slash - text] = '\0';
    bool written_as_v6 = strchr(buffer, ':') != NULL;
    bool digits =
        slash[1] != '\0' && strspn(slash + 1, "0123456789") == strlen(slash + 1) && (slash[1] != '0' || slash[2] == '\0');
    if (!digits || !ip_parse(buffer, &address) || !str_to_uint64(slash + 1, &prefix_len) ||
        prefix_len > (written_as_v6 ? 128 : 32))
        return error_set(err, "invalid CIDR address: %s", text);
    if (written_as_v6 && !address.v6) { // ::ffff:10.0.0.0/104
        if (prefix_len < 96)
            return error_set(err, "invalid CIDR address: %s", text);
        prefix_len -= 96;
    }
    if (ret_address != NULL)
        *ret_address = address;
    *ret_net = (struct ip_net){.address = mask_host(&address, (unsigned)prefix_len), .prefix_len = (unsigned)prefix_len};
    return 0;
}

int ip_net_parse(const char *text, struct ip_net *ret_net, struct error **err) {
    return ip_net_parse_address(text, NULL, ret_net, err);
}

const char *ip_net_format(const struct ip_net *net, char *buffer) {
    ip_format(&net->address, buffer);
    size_t len = strlen(buffer);
    snprintf(buffer + len, IP_TEXT_SIZE - len, "/%u", net->prefix_len);
    return buffer;
}

bool ip_net_contains(const struct ip_net *net, const struct ip *ip) {
    if (net->address.v6 != ip->v6)
        return false;
    struct ip masked = mask_host(ip, net->prefix_len);
    return ip_equal(&masked, &net->address);
}

bool ip_net_overlaps(const struct ip_net *a, const struct ip_net *b) {
    return ip_net_contains(a, &b->address) || ip_net_contains(b, &a->address);
}

uint64_t ip_net_size(const struct ip_net *net) {
    unsigned host_bits = ip_bits(&net->address) - net->prefix_len;
    return host_bits >= 64 ? UINT64_MAX : UINT64_C(1) << host_bits;
}

bool ip_net_at(const struct ip_net *net, uint64_t index, struct ip *ret_ip) {
    unsigned host_bits = ip_bits(&net->address) - net->prefix_len;
    if (host_bits < 64 && index >> host_bits != 0)
        return false;
    return ip_add(&net->address, index, ret_ip);
}

bool ip_net_subnet(const struct ip_net *net, unsigned prefix_len, uint64_t index, struct ip_net *ret_net) {
    unsigned bits = ip_bits(&net->address);
    if (prefix_len < net->prefix_len || prefix_len > bits)
        return false;
    unsigned index_bits = prefix_len - net->prefix_len;
    if (index_bits < 64 && index >> index_bits != 0)
        return false;
    struct ip_net subnet = {.address = net->address, .prefix_len = prefix_len};
    for (unsigned bit = 0; bit < 64 && bit < index_bits; bit++) { // bit 0 of the index is the last bit of the prefix
        unsigned position = prefix_len - 1 - bit;
        if ((index >> bit & 1) != 0)
            subnet.address.bytes[position / 8] |= (uint8_t)(0x80 >> position % 8);
    }
    *ret_net = subnet;
    return true;
}

// --- lists -----------------------------------------------------------------------------------------------------------------

void ip_net_list_add(struct ip_net_list *list, const struct ip_net *net) {
    if (list->len == list->cap) {
        list->cap = list->cap == 0 ? 4 : 2 * list->cap;
        list->items = alloc_resize(list->items, list->cap, sizeof(*list->items));
    }
    list->items[list->len++] = *net;
}

int ip_net_list_parse(struct ip_net_list *list, const char *text, bool bare_addresses, struct error **err) {
    AUTO_STR_LIST parts = {0};
    size_t before = list->len;
    str_list_split(&parts, text, ',');
    for (size_t i = 0; i < parts.len; i++) {
        struct ip_net net;
        struct ip ip;
        if (bare_addresses && ip_parse(parts.items[i], &ip)) {
            net = (struct ip_net){.address = ip, .prefix_len = ip_bits(&ip)};
        } else if (ip_net_parse(parts.items[i], &net, err) < 0) {
            list->len = before;
            return -1;
        }
        ip_net_list_add(list, &net);
    }
    return 0;
}

bool ip_net_list_contains(const struct ip_net_list *list, const struct ip *ip) {
    for (size_t i = 0; i < list->len; i++)
        if (ip_net_contains(&list->items[i], ip))
            return true;
    return false;
}

void ip_net_list_free(struct ip_net_list *list) {
    free(list->items);
    *list = (struct ip_net_list){0};
}
