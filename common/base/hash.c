// SPDX-License-Identifier: Apache-2.0
// FNV-1a and SipHash-1-3.
#include "common/base/hash.h"

#include <pthread.h>
#include <string.h>

#include "common/base/random.h"

uint32_t hash_fnv1a_32(const void *bytes, size_t len) {
    const unsigned char *byte = bytes;
    uint32_t hash = UINT32_C(2166136261);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ byte[i]) * UINT32_C(16777619);
    return hash;
}

uint64_t hash_fnv1a_64(const void *bytes, size_t len) {
    const unsigned char *byte = bytes;
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ byte[i]) * UINT64_C(1099511628211);
    return hash;
}

static uint64_t table_key[2];
static pthread_once_t table_key_once = PTHREAD_ONCE_INIT;

static void draw_table_key(void) {
    random_bytes(random_system(), table_key, sizeof(table_key));
}

static uint64_t rotate(uint64_t value, int count) {
    return value << count | value >> (64 - count);
}

static void sip_round(uint64_t v[4]) {
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

uint64_t hash_table_key(const void *bytes, size_t len) {
    pthread_once(&table_key_once, draw_table_key);
    uint64_t v[4] = {table_key[0] ^ UINT64_C(0x736f6d6570736575), table_key[1] ^ UINT64_C(0x646f72616e646f6d),
                     table_key[0] ^ UINT64_C(0x6c7967656e657261), table_key[1] ^ UINT64_C(0x7465646279746573)};
    const unsigned char *byte = bytes;
    size_t left = len;
    for (; left >= 8; left -= 8, byte += 8) {
        uint64_t word = 0;
        memcpy(&word, byte, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)len << 56;
    for (size_t i = 0; i < left; i++)
        last |= (uint64_t)byte[i] << (8 * i);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xFF;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
