// SPDX-License-Identifier: Apache-2.0
// Randomness as a seam: names, UIDs and jitter come from a source that was handed in; a seeded one makes runs repeatable.
#ifndef CUBE_COMMON_BASE_RANDOM_H
#define CUBE_COMMON_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#define UUID_TEXT_SIZE 37

struct random;

struct random *random_system(void);              // the kernel's; safe from any thread
struct random *random_seeded_new(uint64_t seed); // locked inside
void random_seeded_free(struct random *random);

void random_bytes(struct random *random, void *buffer, size_t len);
uint64_t random_below(struct random *random, uint64_t bound);      // [0, bound), bound > 0
double random_unit(struct random *random);                         // [0, 1)
void random_uuid(struct random *random, char out[UUID_TEXT_SIZE]); // version 4, lower case
// len characters of upstream's alphabet for generated names (bcdfghjklmnpqrstvwxz2456789), and a NUL.
void random_name_suffix(struct random *random, char *out, size_t len);

#endif
