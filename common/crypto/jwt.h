// SPDX-License-Identifier: Apache-2.0
// JSON web tokens in compact form, signed RS256 or ES256 (ES384, ES512 by the key's curve). Claims are JSON text of the caller's.
#ifndef CUBE_COMMON_CRYPTO_JWT_H
#define CUBE_COMMON_CRYPTO_JWT_H

#include <stddef.h>

#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/base/str.h"
#include "common/base/vec.h"
#include "common/crypto/key.h"

// Appends header.claims.signature; the header holds alg and kid (key_id).
int jwt_sign(const char *claims, size_t len, const struct key *key, struct str *out, struct error **err) MUST_CHECK;
// Checks the signature with each key (struct key *) whose kind fits the header's alg, those with the header's kid first, and
// appends the claims as they were signed (JSON text, not yet parsed). Times and audience are the caller's to check.
int jwt_verify(const char *token, size_t len, const struct ptr_vec *keys, struct str *ret_claims, struct error **err) MUST_CHECK;

#endif
