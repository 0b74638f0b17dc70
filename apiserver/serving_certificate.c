// SPDX-License-Identifier: Apache-2.0
// The certificate that the server shows when none was given: self-signed, kept in a folder.
#include "apiserver/serving_certificate.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include "common/base/file.h"
#include "common/crypto/key.h"
#include "common/crypto/x509.h"

#define VALIDITY (INT64_C(365) * 24 * HOUR)

static int issue(const char *address, struct clock *clock, struct str *ret_certificate, struct str *ret_key, struct error **err) {
    static const char *const dns_names[] = {"kubernetes.default.svc", "kubernetes.default", "kubernetes", "localhost", NULL};
    const char *const addresses[] = {address, "127.0.0.1", NULL};
    int64_t now = clock_wall(clock);
    struct x509_template template = {
        .common_name = "kube-apiserver",
        .dns_names = dns_names,
        .ip_addresses = addresses,
        .not_before = now - HOUR,
        .not_after = now + VALIDITY,
        .server_auth = true,
    };
    AUTO_KEY key = NULL;
    AUTO_X509 certificate = NULL;
    if (key_generate(KEY_EC_P256, 0, &key, err) < 0 || x509_issue(&template, key, NULL, key, &certificate, err) < 0 ||
        x509_pem(certificate, ret_certificate, err) < 0)
        return -1;
    return key_private_pem(key, ret_key, err);
}

int serving_certificate_ensure(const char *folder, const char *address, struct clock *clock, struct str *ret_certificate,
                               struct str *ret_key, struct error **err) {
    AUTO_STR certificate = {0};
    AUTO_STR key = {0};
    str_printf(ret_certificate, "%s/apiserver.crt", folder);
    str_printf(ret_key, "%s/apiserver.key", folder);
    if (file_exists(str_text(ret_certificate)) && file_exists(str_text(ret_key)))
        return 0;
    if (issue(address, clock, &certificate, &key, err) < 0)
        return error_prefix(err, "unable to generate self signed cert");
    if (file_make_directories(folder, 0755, err) < 0 ||
        file_write_atomic(str_text(ret_key), str_text(&key), key.len, 0600, err) < 0)
        return -1;
    return file_write_atomic(str_text(ret_certificate), str_text(&certificate), certificate.len, 0644, err);
}

void serving_certificate_host_address(struct str *out) {
    struct ifaddrs *interfaces = NULL;
    char text[INET_ADDRSTRLEN] = "127.0.0.1";
    if (getifaddrs(&interfaces) == 0) {
        for (struct ifaddrs *it = interfaces; it; it = it->ifa_next) {
            if (!it->ifa_addr || it->ifa_addr->sa_family != AF_INET || !(it->ifa_flags & IFF_UP) ||
                (it->ifa_flags & IFF_LOOPBACK))
                continue;
            inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)it->ifa_addr)->sin_addr, text, sizeof(text));
            break;
        }
        freeifaddrs(interfaces);
    }
    str_append(out, text);
}
