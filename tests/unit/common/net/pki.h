// SPDX-License-Identifier: Apache-2.0
// A small PKI for the tests of TLS: a CA and leaves under it, in memory.
#ifndef CUBE_TESTS_UNIT_COMMON_NET_PKI_H
#define CUBE_TESTS_UNIT_COMMON_NET_PKI_H

#include <assert.h>

#include "common/base/clock.h"
#include "common/crypto/x509.h"

struct pki_leaf {
    struct str certificate, key;
};

struct pki {
    struct key *key;
    struct x509 *ca;
    struct str ca_pem;
};

static inline struct x509_template pki_times(void) {
    int64_t now = clock_wall(clock_system());
    return (struct x509_template){.not_before = now - HOUR, .not_after = now + 24 * HOUR};
}

static inline struct pki pki_new(const char *name) {
    struct pki pki = {0};
    struct x509_template template = pki_times();
    template.common_name = name;
    template.is_ca = true;
    assert(key_generate(KEY_EC_P256, 0, &pki.key, NULL) == 0);
    assert(x509_issue(&template, pki.key, NULL, pki.key, &pki.ca, NULL) == 0);
    assert(x509_pem(pki.ca, &pki.ca_pem, NULL) == 0);
    return pki;
}

static inline void pki_free(struct pki *pki) {
    key_free(pki->key);
    x509_free(pki->ca);
    str_free(&pki->ca_pem);
}

static inline struct pki_leaf pki_leaf(const struct pki *pki, const char *name, const char *organization, bool server) {
    struct pki_leaf leaf = {0};
    AUTO_KEY key = NULL;
    AUTO_X509 certificate = NULL;
    const char *const organizations[] = {organization, NULL};
    const char *const dns_names[] = {"localhost", name, NULL};
    const char *const addresses[] = {"127.0.0.1", "::1", NULL};
    struct x509_template template = pki_times();
    template.common_name = name;
    template.organizations = organizations;
    template.dns_names = server ? dns_names : NULL;
    template.ip_addresses = server ? addresses : NULL;
    template.server_auth = server;
    template.client_auth = !server;
    assert(key_generate(KEY_EC_P256, 0, &key, NULL) == 0);
    assert(x509_issue(&template, key, pki->ca, pki->key, &certificate, NULL) == 0);
    assert(x509_pem(certificate, &leaf.certificate, NULL) == 0);
    assert(key_private_pem(key, &leaf.key, NULL) == 0);
    return leaf;
}

static inline void pki_leaf_free(struct pki_leaf *leaf) {
    str_free(&leaf->certificate);
    str_free(&leaf->key);
}

#endif
