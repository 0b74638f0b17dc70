// SPDX-License-Identifier: Apache-2.0
// SHA-256 of bytes in memory.
#include "common/crypto/sha256.h"

#include <gnutls/crypto.h>
#include <stdlib.h>

void sha256_digest(const void *bytes, size_t len, uint8_t out[SHA256_SIZE]) {
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, len, out) < 0)
        abort(); // only a library in its error state refuses
}

const char *sha256_hex(const void *bytes, size_t len, char out[SHA256_HEX_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SHA256_SIZE];
    sha256_digest(bytes, len, digest);
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[SHA256_HEX_SIZE - 1] = '\0';
    return out;
}
