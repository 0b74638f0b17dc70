// SPDX-License-Identifier: Apache-2.0
// Connections of an HTTP server as they come and go: socket options, TLS credentials of the day, the client's certificate.
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/alloc.h"
#include "common/crypto/x509.h"
#include "common/net/http_server_internal.h"

static void set_socket_options(int fd) {
    // A dead peer is found within about a minute, also when nothing is written to it.
    static const struct {
        int level, name, value;
    } options[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1}, {IPPROTO_TCP, TCP_KEEPIDLE, 30}, {IPPROTO_TCP, TCP_KEEPINTVL, 10},
        {IPPROTO_TCP, TCP_KEEPCNT, 3}, {IPPROTO_TCP, TCP_NODELAY, 1},   {IPPROTO_TCP, TCP_USER_TIMEOUT, 60000},
    };
    for (size_t i = 0; i < ARRAY_LEN(options); i++) // unix sockets refuse the TCP ones, rightly
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

static void note_remote(struct http_server_link *link, const struct sockaddr *address) {
    snprintf(link->remote_address, sizeof(link->remote_address), "@");
    if (address == NULL)
        return;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &v4->sin_addr, link->remote_address, sizeof(link->remote_address));
        link->remote_port = ntohs(v4->sin_port);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
            inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, link->remote_address, sizeof(link->remote_address));
        else
            inet_ntop(AF_INET6, &v6->sin6_addr, link->remote_address, sizeof(link->remote_address));
        link->remote_port = ntohs(v6->sin6_port);
    }
}

enum MHD_Result http_server_link_open(struct http_server_port *port, struct MHD_Connection *connection,
                                      struct http_server_link **ret_link) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == NULL)
        return MHD_NO;
    struct http_server_link *link = alloc_zero(sizeof(*link));
    link->port = port;
    link->fd = info->connect_fd;
    set_socket_options(link->fd);
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    note_remote(link, info == NULL ? NULL : info->client_addr);
    if (port->tls != NULL) {
        info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
        link->session = info == NULL ? NULL : info->tls_session;
        link->material = tls_store_get(port->tls);
        gnutls_certificate_credentials_t credentials = tls_material_credentials(link->material);
        if (link->session != NULL)
            http_server_link_use_records(link);
        if (link->session != NULL && credentials != NULL) {
            gnutls_credentials_set(link->session, GNUTLS_CRD_CERTIFICATE, credentials);
            if (link->material->ca.len > 0)
                gnutls_certificate_server_set_request(link->session, GNUTLS_CERT_REQUEST);
        }
    }
    *ret_link = link;
    return MHD_YES;
}

static void forget_peer(struct http_server_link *link) {
    x509_free(STEAL(link->certificate));
    free(STEAL(link->peer_error));
    link->peer = (struct http_server_peer){0};
}

void http_server_link_close(struct http_server_link *link) {
    if (link == NULL)
        return;
    forget_peer(link);
    tls_material_unref(link->material);
    str_free(&link->held);
    free(link);
}

static int verify(struct http_server_link *link, const struct tls_material *material, struct error **err) {
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(link->session, &count);
    if (chain == NULL || count == 0)
        return 0;
    AUTO_X509 certificate = NULL;
    if (x509_parse_der(chain[0].data, chain[0].size, &certificate, err) < 0)
        return -1;
    if (tls_material_verify_client(material, chain, count, err) < 0)
        return -1;
    link->certificate = STEAL(certificate);
    return 0;
}

void http_server_link_identify(struct http_server_link *link) {
    if (link->session == NULL)
        return;
    const struct tls_material *material = tls_store_get(link->port->tls);
    if (material->generation != link->verified_generation) {
        AUTO_ERROR error = NULL;
        forget_peer(link);
        if (verify(link, material, &error) < 0)
            link->peer_error = alloc_string(error_message(error));
        if (link->certificate != NULL) {
            const struct x509_info *info = x509_info_of(link->certificate);
            link->peer = (struct http_server_peer){
                .common_name = info->common_name,
                .organizations = info->organizations,
                .organization_count = info->organization_count,
                .not_after = info->not_after,
                .fingerprint = info->fingerprint,
            };
        }
        link->verified_generation = material->generation;
    }
    tls_material_unref(material);
}
