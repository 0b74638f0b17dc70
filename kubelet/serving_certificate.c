// SPDX-License-Identifier: Apache-2.0
// The certificate that the kubelet's server shows when none was given.
#include "kubelet/serving_certificate.h"

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/vec.h"
#include "common/crypto/key.h"
#include "common/crypto/x509.h"

#define VALIDITY (INT64_C(365) * 24 * HOUR)

static int issue(const struct node_facts *facts, struct clock *clock, struct str *certificate_pem, struct str *key_pem,
                 struct error **err) {
    const char *const names[] = {facts->name, facts->hostname, NULL};
    struct ptr_vec addresses = {0};
    for (size_t i = 0; i < facts->ips.len; i++)
        ptr_vec_push(&addresses, facts->ips.items[i]);
    ptr_vec_push(&addresses, NULL);
    int64_t now = clock_wall(clock);
    const struct x509_template template = {.common_name = facts->name,
                                           .dns_names = names,
                                           .ip_addresses = (const char *const *)addresses.items,
                                           .not_before = now - HOUR,
                                           .not_after = now + VALIDITY,
                                           .server_auth = true};
    AUTO_KEY key = NULL;
    AUTO_X509 certificate = NULL;
    int result = -1;
    if (key_generate(KEY_EC_P256, 0, &key, err) == 0 && x509_issue(&template, key, NULL, key, &certificate, err) == 0 &&
        x509_pem(certificate, certificate_pem, err) == 0)
        result = key_private_pem(key, key_pem, err);
    ptr_vec_free(&addresses);
    return result;
}

int serving_certificate_ensure_kubelet(const char *folder, const struct node_facts *facts, struct clock *clock,
                                       struct str *ret_certificate, struct str *ret_key, struct error **err) {
    str_printf(ret_certificate, "%s/kubelet.crt", folder);
    str_printf(ret_key, "%s/kubelet.key", folder);
    if (file_exists(str_text(ret_certificate)) && file_exists(str_text(ret_key)))
        return 0;
    AUTO_STR certificate = {0}, key = {0};
    if (file_make_directories(folder, 0750, err) < 0 || issue(facts, clock, &certificate, &key, err) < 0 ||
        file_write_atomic(str_text(ret_key), key.data, key.len, 0600, err) < 0)
        return -1;
    return file_write_atomic(str_text(ret_certificate), certificate.data, certificate.len, 0644, err);
}
