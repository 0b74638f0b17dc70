// SPDX-License-Identifier: Apache-2.0
// Hashes that are not cryptography: FNV-1a for stable values, SipHash for tables keyed by what users send.
#ifndef CUBE_COMMON_BASE_HASH_H
#define CUBE_COMMON_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint32_t hash_fnv1a_32(const void *bytes, size_t len);
uint64_t hash_fnv1a_64(const void *bytes, size_t len);
// SipHash-1-3 with a key drawn once per process.
uint64_t hash_table_key(const void *bytes, size_t len);

#endif
