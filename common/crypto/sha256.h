// SPDX-License-Identifier: Apache-2.0
// SHA-256 of bytes in memory.
#ifndef CUBE_COMMON_CRYPTO_SHA256_H
#define CUBE_COMMON_CRYPTO_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32
#define SHA256_HEX_SIZE 65

void sha256_digest(const void *bytes, size_t len, uint8_t out[SHA256_SIZE]);
// Lower-case hex in out, NUL-terminated; returns out.
const char *sha256_hex(const void *bytes, size_t len, char out[SHA256_HEX_SIZE]);

#endif
