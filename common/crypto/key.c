// SPDX-License-Identifier: Apache-2.0
// Private and public keys, RSA and ECDSA, in all the PEM encodings that runbooks leave behind.
#include "common/crypto/key.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/encoding.h"
#include "common/base/file.h"
#include "common/crypto/key_internal.h"
#include "common/crypto/sha256.h"

#define MAX_KEY_FILE ((size_t)1024 * 1024)
#define DEFAULT_RSA_BITS 2048

bool key_pem_next(const char **rest, const char *end, struct key_pem *ret_block) {
    static const char begin_mark[] = "-----BEGIN ", end_mark[] = "-----END ", dashes[] = "-----";
    const char *begin = *rest;
    for (;;) {
        begin = memmem(begin, (size_t)(end - begin), begin_mark, sizeof(begin_mark) - 1);
        if (begin == NULL)
            return false;
        const char *label = begin + sizeof(begin_mark) - 1;
        const char *label_end = memmem(label, (size_t)(end - label), dashes, sizeof(dashes) - 1);
        const char *close =
            label_end == NULL ? NULL : memmem(label_end, (size_t)(end - label_end), end_mark, sizeof(end_mark) - 1);
        if (close == NULL)
            return false;
        const char *tail = close + sizeof(end_mark) - 1;
        size_t label_len = (size_t)(label_end - label);
        size_t need = label_len + sizeof(dashes) - 1;
        if ((size_t)(end - tail) < need || memcmp(tail, label, label_len) != 0) {
            begin = label; // BEGIN and END differ: look on behind this BEGIN
            continue;
        }
        *ret_block =
            (struct key_pem){.text = begin, .len = (size_t)(tail + need - begin), .label = label, .label_len = label_len};
        *rest = tail + need;
        return true;
    }
}

bool key_pem_is(const struct key_pem *block, const char *label) {
    return strlen(label) == block->label_len && memcmp(block->label, label, block->label_len) == 0;
}

static int crypto_error(struct error **err, int status, const char *what) {
    return error_set(err, "%s: %s", what, gnutls_strerror(status));
}

static int find_type(gnutls_pubkey_t public_key, enum key_type *ret_type, struct error **err) {
    unsigned bits = 0;
    int algorithm = gnutls_pubkey_get_pk_algorithm(public_key, &bits);
    if (algorithm == GNUTLS_PK_RSA) {
        *ret_type = KEY_RSA;
        return 0;
    }
    gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
    if (algorithm == GNUTLS_PK_ECDSA && gnutls_pubkey_export_ecc_raw(public_key, &curve, NULL, NULL) >= 0) {
        switch (curve) {
        case GNUTLS_ECC_CURVE_SECP256R1:
            *ret_type = KEY_EC_P256;
            return 0;
        case GNUTLS_ECC_CURVE_SECP384R1:
            *ret_type = KEY_EC_P384;
            return 0;
        case GNUTLS_ECC_CURVE_SECP521R1:
            *ret_type = KEY_EC_P521;
            return 0;
        default:
            break;
        }
    }
    const char *name = gnutls_pk_algorithm_get_name(algorithm);
    return error_set(err, "key of unsupported kind %s", name == NULL ? "unknown" : name);
}

int key_from_public(gnutls_pubkey_t take_public, struct key **ret_key, struct error **err) {
    enum key_type type = KEY_RSA;
    if (find_type(take_public, &type, err) < 0) {
        gnutls_pubkey_deinit(take_public);
        return -1;
    }
    struct key *key = alloc_zero(sizeof(*key));
    *key = (struct key){.type = type, .public_key = take_public};
    *ret_key = key;
    return 0;
}

// Takes the private key.
static int from_private(gnutls_privkey_t take_private, struct key **ret_key, struct error **err) {
    gnutls_pubkey_t public_key;
    gnutls_pubkey_init(&public_key);
    int status = gnutls_pubkey_import_privkey(public_key, take_private, 0, 0);
    if (status < 0) {
        gnutls_pubkey_deinit(public_key);
        gnutls_privkey_deinit(take_private);
        return crypto_error(err, status, "derive the public key");
    }
    if (key_from_public(public_key, ret_key, err) < 0) {
        gnutls_privkey_deinit(take_private);
        return -1;
    }
    (*ret_key)->private_key = take_private;
    return 0;
}

static gnutls_datum_t block_datum(const struct key_pem *block) {
    return (gnutls_datum_t){.data = (unsigned char *)(uintptr_t)block->text, .size = (unsigned)block->len};
}

static bool is_private_block(const struct key_pem *block) {
    return key_pem_is(block, "PRIVATE KEY") || key_pem_is(block, "RSA PRIVATE KEY") || key_pem_is(block, "EC PRIVATE KEY");
}

