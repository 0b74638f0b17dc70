// SPDX-License-Identifier: Apache-2.0
// PKCS#10 certificate requests: make, read, sign.
#include "common/crypto/csr.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/crypto/key_internal.h"

#define MAX_NAME_LEN 4096
#define MAX_NAMES 1024

struct csr {
    gnutls_x509_crq_t handle;
    struct csr_info info;
    struct x509_names names;
    const char **dns_names, **ip_addresses, **organizations; // NULL-ended, for the template
};

static int set_name(gnutls_x509_crq_t handle, const char *oid, const char *value) {
    return gnutls_x509_crq_set_dn_by_oid(handle, oid, 0, value, (unsigned)strlen(value));
}

static int set_address(gnutls_x509_crq_t handle, const char *text) {
    unsigned char bytes[16];
    unsigned len = 16;
    if (inet_pton(AF_INET, text, bytes) == 1)
        len = 4;
    else if (inet_pton(AF_INET6, text, bytes) != 1)
        return GNUTLS_E_INVALID_REQUEST;
    return gnutls_x509_crq_set_subject_alt_name(handle, GNUTLS_SAN_IPADDRESS, bytes, len, GNUTLS_FSAN_APPEND);
}

static int fill(gnutls_x509_crq_t handle, const struct x509_template *template, const struct key *key) {
    int status = gnutls_x509_crq_set_version(handle, 1);
    for (const char *const *o = template->organizations; o != NULL && *o != NULL && status >= 0; o++)
        status = set_name(handle, GNUTLS_OID_X520_ORGANIZATION_NAME, *o);
    if (status >= 0 && !str_empty(template->common_name))
        status = set_name(handle, GNUTLS_OID_X520_COMMON_NAME, template->common_name);
    for (const char *const *name = template->dns_names; name != NULL && *name != NULL && status >= 0; name++)
        status =
            gnutls_x509_crq_set_subject_alt_name(handle, GNUTLS_SAN_DNSNAME, *name, (unsigned)strlen(*name), GNUTLS_FSAN_APPEND);
    for (const char *const *text = template->ip_addresses; text != NULL && *text != NULL && status >= 0; text++)
        status = set_address(handle, *text);
    if (status >= 0)
        status = gnutls_x509_crq_set_pubkey(handle, key->public_key);
    return status;
}

int csr_create(const struct x509_template *template, const struct key *key, struct str *out, struct error **err) {
    if (key->private_key == NULL)
        return error_set(err, "make certificate request: the key is a public one");
    gnutls_x509_crq_t handle;
    gnutls_datum_t pem = {0};
    gnutls_x509_crq_init(&handle);
    int status = fill(handle, template, key);
    if (status >= 0)
        status = gnutls_x509_crq_privkey_sign(handle, key->private_key, key_digest(key), 0);
    if (status >= 0)
        status = gnutls_x509_crq_export2(handle, GNUTLS_X509_FMT_PEM, &pem);
    gnutls_x509_crq_deinit(handle);
    if (status < 0)
        return error_set(err, "make certificate request: %s", gnutls_strerror(status));
    // GnuTLS writes "NEW CERTIFICATE REQUEST"; upstream only takes the newer name.
    AUTO_STR text = {0};
    str_append_n(&text, pem.data, pem.size);
    gnutls_free(pem.data);
    for (const char *at = text.data, *found; at != NULL; at = found == NULL ? NULL : found + 4) {
        found = strstr(at, "NEW CERTIFICATE");
        str_append_n(out, at, found == NULL ? strlen(at) : (size_t)(found - at));
    }
    return 0;
}

