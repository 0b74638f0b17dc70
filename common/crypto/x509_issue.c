// SPDX-License-Identifier: Apache-2.0
// Issues certificates: self-signed ones, CAs, and leaves under a CA.
#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/crypto/key_internal.h"

#define SERIAL_SIZE 16

static int set_name(gnutls_x509_crt_t handle, const char *oid, const char *value) {
    return gnutls_x509_crt_set_dn_by_oid(handle, oid, 0, value, (unsigned)strlen(value));
}

static int set_subject(gnutls_x509_crt_t handle, const struct x509_template *template) {
    int status = 0;
    for (const char *const *o = template->organizations; o != NULL && *o != NULL && status >= 0; o++)
        status = set_name(handle, GNUTLS_OID_X520_ORGANIZATION_NAME, *o);
    if (status >= 0 && !str_empty(template->common_name))
        status = set_name(handle, GNUTLS_OID_X520_COMMON_NAME, template->common_name);
    return status;
}

static int set_address(gnutls_x509_crt_t handle, const char *text) {
    unsigned char bytes[16];
    unsigned len = 16;
    if (inet_pton(AF_INET, text, bytes) == 1)
        len = 4;
    else if (inet_pton(AF_INET6, text, bytes) != 1)
        return GNUTLS_E_INVALID_REQUEST;
    return gnutls_x509_crt_set_subject_alt_name(handle, GNUTLS_SAN_IPADDRESS, bytes, len, GNUTLS_FSAN_APPEND);
}

static int set_alternative_names(gnutls_x509_crt_t handle, const struct x509_template *template) {
    int status = 0;
    for (const char *const *name = template->dns_names; name != NULL && *name != NULL && status >= 0; name++)
        status =
            gnutls_x509_crt_set_subject_alt_name(handle, GNUTLS_SAN_DNSNAME, *name, (unsigned)strlen(*name), GNUTLS_FSAN_APPEND);
    for (const char *const *text = template->ip_addresses; text != NULL && *text != NULL && status >= 0; text++)
        status = set_address(handle, *text);
    return status;
}

static int set_serial(gnutls_x509_crt_t handle) {
    unsigned char serial[SERIAL_SIZE];
    int status = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
    serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40); // positive, and always of full length
    return status < 0 ? status : gnutls_x509_crt_set_serial(handle, serial, sizeof(serial));
}

static int set_key_ids(gnutls_x509_crt_t handle, const struct x509 *issuer) {
    unsigned char id[64];
    size_t len = sizeof(id);
    int status = gnutls_x509_crt_get_key_id(handle, GNUTLS_KEYID_USE_SHA1, id, &len);
    if (status >= 0)
        status = gnutls_x509_crt_set_subject_key_id(handle, id, len);
    if (status < 0 || issuer == NULL)
        return status;
    len = sizeof(id);
    if (gnutls_x509_crt_get_subject_key_id(x509_handle(issuer), id, &len, NULL) >= 0)
        status = gnutls_x509_crt_set_authority_key_id(handle, id, len);
    return status;
}

static int set_usages(gnutls_x509_crt_t handle, const struct x509_template *template, const struct key *subject_key) {
    unsigned usage = GNUTLS_KEY_DIGITAL_SIGNATURE;
    if (key_type_of(subject_key) == KEY_RSA)
        usage |= GNUTLS_KEY_KEY_ENCIPHERMENT;
    if (template->is_ca)
        usage |= GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN;
    int status = gnutls_x509_crt_set_key_usage(handle, usage);
    if (status >= 0)
        status = gnutls_x509_crt_set_basic_constraints(handle, template->is_ca ? 1 : 0, -1);
    if (status >= 0 && template->server_auth)
        status = gnutls_x509_crt_set_key_purpose_oid(handle, GNUTLS_KP_TLS_WWW_SERVER, 0);
    if (status >= 0 && template->client_auth)
        status = gnutls_x509_crt_set_key_purpose_oid(handle, GNUTLS_KP_TLS_WWW_CLIENT, 0);
    return status;
}

static int fill(gnutls_x509_crt_t handle, const struct x509_template *template, const struct key *subject_key,
                const struct x509 *issuer) {
    int status = gnutls_x509_crt_set_version(handle, 3);
    if (status >= 0)
        status = set_serial(handle);
    if (status >= 0)
        status = set_subject(handle, template);
    if (status >= 0)
        status = gnutls_x509_crt_set_pubkey(handle, subject_key->public_key);
    if (status >= 0)
        status = gnutls_x509_crt_set_activation_time(handle, (time_t)(template->not_before / SECOND));
    if (status >= 0)
        status = gnutls_x509_crt_set_expiration_time(handle, (time_t)(template->not_after / SECOND));
    if (status >= 0)
        status = set_usages(handle, template, subject_key);
    if (status >= 0)
        status = set_alternative_names(handle, template);
    if (status >= 0)
        status = set_key_ids(handle, issuer);
    return status;
}

int x509_issue(const struct x509_template *template, const struct key *subject_key, const struct x509 *issuer,
               const struct key *issuer_key, struct x509 **ret_certificate, struct error **err) {
    if (issuer_key->private_key == NULL)
        return error_set(err, "issue certificate: the issuer's key is a public one");
    gnutls_x509_crt_t handle;
    gnutls_x509_crt_init(&handle);
    int status = fill(handle, template, subject_key, issuer);
    if (status >= 0)
        status = gnutls_x509_crt_privkey_sign(handle, issuer == NULL ? handle : x509_handle(issuer), issuer_key->private_key,
                                              key_digest(issuer_key), 0);
    // Read back from its DER form: a handle that was built up does not give all of its extensions out again.
    gnutls_datum_t der = {0};
    if (status >= 0)
        status = gnutls_x509_crt_export2(handle, GNUTLS_X509_FMT_DER, &der);
    gnutls_x509_crt_deinit(handle);
    if (status < 0)
        return error_set(err, "issue certificate: %s", gnutls_strerror(status));
    status = x509_parse_der(der.data, der.size, ret_certificate, err);
    gnutls_free(der.data);
    return status;
}
