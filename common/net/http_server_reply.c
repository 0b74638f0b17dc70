// SPDX-License-Identifier: Apache-2.0
// Replies of an HTTP server: bytes, shared bytes, lists of slices, and how a reply from any thread reaches the I/O thread.
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/net/http_server_internal.h"

#define SLICE_BLOCK ((size_t)64 * 1024)

void http_server_exchange_release(struct http_server_exchange *exchange) {
    struct http_server *server = exchange->server;
    if (!exchange->counted)
        return;
    exchange->counted = false;
    LOCKED(&server->lock) {
        if (--server->held == 0)
            cond_broadcast(&server->changed);
    }
}

enum MHD_Result http_server_exchange_settle(struct http_server_exchange *exchange) {
    struct http_connection *loan = NULL;
    struct MHD_Response *response = NULL;
    bool wait = false, hang_up = false, has_body = false;
    LOCKED(&exchange->lock) {
        if (exchange->ready) {
            response = STEAL(exchange->response);
            hang_up = exchange->hang_up;
            has_body = exchange->has_body;
        } else {
            wait = true;
            exchange->suspended = true;
            loan = STEAL(exchange->loan);
            MHD_suspend_connection(exchange->connection);
        }
    }
    if (loan != NULL)
        http_server_loan_start(loan);
    if (wait) // from here the exchange may be on another thread
        return MHD_YES;
    enum MHD_Result result = MHD_NO;
    bool body_sent =
        has_body && !str_equal(exchange->request.method, "HEAD") && exchange->status != 204 && exchange->status != 304;
    if (exchange->link != NULL)
        exchange->link->hold_next = body_sent && !hang_up && response != NULL;
    if (!hang_up && response != NULL)
        result = MHD_queue_response(exchange->connection, exchange->status, response);
    if (response != NULL)
        MHD_destroy_response(response);
    http_server_exchange_release(exchange);
    return result;
}

void http_server_exchange_publish(struct http_server_exchange *exchange, unsigned status, struct MHD_Response *response) {
    LOCKED(&exchange->lock) {
        exchange->status = status;
        exchange->response = response;
        exchange->hang_up = response == NULL;
        exchange->ready = true;
        if (exchange->suspended) {
            exchange->suspended = false;
            MHD_resume_connection(exchange->connection);
        }
    }
}

void http_server_add_headers(struct MHD_Response *response, const struct http_server_head *head) {
    if (response == NULL)
        return;
    if (head->content_type != NULL)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, head->content_type);
    for (size_t i = 0; i < head->header_count; i++)
        (void)MHD_add_response_header(response, head->headers[i].name, head->headers[i].value);
}

// len: of the body, all of which is there.
static void publish(struct http_server_request *request, const struct http_server_head *head, struct MHD_Response *response,
                    uint64_t len) {
    struct http_server_exchange *exchange = (struct http_server_exchange *)request;
    exchange->has_body = len > 0; // nobody else looks before it is published
    http_server_add_headers(response, head);
    http_server_exchange_publish(exchange, (unsigned)head->status, response);
}

void http_server_reply(struct http_server_request *request, const struct http_server_head *head, const void *bytes, size_t len) {
    // The library only reads what it is to copy.
    union {
        const void *in;
        void *out;
    } body = {.in = bytes};
    publish(request, head, MHD_create_response_from_buffer(len, len > 0 ? body.out : NULL, MHD_RESPMEM_MUST_COPY), len);
}

void http_server_reply_str(struct http_server_request *request, const struct http_server_head *head, struct str *take_body) {
    size_t len = take_body->len;
    char *bytes = str_take(take_body);
    struct MHD_Response *response = MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        free(bytes);
    publish(request, head, response, len);
}

void http_server_reply_shared(struct http_server_request *request, const struct http_server_head *head, const void *bytes,
                              size_t len, void (*release)(void *owner), void *owner) {
    union {
        const void *in;
        void *out;
    } body = {.in = bytes};
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(len, body.out, release, owner);
    if (response == NULL && release != NULL)
        release(owner);
    publish(request, head, response, len);
}

// The body of a reply by slices, read from front to back.
struct slice_body {
    struct http_slice *slices;
    size_t count;
    void (*release)(void *owner);
    size_t index;  // the slice to read next
    size_t offset; // within it
};

static void slice_body_free(void *cls) {
    struct slice_body *body = cls;
    for (size_t i = 0; i < body->count && body->release != NULL; i++)
        if (body->slices[i].owner != NULL)
            body->release(body->slices[i].owner);
    free(body->slices);
    free(body);
}

static ssize_t slice_body_read(void *cls, uint64_t position UNUSED, char *buffer, size_t max) {
    struct slice_body *body = cls;
    size_t len = 0;
    while (len < max && body->index < body->count) {
        const struct http_slice *slice = &body->slices[body->index];
        size_t part = MIN(slice->len - body->offset, max - len);
        if (part > 0)
            memcpy(buffer + len, slice->bytes + body->offset, part);
        len += part;
        body->offset += part;
        if (body->offset == slice->len) {
            body->index++;
            body->offset = 0;
        }
    }
    return len > 0 ? (ssize_t)len : MHD_CONTENT_READER_END_OF_STREAM;
}

void http_server_reply_slices(struct http_server_request *request, const struct http_server_head *head,
                              struct http_slice *take_slices, size_t count, void (*release)(void *owner)) {
    struct slice_body *body = alloc_zero(sizeof(*body));
    *body = (struct slice_body){.slices = take_slices, .count = count, .release = release};
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += take_slices[i].len;
    if (total == 0) { // a reader of nothing is never called
        slice_body_free(body);
        http_server_reply(request, head, NULL, 0);
        return;
    }
    struct MHD_Response *response =
        MHD_create_response_from_callback(total, MIN(total, SLICE_BLOCK), slice_body_read, body, slice_body_free);
    if (response == NULL)
        slice_body_free(body);
    publish(request, head, response, total);
}
