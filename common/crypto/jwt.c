// SPDX-License-Identifier: Apache-2.0
// JSON web tokens in compact form: sign and verify.
#include "common/crypto/jwt.h"

#include <gnutls/crypto.h>
#include <stdint.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/encoding.h"
#include "common/crypto/key_internal.h"
#include "common/data/json.h"

#define MAX_TOKEN ((size_t)1024 * 1024)

static const struct algorithm {
    const char *name;
    enum key_type type;
    gnutls_sign_algorithm_t signature;
    size_t integer_size; // ES*: bytes of each half of the raw signature
} algorithms[] = {
    {"RS256", KEY_RSA, GNUTLS_SIGN_RSA_SHA256, 0},
    {"ES256", KEY_EC_P256, GNUTLS_SIGN_ECDSA_SHA256, 32},
    {"ES384", KEY_EC_P384, GNUTLS_SIGN_ECDSA_SHA384, 48},
    {"ES512", KEY_EC_P521, GNUTLS_SIGN_ECDSA_SHA512, 66},
};

static const struct algorithm *algorithm_of_key(const struct key *key) {
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
        if (algorithms[i].type == key_type_of(key))
            return &algorithms[i];
    return NULL;
}

// --- signing ---------------------------------------------------------------------------------------------------------------

static void append_integer(struct str *out, const gnutls_datum_t *value, size_t size) {
    size_t skip = 0;
    while (skip < value->size && value->size - skip > size)
        skip++; // leading zeros of the DER form
    for (size_t i = value->size - skip; i < size; i++)
        str_append_char(out, '\0');
    str_append_n(out, value->data + skip, value->size - skip);
}

static int sign_bytes(const struct key *key, const struct algorithm *algorithm, const struct str *input, struct str *out,
                      struct error **err) {
    gnutls_datum_t text = {.data = (unsigned char *)input->data, .size = (unsigned)input->len}, signature = {0}, r = {0}, s = {0};
    int status = gnutls_privkey_sign_data2(key->private_key, algorithm->signature, 0, &text, &signature);
    if (status >= 0 && algorithm->integer_size > 0) {
        status = gnutls_decode_rs_value(&signature, &r, &s);
        if (status >= 0) {
            append_integer(out, &r, algorithm->integer_size);
            append_integer(out, &s, algorithm->integer_size);
        }
    } else if (status >= 0) {
        str_append_n(out, signature.data, signature.size);
    }
    gnutls_free(signature.data);
    gnutls_free(r.data);
    gnutls_free(s.data);
    return status < 0 ? error_set(err, "sign token: %s", gnutls_strerror(status)) : 0;
}

int jwt_sign(const char *claims, size_t len, const struct key *key, struct str *out, struct error **err) {
    const struct algorithm *algorithm = algorithm_of_key(key);
    AUTO_STR id = {0}, header = {0}, input = {0}, signature = {0};
    if (algorithm == NULL || !key_is_private(key))
        return error_set(err, "sign token: the key cannot sign");
    if (key_id(key, &id, err) < 0)
        return -1;
    str_printf(&header, "{\"alg\":\"%s\",\"kid\":\"%s\"}", algorithm->name, id.data);
    base64url_encode(&input, header.data, header.len);
    str_append_char(&input, '.');
    base64url_encode(&input, claims, len);
    if (sign_bytes(key, algorithm, &input, &signature, err) < 0)
        return -1;
    str_append_n(out, input.data, input.len);
    str_append_char(out, '.');
    base64url_encode(out, signature.data, signature.len);
    return 0;
}

// --- verification ----------------------------------------------------------------------------------------------------------

static bool signature_fits(const struct key *key, const struct algorithm *algorithm, const gnutls_datum_t *input,
                           const struct str *signature) {
    gnutls_datum_t given = {.data = (unsigned char *)signature->data, .size = (unsigned)signature->len}, der = {0};
    if (key_type_of(key) != algorithm->type)
        return false;
    if (algorithm->integer_size > 0) {
        size_t size = algorithm->integer_size;
        if (signature->len != 2 * size)
            return false;
        gnutls_datum_t r = {.data = given.data, .size = (unsigned)size}, s = {.data = given.data + size, .size = (unsigned)size};
        if (gnutls_encode_rs_value(&der, &r, &s) < 0)
            return false;
        given = der;
    }
    int status = gnutls_pubkey_verify_data2(key->public_key, algorithm->signature, 0, input, &given);
    gnutls_free(der.data);
    return status >= 0;
}

static bool has_id(const struct key *key, const char *id) {
    AUTO_STR own = {0};
    return id != NULL && key_id(key, &own, NULL) == 0 && str_equal(own.data, id);
}

static bool any_key_fits(const struct ptr_vec *keys, const char *id, const struct algorithm *algorithm,
                         const gnutls_datum_t *input, const struct str *signature) {
    for (int named = 1; named >= 0; named--)
        for (size_t i = 0; i < keys->len; i++)
            if (has_id(keys->items[i], id) == (named == 1) && signature_fits(keys->items[i], algorithm, input, signature))
                return true;
    return false;
}

static const struct algorithm *algorithm_named(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
        if (str_equal(algorithms[i].name, name))
            return &algorithms[i];
    return NULL;
}

// The algorithm and the key id in the token's header. A header that demands extensions is refused (RFC 7515, "crit").
static int read_header(const char *text, size_t len, const struct algorithm **ret_algorithm, char **ret_id, struct error **err) {
    AUTO_STR bytes = {0};
    AUTO_JSON header = NULL;
    if (!base64url_decode(&bytes, text, len))
        return error_set(err, "malformed token: the header is not base64url");
    if (json_parse(str_text(&bytes), bytes.len, NULL, &header, err) < 0)
        return error_prefix(err, "malformed token header");
    if (!json_is_object(header) || json_has(header, "crit"))
        return error_set(err, "malformed token header");
    const struct algorithm *algorithm = algorithm_named(json_get_text(header, "alg"));
    if (algorithm == NULL)
        return error_set(err, "unexpected signature algorithm \"%s\"", json_get_text(header, "alg"));
    *ret_id = alloc_string_or_null(json_get_string(header, "kid"));
    *ret_algorithm = algorithm;
    return 0;
}

int jwt_verify(const char *token, size_t len, const struct ptr_vec *keys, struct str *ret_claims, struct error **err) {
    const char *end = token + len;
    const char *first = memchr(token, '.', len);
    const char *second = first == NULL ? NULL : memchr(first + 1, '.', (size_t)(end - first - 1));
    if (len > MAX_TOKEN || second == NULL || memchr(second + 1, '.', (size_t)(end - second - 1)) != NULL)
        return error_set(err, "malformed token: it must have three parts");
    AUTO_STR claims = {0}, signature = {0};
    CLEANUP(free_ptr) char *id = NULL;
    const struct algorithm *algorithm = NULL;
    if (read_header(token, (size_t)(first - token), &algorithm, &id, err) < 0)
        return -1;
    if (!base64url_decode(&claims, first + 1, (size_t)(second - first - 1)) ||
        !base64url_decode(&signature, second + 1, (size_t)(end - second - 1)))
        return error_set(err, "malformed token: claims or signature are not base64url");
    const gnutls_datum_t input = {.data = (unsigned char *)(uintptr_t)token, .size = (unsigned)(second - token)};
    if (signature.len == 0 || !any_key_fits(keys, id, algorithm, &input, &signature))
        return error_set(err, "invalid signature, no keys found");
    str_append_n(ret_claims, claims.data, claims.len);
    return 0;
}
