// SPDX-License-Identifier: Apache-2.0
// Certificates, keys and CAs for TLS, read again when their files change; shared by servers and clients.
#include "common/net/tls.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/crypto/key.h"
#include "common/crypto/x509.h"
#include "common/net/file_stamp.h"

#define MAX_PEM ((size_t)4 * 1024 * 1024)
#define MAX_CHAIN 16

struct material {
    struct tls_material public; // first
    _Atomic unsigned references;
    gnutls_certificate_credentials_t credentials;
};

enum source { CERTIFICATE, KEY, CA, SOURCE_COUNT };

struct tls_store {
    struct clock *clock; // constant
    struct lock lock;
    // under lock
    char *pems[SOURCE_COUNT];
    char *files[SOURCE_COUNT];
    struct file_stamp stamps[SOURCE_COUNT];
    struct material *current;
    int64_t next_look;
    uint64_t generations;
};

static void material_free(struct material *material) {
    gnutls_certificate_free_credentials(material->credentials);
    str_free(&material->public.certificate);
    if (material->public.key.data != NULL)
        explicit_bzero(material->public.key.data, material->public.key.len);
    str_free(&material->public.key);
    str_free(&material->public.ca);
    free(material);
}

void tls_material_unref(const struct tls_material *public) {
    if (public == NULL)
        return;
    union {
        const struct tls_material *in;
        struct material *out;
    } pointer = {.in = public};
    if (atomic_fetch_sub_explicit(&pointer.out->references, 1, memory_order_acq_rel) == 1)
        material_free(pointer.out);
}

gnutls_certificate_credentials_t tls_material_credentials(const struct tls_material *public) {
    return ((const struct material *)public)->credentials;
}

static int read_source(const struct tls_store *store, enum source source, struct str *out, struct error **err) {
    if (!str_empty(store->pems[source]))
        str_append(out, store->pems[source]);
    else if (store->files[source] != NULL)
        return file_read(store->files[source], MAX_PEM, out, err);
    return 0;
}

// The key in the one form that every reader knows, out of its own source or from beside the certificate.
static int read_key(const struct tls_store *store, struct tls_material *material, struct error **err) {
    AUTO_STR text = {0};
    AUTO_KEY key = NULL;
    if (read_source(store, KEY, &text, err) < 0)
        return -1;
    const struct str *from = text.len > 0 ? &text : &material->certificate;
    if (from->len == 0)
        return 0;
    if (key_parse_private(from->data, from->len, &key, err) < 0)
        return error_prefix(err, "read the key%s%s", store->files[KEY] ? " in " : "", store->files[KEY] ? store->files[KEY] : "");
    return key_private_pem(key, &material->key, err);
}

static gnutls_datum_t datum_of(const struct str *text) {
    return (gnutls_datum_t){.data = (unsigned char *)text->data, .size = (unsigned)text->len};
}

static int make_credentials(struct material *material, struct error **err) {
    const struct tls_material *pems = &material->public;
    if (gnutls_certificate_allocate_credentials(&material->credentials) < 0)
        return error_set(err, "out of memory");
    if (pems->certificate.len > 0) {
        gnutls_datum_t certificate = datum_of(&pems->certificate), key = datum_of(&pems->key);
        int status =
            gnutls_certificate_set_x509_key_mem2(material->credentials, &certificate, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
        if (status == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
            return error_set(err, "tls: private key does not match public key");
        if (status < 0)
            return error_set(err, "tls: load certificate and key: %s", gnutls_strerror(status));
    }
    if (pems->ca.len > 0) {
        gnutls_datum_t ca = datum_of(&pems->ca);
        int count = gnutls_certificate_set_x509_trust_mem(material->credentials, &ca, GNUTLS_X509_FMT_PEM);
        if (count < 0)
            return error_set(err, "tls: load CA certificates: %s", gnutls_strerror(count));
        if (count == 0)
            return error_set(err, "tls: load CA certificates: none found");
    }
    return 0;
}

static int load(const struct tls_store *store, struct material **ret_material, struct error **err) {
    struct material *material = alloc_zero(sizeof(*material));
    material->references = 1;
    struct tls_material *pems = &material->public;
    int status = read_source(store, CERTIFICATE, &pems->certificate, err);
    if (status == 0)
        status = read_source(store, CA, &pems->ca, err);
    if (status == 0)
        status = read_key(store, pems, err);
    if (status == 0)
        status = make_credentials(material, err);
    if (status < 0) {
        material_free(material);
        return -1;
    }
    *ret_material = material;
    return 0;
}

static void install(struct tls_store *store, struct material *take_material) {
    take_material->public.generation = ++store->generations;
    if (store->current != NULL)
        tls_material_unref(&store->current->public);
    store->current = take_material;
}

static bool stamps_changed(struct tls_store *store) {
    bool changed = false;
    for (size_t i = 0; i < SOURCE_COUNT; i++)
        if (str_empty(store->pems[i]) && file_stamp_update(&store->stamps[i], store->files[i]))
            changed = true;
    return changed;
}

static void set_sources(struct tls_store *store, const struct tls_config *config) {
    const char *const pems[SOURCE_COUNT] = {config->certificate_pem, config->key_pem, config->ca_pem};
    const char *const files[SOURCE_COUNT] = {config->certificate_file, config->key_file, config->ca_file};
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        store->pems[i] = alloc_string_or_null(pems[i]);
        store->files[i] = str_empty(files[i]) ? NULL : alloc_string(files[i]);
    }
}

static void free_sources(struct tls_store *store) {
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        free(STEAL(store->pems[i]));
        free(STEAL(store->files[i]));
    }
}