static void read_attribute(gnutls_x509_crq_t handle, const char *oid, struct str_list *out) {
    char value[MAX_NAME_LEN];
    for (unsigned i = 0; i < MAX_NAMES; i++) {
        size_t len = sizeof(value);
        int status = gnutls_x509_crq_get_dn_by_oid(handle, oid, i, 0, value, &len);
        if (status == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            return;
        if (status >= 0 && memchr(value, '\0', len) == NULL)
            str_list_take(out, alloc_string_n(value, len));
    }
}

static void read_alternative_names(gnutls_x509_crq_t handle, struct x509_names *names) {
    char value[MAX_NAME_LEN];
    for (unsigned i = 0; i < MAX_NAMES; i++) {
        size_t len = sizeof(value);
        unsigned type = 0, critical = 0;
        int status = gnutls_x509_crq_get_subject_alt_name(handle, i, value, &len, &type, &critical);
        if (status == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            return;
        if (status >= 0)
            x509_names_add(names, (unsigned)status, value, len);
    }
}

static const char **null_ended(const struct str_list *list) {
    const char **items = alloc_array(list->len + 1, sizeof(*items));
    for (size_t i = 0; i < list->len; i++)
        items[i] = list->items[i];
    return items;
}

static void read_names(struct csr *csr) {
    struct x509_names *names = &csr->names;
    read_attribute(csr->handle, GNUTLS_OID_X520_COMMON_NAME, &names->common_names);
    read_attribute(csr->handle, GNUTLS_OID_X520_ORGANIZATION_NAME, &names->organizations);
    read_alternative_names(csr->handle, names);
    csr->organizations = null_ended(&names->organizations);
    csr->dns_names = null_ended(&names->dns_names);
    csr->ip_addresses = null_ended(&names->ip_addresses);
    csr->info = (struct csr_info){
        .common_name = names->common_names.len > 0 ? names->common_names.items[names->common_names.len - 1] : "",
        .organizations = csr->organizations,
        .organization_count = names->organizations.len,
        .dns_names = csr->dns_names,
        .dns_name_count = names->dns_names.len,
        .ip_addresses = csr->ip_addresses,
        .ip_address_count = names->ip_addresses.len,
        .email_count = names->emails,
        .uri_count = names->uris,
    };
}

int csr_parse(const char *pem, size_t len, struct csr **ret_csr, struct error **err) {
    struct key_pem block;
    const char *rest = pem;
    // As upstream: exactly this block type, at the start.
    if (!key_pem_next(&rest, pem + len, &block) || !key_pem_is(&block, "CERTIFICATE REQUEST"))
        return error_set(err, "PEM block type must be CERTIFICATE REQUEST");
    gnutls_datum_t datum = {.data = (unsigned char *)(uintptr_t)block.text, .size = (unsigned)block.len};
    gnutls_x509_crq_t handle;
    gnutls_x509_crq_init(&handle);
    int status = gnutls_x509_crq_import(handle, &datum, GNUTLS_X509_FMT_PEM);
    if (status >= 0)
        status = gnutls_x509_crq_verify(handle, 0);
    if (status < 0) {
        gnutls_x509_crq_deinit(handle);
        return error_set(err, "parse certificate request: %s", gnutls_strerror(status));
    }
    struct csr *csr = alloc_zero(sizeof(*csr));
    csr->handle = handle;
    read_names(csr);
    *ret_csr = csr;
    return 0;
}

const struct csr_info *csr_info_of(const struct csr *csr) {
    return &csr->info;
}

int csr_public_key(const struct csr *csr, struct key **ret_key, struct error **err) {
    gnutls_pubkey_t public_key;
    gnutls_pubkey_init(&public_key);
    int status = gnutls_pubkey_import_x509_crq(public_key, csr->handle, 0);
    if (status < 0) {
        gnutls_pubkey_deinit(public_key);
        return error_set(err, "read the request's public key: %s", gnutls_strerror(status));
    }
    return key_from_public(public_key, ret_key, err);
}

int csr_sign(const struct csr *csr, const struct x509_template *template, const struct x509 *issuer, const struct key *issuer_key,
             struct x509 **ret_certificate, struct error **err) {
    AUTO_KEY key = NULL;
    if (csr->info.email_count + csr->info.uri_count > 0)
        return error_set(err, "sign certificate request: only DNS names and IP addresses are supported as alternative names");
    if (csr_public_key(csr, &key, err) < 0)
        return -1;
    struct x509_template filled = *template;
    filled.common_name = csr->info.common_name;
    filled.organizations = csr->organizations;
    filled.dns_names = csr->dns_names;
    filled.ip_addresses = csr->ip_addresses;
    filled.is_ca = false;
    return x509_issue(&filled, key, issuer, issuer_key, ret_certificate, err);
}

void csr_free(struct csr *csr) {
    if (csr == NULL)
        return;
    gnutls_x509_crq_deinit(csr->handle);
    x509_names_free(&csr->names);
    free(csr->organizations);
    free(csr->dns_names);
    free(csr->ip_addresses);
    free(csr);
}

void csr_freep(struct csr **csr) {
    csr_free(*csr);
}
