// SPDX-License-Identifier: Apache-2.0
// How TLS records of an HTTP server reach the socket: the head of a reply waits for the first record of its body, so that both leave in
// one packet and wake the client once. The library writes them one after the other.
#include <errno.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/base/alloc.h"
#include "common/net/http_server_internal.h"

#define MAX_PARTS 16
// A longer head, which does not occur, is not held.
#define MAX_HELD ((size_t)4 * 1024)

static size_t total_len(const giovec_t *parts, int count) {
    size_t len = 0;
    for (int i = 0; i < count; i++)
        len += parts[i].iov_len;
    return len;
}

static void hold(struct http_server_link *link, const giovec_t *parts, int count) {
    for (int i = 0; i < count; i++)
        str_append_n(&link->held, parts[i].iov_base, parts[i].iov_len);
}

// GnuTLS wants the number of its own bytes that were taken, or -1 and an errno.
static ssize_t push(gnutls_transport_ptr_t transport, const giovec_t *parts, int count) {
    struct http_server_link *link = transport;
    bool holds = link->hold_next && total_len(parts, count) <= MAX_HELD;
    link->hold_next = false;
    if (holds) {
        hold(link, parts, count);
        return (ssize_t)total_len(parts, count);
    }
    struct iovec out[MAX_PARTS] = {{.iov_base = link->held.data, .iov_len = link->held.len}};
    size_t used = link->held.len > 0 ? 1 : 0;
    for (int i = 0; i < count && used < MAX_PARTS; i++)
        out[used++] = (struct iovec){parts[i].iov_base, parts[i].iov_len};
    struct msghdr message = {.msg_iov = out, .msg_iovlen = used};
    ssize_t sent = sendmsg(link->fd, &message, MSG_NOSIGNAL);
    if (sent < 0) {
        gnutls_transport_set_errno(link->session, errno);
        return -1;
    }
    size_t of_held = MIN((size_t)sent, link->held.len);
    if (of_held > 0)
        str_remove_front(&link->held, of_held);
    if (link->held.len > 0 || (size_t)sent == of_held) {
        gnutls_transport_set_errno(link->session, EAGAIN);
        return -1;
    }
    return sent - (ssize_t)of_held;
}

void http_server_link_use_records(struct http_server_link *link) {
    gnutls_transport_ptr_t receive = gnutls_transport_get_ptr(link->session);
    gnutls_transport_set_ptr2(link->session, receive, link);
    gnutls_transport_set_vec_push_function(link->session, push);
}
