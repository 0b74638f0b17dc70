// SPDX-License-Identifier: Apache-2.0
// X.509 certificates: read and verify.
#include "common/crypto/x509.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/encoding.h"
#include "common/crypto/key_internal.h"
#include "common/crypto/sha256.h"

#define MAX_SERIAL 64
#define MAX_NAME_LEN 4096
#define MAX_NAMES 1024
#define MAX_CHAIN 16

struct x509 {
    gnutls_x509_crt_t handle;
    struct x509_info info;
    struct x509_names names;
    char *serial;
    char fingerprint[SHA256_HEX_SIZE];
};

void x509_names_free(struct x509_names *names) {
    str_list_free(&names->common_names);
    str_list_free(&names->organizations);
    str_list_free(&names->dns_names);
    str_list_free(&names->ip_addresses);
}

void x509_names_add(struct x509_names *names, unsigned type, const void *bytes, size_t len) {
    char text[INET6_ADDRSTRLEN];
    switch (type) {
    case GNUTLS_SAN_DNSNAME:
        if (memchr(bytes, '\0', len) == NULL)
            str_list_take(&names->dns_names, alloc_string_n(bytes, len));
        break;
    case GNUTLS_SAN_IPADDRESS:
        if (len == 4 || len == 16) {
            inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, text, sizeof(text));
            str_list_add(&names->ip_addresses, text);
        }
        break;
    case GNUTLS_SAN_RFC822NAME:
        names->emails++;
        break;
    default:
        names->uris++;
        break;
    }
}

