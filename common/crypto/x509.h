// SPDX-License-Identifier: Apache-2.0
// X.509 certificates: read, verify against a CA bundle, and issue.
#ifndef CUBE_COMMON_CRYPTO_X509_H
#define CUBE_COMMON_CRYPTO_X509_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/base/str.h"
#include "common/base/vec.h"
#include "common/crypto/key.h"

// One certificate; immutable.
struct x509;

// Its facts; all strings belong to the certificate.
struct x509_info {
    const char *common_name; // "" if none
    const char *const *organizations;
    size_t organization_count;
    const char *const *dns_names;
    size_t dns_name_count;
    const char *const *ip_addresses; // canonical text
    size_t ip_address_count;
    int64_t not_before; // wall nanoseconds
    int64_t not_after;
    bool is_ca;
    bool server_auth; // extended key usages
    bool client_auth;
    const char *serial;      // hex
    const char *fingerprint; // SHA-256 in hex
};

enum x509_usage { X509_USAGE_ANY, X509_USAGE_SERVER, X509_USAGE_CLIENT };

#define AUTO_X509 CLEANUP(x509_freep) struct x509 *

// The first CERTIFICATE block.
int x509_parse(const char *pem, size_t len, struct x509 **ret_certificate, struct error **err) MUST_CHECK;
int x509_parse_der(const void *der, size_t len, struct x509 **ret_certificate, struct error **err) MUST_CHECK;
// Appends a struct x509 * for each CERTIFICATE block; an error if there is none or one is broken.
int x509_parse_all(const char *pem, size_t len, struct ptr_vec *out, struct error **err) MUST_CHECK;
void x509_free_all(struct ptr_vec *certificates); // the certificates and the vector
const struct x509_info *x509_info_of(const struct x509 *certificate);
int x509_pem(const struct x509 *certificate, struct str *out, struct error **err) MUST_CHECK; // appends
int x509_public_key(const struct x509 *certificate, struct key **ret_key, struct error **err) MUST_CHECK;
void x509_free(struct x509 *certificate); // NULL is fine
void x509_freep(struct x509 **certificate);

// Whether chain[0] (with chain[1..] as intermediates) leads to one of the CAs at the time `now` (wall nanoseconds), and may be used so.
int x509_verify(const struct x509 *const *chain, size_t chain_len, const struct ptr_vec *authorities, enum x509_usage usage,
                int64_t now, struct error **err) MUST_CHECK;

// GnuTLS's verification status as Go words it: "x509: certificate signed by unknown authority".
const char *x509_verdict_text(unsigned verdict);

// What to issue. Lists are NULL-ended or NULL.
struct x509_template {
    const char *common_name;
    const char *const *organizations;
    const char *const *dns_names;
    const char *const *ip_addresses;
    int64_t not_before; // wall nanoseconds
    int64_t not_after;
    bool is_ca;
    bool server_auth;
    bool client_auth;
};
// A certificate for the public half of subject_key, signed by the issuer; issuer NULL: self-signed (issuer_key is subject_key's
// private key). Key usages are digitalSignature and keyEncipherment (leaf), certSign and crlSign besides (CA). The serial is random.
int x509_issue(const struct x509_template *template, const struct key *subject_key, const struct x509 *issuer,
               const struct key *issuer_key, struct x509 **ret_certificate, struct error **err) MUST_CHECK;

#endif
