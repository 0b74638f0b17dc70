// SPDX-License-Identifier: Apache-2.0
// What the files of common/crypto share: GnuTLS's own objects behind keys and certificates.
#ifndef CUBE_COMMON_CRYPTO_KEY_INTERNAL_H
#define CUBE_COMMON_CRYPTO_KEY_INTERNAL_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "common/crypto/key.h"
#include "common/crypto/x509.h"

struct key {
    enum key_type type;
    gnutls_privkey_t private_key; // NULL: public only
    gnutls_pubkey_t public_key;
};

// Takes the public key.
int key_from_public(gnutls_pubkey_t take_public, struct key **ret_key, struct error **err) MUST_CHECK;
gnutls_digest_algorithm_t key_digest(const struct key *key); // the hash that goes with it in signatures

// One PEM block. `text` is the whole block from its BEGIN line on, `label` what stands behind "BEGIN ".
struct key_pem {
    const char *text;
    size_t len;
    const char *label;
    size_t label_len;
};
// Finds the next block behind *rest and moves *rest behind it; false: none.
bool key_pem_next(const char **rest, const char *end, struct key_pem *ret_block);
bool key_pem_is(const struct key_pem *block, const char *label);

gnutls_x509_crt_t x509_handle(const struct x509 *certificate);

// Subject and alternative names, read the same way from certificates and requests.
struct x509_names {
    struct str_list common_names, organizations, dns_names, ip_addresses;
    size_t emails, uris;
};
void x509_names_free(struct x509_names *names);
void x509_names_add(struct x509_names *names, unsigned type, const void *bytes, size_t len);

#endif