int tls_store_new(const struct tls_config *config, struct clock *clock, struct tls_store **ret_store, struct error **err) {
    struct tls_store *store = alloc_zero(sizeof(*store));
    struct material *material = NULL;
    store->clock = clock;
    lock_init(&store->lock, "tls_store");
    set_sources(store, config);
    (void)stamps_changed(store);
    if (load(store, &material, err) < 0) {
        tls_store_free(store);
        return -1;
    }
    install(store, material);
    store->next_look = clock_monotonic(clock) + SECOND;
    *ret_store = store;
    return 0;
}

void tls_store_free(struct tls_store *store) {
    if (store == NULL)
        return;
    if (store->current != NULL)
        tls_material_unref(&store->current->public);
    free_sources(store);
    lock_destroy(&store->lock);
    free(store);
}

static void look_again(struct tls_store *store) {
    int64_t now = clock_monotonic(store->clock);
    if (now < store->next_look)
        return;
    store->next_look = now + SECOND;
    if (!stamps_changed(store))
        return;
    AUTO_ERROR error = NULL;
    struct material *material = NULL;
    if (load(store, &material, &error) < 0)
        log_warning("TLS files changed but do not load, ignoring", "err", error_message(error), NULL);
    else
        install(store, material);
}

const struct tls_material *tls_store_get(struct tls_store *store) {
    const struct tls_material *material = NULL;
    LOCKED(&store->lock) {
        look_again(store);
        atomic_fetch_add_explicit(&store->current->references, 1, memory_order_relaxed);
        material = &store->current->public;
    }
    return material;
}

int tls_store_replace(struct tls_store *store, const struct tls_config *config, struct error **err) {
    int status = -1;
    struct tls_store fresh = {0};
    struct material *material = NULL;
    set_sources(&fresh, config);
    (void)stamps_changed(&fresh);
    if (load(&fresh, &material, err) == 0) {
        LOCKED(&store->lock) {
            free_sources(store);
            for (size_t i = 0; i < SOURCE_COUNT; i++) {
                store->pems[i] = STEAL(fresh.pems[i]);
                store->files[i] = STEAL(fresh.files[i]);
                store->stamps[i] = fresh.stamps[i];
            }
            install(store, material);
        }
        status = 0;
    }
    free_sources(&fresh);
    return status;
}

int tls_material_verify_client(const struct tls_material *public, const void *chain, unsigned chain_len, struct error **err) {
    const struct material *material = (const struct material *)public;
    const gnutls_datum_t *ders = chain;
    gnutls_x509_crt_t certificates[MAX_CHAIN];
    gnutls_x509_trust_list_t authorities = NULL;
    unsigned count = 0, verdict = GNUTLS_CERT_INVALID;
    int status = 0;
    gnutls_certificate_get_trust_list(material->credentials, &authorities);
    for (; status >= 0 && count < MIN(chain_len, MAX_CHAIN); count++) {
        gnutls_x509_crt_init(&certificates[count]);
        status = gnutls_x509_crt_import(certificates[count], &ders[count], GNUTLS_X509_FMT_DER);
    }
    if (status >= 0 && count > 0) {
        gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                         .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT};
        status = gnutls_x509_trust_list_verify_crt2(authorities, certificates, count, &purpose, 1, 0, &verdict, NULL);
    }
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(certificates[i]);
    if (status < 0)
        return error_set(err, "x509: %s", gnutls_strerror(status));
    return verdict == 0 ? 0 : error_set(err, "%s", x509_verdict_text(verdict));
}
