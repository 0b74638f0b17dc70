// SPDX-License-Identifier: Apache-2.0
// Private and public keys, RSA and ECDSA, in all the PEM encodings that runbooks leave behind.
#ifndef CUBE_COMMON_CRYPTO_KEY_H
#define CUBE_COMMON_CRYPTO_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/base/str.h"
#include "common/base/vec.h"

// Immutable and safe to use from several threads. A private key contains its public half.
struct key;

enum key_type { KEY_RSA, KEY_EC_P256, KEY_EC_P384, KEY_EC_P521 };

#define AUTO_KEY CLEANUP(key_freep) struct key *

// The first private key in the PEM text: PRIVATE KEY (PKCS#8), RSA PRIVATE KEY, EC PRIVATE KEY; other blocks are skipped.
int key_parse_private(const char *pem, size_t len, struct key **ret_key, struct error **err) MUST_CHECK;
int key_load_private(const char *path, struct key **ret_key, struct error **err) MUST_CHECK;
// Appends a struct key * for each block that holds one: CERTIFICATE, PUBLIC KEY, RSA PUBLIC KEY and the public half of the private
// encodings; unknown blocks are skipped. An error if there is none, or a known block is broken.
int key_parse_public_all(const char *pem, size_t len, struct ptr_vec *out, struct error **err) MUST_CHECK;
int key_load_public_all(const char *path, struct ptr_vec *out, struct error **err) MUST_CHECK;

int key_generate(enum key_type type, unsigned rsa_bits, struct key **ret_key, struct error **err) MUST_CHECK; // rsa_bits 0: 2048
bool key_is_private(const struct key *key);
enum key_type key_type_of(const struct key *key);
// Appends PEM: EC PRIVATE KEY or RSA PRIVATE KEY; PUBLIC KEY.
int key_private_pem(const struct key *key, struct str *out, struct error **err) MUST_CHECK;
int key_public_pem(const struct key *key, struct str *out, struct error **err) MUST_CHECK;
// Appends the key id that upstream puts into tokens: base64url of the SHA-256 of the public key's DER (PKIX).
int key_id(const struct key *key, struct str *out, struct error **err) MUST_CHECK;
bool key_same_public(const struct key *a, const struct key *b);
void key_free(struct key *key); // NULL is fine
void key_freep(struct key **key);

#endif
