// SPDX-License-Identifier: Apache-2.0
// Certificates, keys and CAs for TLS, read again when their files change; shared by servers and clients.
#ifndef CUBE_COMMON_NET_TLS_H
#define CUBE_COMMON_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/base/str.h"

// All strings are copied. PEM text takes precedence over the matching file. Any may be missing; a certificate needs a key.
// The key may be in the certificate's file (key_file NULL), in any PEM encoding.
struct tls_config {
    const char *certificate_pem, *certificate_file;
    const char *key_pem, *key_file;
    const char *ca_pem, *ca_file;
};

// Thread-safe. Keeps the newest material that loaded well; a file that turns bad is ignored (one log line) until it is good again.
struct tls_store;

// One generation of material: immutable, reference-counted.
struct tls_material {
    struct str certificate; // PEM chain, leaf first; empty: none
    struct str key;         // PEM; empty: none
    struct str ca;          // PEM bundle; empty: none
    uint64_t generation;    // counts up from 1
};

// clock decides how often files are looked at (once a second at most, when somebody asks).
int tls_store_new(const struct tls_config *config, struct clock *clock, struct tls_store **ret_store,
                  struct error **err) MUST_CHECK;
void tls_store_free(struct tls_store *store); // NULL is fine; materials in use live on
// The current material, looked up afresh if the files changed. Give it back with tls_material_unref.
const struct tls_material *tls_store_get(struct tls_store *store);
void tls_material_unref(const struct tls_material *material);
// Other sources from now on (a rotated certificate). The old material stays if the new does not load.
int tls_store_replace(struct tls_store *store, const struct tls_config *config, struct error **err) MUST_CHECK;

// GnuTLS's credentials of a material with certificate and key and/or CAs; they live as long as the material.
struct gnutls_certificate_credentials_st;
struct gnutls_certificate_credentials_st *tls_material_credentials(const struct tls_material *material);

// Whether the chain that a client presented (DER, its own certificate first) leads to one of the material's CAs now and may be used by
// clients. Messages as Go's: "x509: certificate signed by unknown authority".
int tls_material_verify_client(const struct tls_material *material, const void *chain, unsigned chain_len,
                               struct error **err) MUST_CHECK; // chain: gnutls_datum_t[]

#endif