static int parse_private_block(const struct key_pem *block, struct key **ret_key, struct error **err) {
    gnutls_datum_t datum = block_datum(block);
    gnutls_privkey_t private_key;
    gnutls_privkey_init(&private_key);
    int status = gnutls_privkey_import_x509_raw(private_key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (status < 0) {
        gnutls_privkey_deinit(private_key);
        return crypto_error(err, status, "parse private key");
    }
    return from_private(private_key, ret_key, err);
}

int key_parse_private(const char *pem, size_t len, struct key **ret_key, struct error **err) {
    struct key_pem block;
    for (const char *rest = pem; key_pem_next(&rest, pem + len, &block);) {
        if (is_private_block(&block))
            return parse_private_block(&block, ret_key, err);
        if (key_pem_is(&block, "ENCRYPTED PRIVATE KEY"))
            return error_set(err, "parse private key: the key is encrypted with a password");
    }
    return error_set(err, "data does not contain a valid RSA or ECDSA private key");
}

int key_load_private(const char *path, struct key **ret_key, struct error **err) {
    AUTO_STR text = {0};
    if (file_read(path, MAX_KEY_FILE, &text, err) < 0)
        return -1;
    int status = key_parse_private(str_text(&text), text.len, ret_key, err);
    if (text.data != NULL)
        explicit_bzero(text.data, text.len);
    return status < 0 ? error_prefix(err, "read \"%s\"", path) : 0;
}

static int parse_certificate_key(const struct key_pem *block, struct key **ret_key, struct error **err) {
    AUTO_X509 certificate = NULL;
    if (x509_parse(block->text, block->len, &certificate, err) < 0)
        return -1;
    return x509_public_key(certificate, ret_key, err);
}

static int parse_public_block(const struct key_pem *block, struct key **ret_key, struct error **err) {
    gnutls_datum_t datum = block_datum(block);
    gnutls_pubkey_t public_key;
    gnutls_pubkey_init(&public_key);
    int status = gnutls_pubkey_import(public_key, &datum, GNUTLS_X509_FMT_PEM);
    if (status < 0) {
        gnutls_pubkey_deinit(public_key);
        return crypto_error(err, status, "parse public key");
    }
    return key_from_public(public_key, ret_key, err);
}

// PKCS#1: SEQUENCE { modulus, exponent }, which GnuTLS does not read by itself. Wrapped into the PKIX form first.
static int parse_rsa_public_block(const struct key_pem *block, struct key **ret_key, struct error **err) {
    static const unsigned char algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                              0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    gnutls_datum_t datum = block_datum(block), inner = {0};
    int status = gnutls_pem_base64_decode2("RSA PUBLIC KEY", &datum, &inner);
    if (status < 0)
        return crypto_error(err, status, "parse public key");
    AUTO_STR der = {0};
    size_t bits = inner.size + 1, body = sizeof(algorithm) + bits + 4;
    if (inner.size > UINT16_MAX - 64) {
        gnutls_free(inner.data);
        return error_set(err, "parse public key: too large");
    }
    const unsigned char outer_head[] = {0x30, 0x82, (unsigned char)(body >> 8), (unsigned char)body};
    const unsigned char bits_head[] = {0x03, 0x82, (unsigned char)(bits >> 8), (unsigned char)bits, 0};
    str_append_n(&der, outer_head, sizeof(outer_head));
    str_append_n(&der, algorithm, sizeof(algorithm));
    str_append_n(&der, bits_head, sizeof(bits_head));
    str_append_n(&der, inner.data, inner.size);
    gnutls_free(inner.data);
    gnutls_datum_t pkix = {.data = (unsigned char *)der.data, .size = (unsigned)der.len};
    gnutls_pubkey_t public_key;
    gnutls_pubkey_init(&public_key);
    status = gnutls_pubkey_import(public_key, &pkix, GNUTLS_X509_FMT_DER);
    if (status < 0) {
        gnutls_pubkey_deinit(public_key);
        return crypto_error(err, status, "parse public key");
    }
    return key_from_public(public_key, ret_key, err);
}

static void drop_private(struct key *key) {
    if (key->private_key != NULL)
        gnutls_privkey_deinit(STEAL(key->private_key));
}

static int parse_any_block(const struct key_pem *block, struct key **ret_key, struct error **err) {
    if (key_pem_is(block, "CERTIFICATE"))
        return parse_certificate_key(block, ret_key, err);
    if (key_pem_is(block, "PUBLIC KEY"))
        return parse_public_block(block, ret_key, err);
    if (key_pem_is(block, "RSA PUBLIC KEY"))
        return parse_rsa_public_block(block, ret_key, err);
    if (!is_private_block(block))
        return 0;
    if (parse_private_block(block, ret_key, err) < 0)
        return -1;
    drop_private(*ret_key);
    return 0;
}

int key_parse_public_all(const char *pem, size_t len, struct ptr_vec *out, struct error **err) {
    struct key_pem block;
    size_t before = out->len;
    for (const char *rest = pem; key_pem_next(&rest, pem + len, &block);) {
        struct key *key = NULL;
        if (parse_any_block(&block, &key, err) < 0) {
            while (out->len > before)
                key_free(ptr_vec_pop(out));
            return -1;
        }
        if (key != NULL)
            ptr_vec_push(out, key);
    }
    if (out->len == before)
        return error_set(err, "data does not contain any valid RSA or ECDSA public keys");
    return 0;
}

int key_load_public_all(const char *path, struct ptr_vec *out, struct error **err) {
    AUTO_STR text = {0};
    if (file_read(path, MAX_KEY_FILE, &text, err) < 0)
        return -1;
    if (key_parse_public_all(str_text(&text), text.len, out, err) < 0)
        return error_prefix(err, "read \"%s\"", path);
    return 0;
}

int key_generate(enum key_type type, unsigned rsa_bits, struct key **ret_key, struct error **err) {
    gnutls_pk_algorithm_t algorithm = type == KEY_RSA ? GNUTLS_PK_RSA : GNUTLS_PK_ECDSA;
    unsigned bits = rsa_bits > 0 ? rsa_bits : DEFAULT_RSA_BITS;
    if (type != KEY_RSA)
        bits = GNUTLS_CURVE_TO_BITS(type == KEY_EC_P256   ? GNUTLS_ECC_CURVE_SECP256R1
                                    : type == KEY_EC_P384 ? GNUTLS_ECC_CURVE_SECP384R1
                                                          : GNUTLS_ECC_CURVE_SECP521R1);
    // Made as an x509 private key, because only that kind can be written out.
    gnutls_x509_privkey_t made;
    gnutls_x509_privkey_init(&made);
    gnutls_privkey_t private_key;
    gnutls_privkey_init(&private_key);
    int status = gnutls_x509_privkey_generate(made, algorithm, bits, 0);
    if (status >= 0)
        status = gnutls_privkey_import_x509(private_key, made, GNUTLS_PRIVKEY_IMPORT_COPY);
    gnutls_x509_privkey_deinit(made);
    if (status < 0) {
        gnutls_privkey_deinit(private_key);
        return crypto_error(err, status, "generate a key");
    }
    return from_private(private_key, ret_key, err);
}

bool key_is_private(const struct key *key) {
    return key->private_key != NULL;
}

enum key_type key_type_of(const struct key *key) {
    return key->type;
}

gnutls_digest_algorithm_t key_digest(const struct key *key) {
    return key->type == KEY_EC_P384 ? GNUTLS_DIG_SHA384 : key->type == KEY_EC_P521 ? GNUTLS_DIG_SHA512 : GNUTLS_DIG_SHA256;
}

int key_private_pem(const struct key *key, struct str *out, struct error **err) {
    if (key->private_key == NULL)
        return error_set(err, "write private key: the key is a public one");
    gnutls_x509_privkey_t plain = NULL;
    gnutls_datum_t pem = {0};
    int status = gnutls_privkey_export_x509(key->private_key, &plain);
    if (status >= 0) {
        status = gnutls_x509_privkey_export2(plain, GNUTLS_X509_FMT_PEM, &pem);
        gnutls_x509_privkey_deinit(plain);
    }
    if (status < 0)
        return crypto_error(err, status, "write private key");
    str_append_n(out, pem.data, pem.size);
    explicit_bzero(pem.data, pem.size);
    gnutls_free(pem.data);
    return 0;
}

static int export_public(const struct key *key, gnutls_x509_crt_fmt_t format, struct str *out, struct error **err) {
    gnutls_datum_t datum = {0};
    int status = gnutls_pubkey_export2(key->public_key, format, &datum);
    if (status < 0)
        return crypto_error(err, status, "write public key");
    str_append_n(out, datum.data, datum.size);
    gnutls_free(datum.data);
    return 0;
}

int key_public_pem(const struct key *key, struct str *out, struct error **err) {
    return export_public(key, GNUTLS_X509_FMT_PEM, out, err);
}

int key_id(const struct key *key, struct str *out, struct error **err) {
    AUTO_STR der = {0};
    uint8_t digest[SHA256_SIZE];
    if (export_public(key, GNUTLS_X509_FMT_DER, &der, err) < 0)
        return -1;
    sha256_digest(der.data, der.len, digest);
    base64url_encode(out, digest, sizeof(digest));
    return 0;
}

bool key_same_public(const struct key *a, const struct key *b) {
    AUTO_STR der_a = {0}, der_b = {0};
    if (export_public(a, GNUTLS_X509_FMT_DER, &der_a, NULL) < 0 || export_public(b, GNUTLS_X509_FMT_DER, &der_b, NULL) < 0)
        return false;
    return der_a.len == der_b.len && memcmp(der_a.data, der_b.data, der_a.len) == 0;
}

void key_free(struct key *key) {
    if (key == NULL)
        return;
    drop_private(key);
    gnutls_pubkey_deinit(key->public_key);
    free(key);
}

void key_freep(struct key **key) {
    key_free(*key);
}
