// SPDX-License-Identifier: Apache-2.0
// Randomness from the kernel, or xoshiro256** from a seed.
#include "common/base/random.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/alloc.h"
#include "common/base/lock.h"

struct random {
    bool seeded;
    struct lock lock; // guards state; only of a seeded one
    uint64_t state[4];
};

struct random *random_system(void) {
    static struct random random;
    return &random;
}

static uint64_t split_mix(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

struct random *random_seeded_new(uint64_t seed) {
    struct random *random = alloc_zero(sizeof(*random));
    random->seeded = true;
    lock_init(&random->lock, "random");
    for (size_t i = 0; i < ARRAY_LEN(random->state); i++)
        random->state[i] = split_mix(&seed);
    return random;
}

void random_seeded_free(struct random *random) {
    if (!random)
        return;
    lock_destroy(&random->lock);
    free(random);
}

static uint64_t rotate(uint64_t value, int count) {
    return value << count | value >> (64 - count);
}

static uint64_t next_seeded(uint64_t s[4]) {
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

static void kernel_bytes(char *buffer, size_t len) {
    while (len > 0) {
        ssize_t got = getrandom(buffer, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort(); // a kernel without getrandom
        buffer += got;
        len -= (size_t)got;
    }
}

void random_bytes(struct random *random, void *buffer, size_t len) {
    char *out = buffer;
    if (!random->seeded) {
        kernel_bytes(out, len);
        return;
    }
    LOCKED(&random->lock) {
        while (len > 0) {
            uint64_t word = next_seeded(random->state);
            size_t part = len < sizeof(word) ? len : sizeof(word);
            memcpy(out, &word, part);
            out += part;
            len -= part;
        }
    }
}

static uint64_t next_word(struct random *random) {
    uint64_t word = 0;
    random_bytes(random, &word, sizeof(word));
    return word;
}

uint64_t random_below(struct random *random, uint64_t bound) {
    assert(bound > 0);
    uint64_t skip = (0 - bound) % bound; // as many low values as would make some results more likely
    uint64_t word = 0;
    do
        word = next_word(random);
    while (word < skip);
    return word % bound;
}

double random_unit(struct random *random) {
    return (double)(next_word(random) >> 11) * 0x1.0p-53;
}

void random_uuid(struct random *random, char out[UUID_TEXT_SIZE]) {
    unsigned char b[16];
    random_bytes(random, b, sizeof(b));
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    snprintf(out, UUID_TEXT_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
             b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

void random_name_suffix(struct random *random, char *out, size_t len) {
    static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
    for (size_t i = 0; i < len; i++)
        out[i] = alphabet[random_below(random, sizeof(alphabet) - 1)];
    out[len] = '\0';
}
