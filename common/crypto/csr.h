// SPDX-License-Identifier: Apache-2.0
// PKCS#10 certificate requests: make, read, sign.
#ifndef CUBE_COMMON_CRYPTO_CSR_H
#define CUBE_COMMON_CRYPTO_CSR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/base/str.h"
#include "common/crypto/key.h"
#include "common/crypto/x509.h"

struct csr;

// What it asks for; strings belong to the request.
struct csr_info {
    const char *common_name; // "" if none
    const char *const *organizations;
    size_t organization_count;
    const char *const *dns_names;
    size_t dns_name_count;
    const char *const *ip_addresses;
    size_t ip_address_count;
    size_t email_count, uri_count; // subject alternative names of other kinds, that signers refuse
};

#define AUTO_CSR CLEANUP(csr_freep) struct csr *

// Appends a CERTIFICATE REQUEST in PEM. Of the template: names and addresses.
int csr_create(const struct x509_template *template, const struct key *key, struct str *out, struct error **err) MUST_CHECK;
// Reads PEM and checks that it is signed with its own key.
int csr_parse(const char *pem, size_t len, struct csr **ret_csr, struct error **err) MUST_CHECK;
const struct csr_info *csr_info_of(const struct csr *csr);
int csr_public_key(const struct csr *csr, struct key **ret_key, struct error **err) MUST_CHECK;
// A leaf certificate with the request's subject, alternative names and key; of the template: the times and usages.
int csr_sign(const struct csr *csr, const struct x509_template *template, const struct x509 *issuer, const struct key *issuer_key,
             struct x509 **ret_certificate, struct error **err) MUST_CHECK;
void csr_free(struct csr *csr); // NULL is fine
void csr_freep(struct csr **csr);

#endif