static void read_attribute(gnutls_x509_crt_t handle, const char *oid, struct str_list *out) {
    char value[MAX_NAME_LEN];
    for (unsigned i = 0; i < MAX_NAMES; i++) {
        size_t len = sizeof(value);
        int status = gnutls_x509_crt_get_dn_by_oid(handle, oid, i, 0, value, &len);
        if (status == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            return;
        if (status >= 0 && memchr(value, '\0', len) == NULL)
            str_list_take(out, alloc_string_n(value, len));
    }
}

static void read_alternative_names(gnutls_x509_crt_t handle, struct x509_names *names) {
    char value[MAX_NAME_LEN];
    for (unsigned i = 0; i < MAX_NAMES; i++) {
        size_t len = sizeof(value);
        int type = gnutls_x509_crt_get_subject_alt_name(handle, i, value, &len, NULL);
        if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            return;
        if (type >= 0)
            x509_names_add(names, (unsigned)type, value, len);
    }
}

static void read_usages(gnutls_x509_crt_t handle, struct x509_info *info) {
    char oid[128];
    for (unsigned i = 0; i < MAX_NAMES; i++) {
        size_t len = sizeof(oid);
        int status = gnutls_x509_crt_get_key_purpose_oid(handle, i, oid, &len, NULL);
        if (status == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            return;
        if (status < 0)
            continue;
        info->server_auth |= str_equal(oid, GNUTLS_KP_TLS_WWW_SERVER);
        info->client_auth |= str_equal(oid, GNUTLS_KP_TLS_WWW_CLIENT);
    }
}

static void read_identity(struct x509 *certificate) {
    unsigned char serial[MAX_SERIAL];
    size_t len = sizeof(serial);
    AUTO_STR hex = {0};
    if (gnutls_x509_crt_get_serial(certificate->handle, serial, &len) >= 0)
        hex_encode(&hex, serial, len);
    certificate->serial = str_take(&hex);
    gnutls_datum_t der = {0};
    if (gnutls_x509_crt_export2(certificate->handle, GNUTLS_X509_FMT_DER, &der) >= 0) {
        sha256_hex(der.data, der.size, certificate->fingerprint);
        gnutls_free(der.data);
    }
}

static struct x509 *from_handle(gnutls_x509_crt_t take_handle) {
    struct x509 *certificate = alloc_zero(sizeof(*certificate));
    struct x509_names *names = &certificate->names;
    struct x509_info *info = &certificate->info;
    certificate->handle = take_handle;
    read_attribute(take_handle, GNUTLS_OID_X520_COMMON_NAME, &names->common_names);
    read_attribute(take_handle, GNUTLS_OID_X520_ORGANIZATION_NAME, &names->organizations);
    read_alternative_names(take_handle, names);
    read_identity(certificate);
    read_usages(take_handle, info);
    info->common_name = names->common_names.len > 0 ? names->common_names.items[names->common_names.len - 1] : "";
    info->organizations = (const char *const *)names->organizations.items;
    info->organization_count = names->organizations.len;
    info->dns_names = (const char *const *)names->dns_names.items;
    info->dns_name_count = names->dns_names.len;
    info->ip_addresses = (const char *const *)names->ip_addresses.items;
    info->ip_address_count = names->ip_addresses.len;
    info->not_before = (int64_t)gnutls_x509_crt_get_activation_time(take_handle) * SECOND;
    info->not_after = (int64_t)gnutls_x509_crt_get_expiration_time(take_handle) * SECOND;
    info->is_ca = gnutls_x509_crt_get_ca_status(take_handle, NULL) > 0;
    info->serial = certificate->serial;
    info->fingerprint = certificate->fingerprint;
    return certificate;
}

static int import(const void *bytes, size_t len, gnutls_x509_crt_fmt_t format, struct x509 **ret_certificate,
                  struct error **err) {
    gnutls_datum_t datum = {.data = (unsigned char *)(uintptr_t)bytes, .size = (unsigned)len};
    gnutls_x509_crt_t handle;
    gnutls_x509_crt_init(&handle);
    int status = gnutls_x509_crt_import(handle, &datum, format);
    if (status < 0) {
        gnutls_x509_crt_deinit(handle);
        return error_set(err, "parse certificate: %s", gnutls_strerror(status));
    }
    *ret_certificate = from_handle(handle);
    return 0;
}

int x509_parse_der(const void *der, size_t len, struct x509 **ret_certificate, struct error **err) {
    return import(der, len, GNUTLS_X509_FMT_DER, ret_certificate, err);
}

int x509_parse(const char *pem, size_t len, struct x509 **ret_certificate, struct error **err) {
    struct key_pem block;
    for (const char *rest = pem; key_pem_next(&rest, pem + len, &block);)
        if (key_pem_is(&block, "CERTIFICATE"))
            return import(block.text, block.len, GNUTLS_X509_FMT_PEM, ret_certificate, err);
    return error_set(err, "data does not contain any valid certificates");
}

int x509_parse_all(const char *pem, size_t len, struct ptr_vec *out, struct error **err) {
    struct key_pem block;
    size_t before = out->len;
    for (const char *rest = pem; key_pem_next(&rest, pem + len, &block);) {
        struct x509 *certificate = NULL;
        if (!key_pem_is(&block, "CERTIFICATE"))
            continue;
        if (import(block.text, block.len, GNUTLS_X509_FMT_PEM, &certificate, err) < 0) {
            while (out->len > before)
                x509_free(ptr_vec_pop(out));
            return -1;
        }
        ptr_vec_push(out, certificate);
    }
    return out->len > before ? 0 : error_set(err, "data does not contain any valid certificates");
}

void x509_free_all(struct ptr_vec *certificates) {
    while (certificates->len > 0)
        x509_free(ptr_vec_pop(certificates));
    ptr_vec_free(certificates);
}

const struct x509_info *x509_info_of(const struct x509 *certificate) {
    return &certificate->info;
}

gnutls_x509_crt_t x509_handle(const struct x509 *certificate) {
    return certificate->handle;
}

int x509_pem(const struct x509 *certificate, struct str *out, struct error **err) {
    gnutls_datum_t pem = {0};
    int status = gnutls_x509_crt_export2(certificate->handle, GNUTLS_X509_FMT_PEM, &pem);
    if (status < 0)
        return error_set(err, "write certificate: %s", gnutls_strerror(status));
    str_append_n(out, pem.data, pem.size);
    gnutls_free(pem.data);
    return 0;
}

int x509_public_key(const struct x509 *certificate, struct key **ret_key, struct error **err) {
    gnutls_pubkey_t public_key;
    gnutls_pubkey_init(&public_key);
    int status = gnutls_pubkey_import_x509(public_key, certificate->handle, 0);
    if (status < 0) {
        gnutls_pubkey_deinit(public_key);
        return error_set(err, "read the certificate's public key: %s", gnutls_strerror(status));
    }
    return key_from_public(public_key, ret_key, err);
}

void x509_free(struct x509 *certificate) {
    if (certificate == NULL)
        return;
    gnutls_x509_crt_deinit(certificate->handle);
    x509_names_free(&certificate->names);
    free(certificate->serial);
    free(certificate);
}

void x509_freep(struct x509 **certificate) {
    x509_free(*certificate);
}

const char *x509_verdict_text(unsigned verdict) {
    static const struct {
        unsigned bit;
        const char *text;
    } rows[] = {
        {GNUTLS_CERT_SIGNER_NOT_FOUND, "x509: certificate signed by unknown authority"},
        {GNUTLS_CERT_SIGNER_NOT_CA, "x509: issuer is not a certificate authority"},
        {GNUTLS_CERT_EXPIRED, "x509: certificate has expired or is not yet valid"},
        {GNUTLS_CERT_NOT_ACTIVATED, "x509: certificate has expired or is not yet valid"},
        {GNUTLS_CERT_PURPOSE_MISMATCH, "x509: certificate specifies an incompatible key usage"},
        {GNUTLS_CERT_INSECURE_ALGORITHM, "x509: certificate is signed with an insecure algorithm"},
        {GNUTLS_CERT_SIGNATURE_FAILURE, "x509: certificate signature is wrong"},
        {GNUTLS_CERT_REVOKED, "x509: certificate is revoked"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if ((verdict & rows[i].bit) != 0)
            return rows[i].text;
    return verdict == 0 ? "x509: certificate is valid" : "x509: certificate is invalid";
}

// The times are looked at here, against `now`: GnuTLS only knows the system's time.
static int check_times(const struct x509 *const *chain, size_t chain_len, int64_t now, struct error **err) {
    for (size_t i = 0; i < chain_len; i++)
        if (now < chain[i]->info.not_before || now > chain[i]->info.not_after)
            return error_set(err, "%s", x509_verdict_text(GNUTLS_CERT_EXPIRED));
    return 0;
}

static int verify_with(gnutls_x509_trust_list_t list, gnutls_x509_crt_t *handles, unsigned count, enum x509_usage usage,
                       struct error **err) {
    const char *purpose = usage == X509_USAGE_SERVER ? GNUTLS_KP_TLS_WWW_SERVER : GNUTLS_KP_TLS_WWW_CLIENT;
    gnutls_typed_vdata_st wanted = {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)(uintptr_t)purpose};
    unsigned verdict = GNUTLS_CERT_INVALID;
    int status = gnutls_x509_trust_list_verify_crt2(list, handles, count, &wanted, usage == X509_USAGE_ANY ? 0 : 1,
                                                    GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &verdict, NULL);
    if (status < 0)
        return error_set(err, "x509: %s", gnutls_strerror(status));
    return verdict == 0 ? 0 : error_set(err, "%s", x509_verdict_text(verdict));
}

int x509_verify(const struct x509 *const *chain, size_t chain_len, const struct ptr_vec *authorities, enum x509_usage usage,
                int64_t now, struct error **err) {
    gnutls_x509_crt_t handles[MAX_CHAIN];
    gnutls_x509_trust_list_t list;
    if (chain_len == 0 || chain_len > MAX_CHAIN)
        return error_set(err, "x509: the chain has %zu certificates, 1 to %d are possible", chain_len, MAX_CHAIN);
    if (check_times(chain, chain_len, now, err) < 0)
        return -1;
    for (size_t i = 0; i < chain_len; i++)
        handles[i] = chain[i]->handle;
    gnutls_x509_trust_list_init(&list, 0);
    for (size_t i = 0; i < authorities->len; i++) {
        const struct x509 *authority = authorities->items[i];
        if (check_times(&authority, 1, now, NULL) == 0)
            gnutls_x509_trust_list_add_cas(list, &authority->handle, 1, 0);
    }
    int status = verify_with(list, handles, (unsigned)chain_len, usage, err);
    gnutls_x509_trust_list_deinit(list, 0); // the certificates stay ours
    return status;
}
