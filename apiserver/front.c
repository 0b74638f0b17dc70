// SPDX-License-Identifier: Apache-2.0
// The apiserver on the network: HTTP requests to the core and its answers back.
#include "apiserver/front.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/lock.h"
#include "common/base/thread.h"
#include "common/net/http_server.h"

#define MAX_WORKERS 32
#define WORKER_IDLE_SECONDS 10
#define QUEUE_BOUND 600
#define BODY_LIMIT ((size_t)3145728)

struct front {
    struct apiserver *server; // constant, as all here
    struct http_server *http;
    struct thread_pool *workers;
    size_t queue_bound;
};

// One request; everything that it borrows lives until its reply.
struct job {
    struct front *front;
    struct http_server_request *http;
    struct api_request request;
    struct peer_certificate certificate;
    struct http_header *headers;
};

// --- streams ---------------------------------------------------------------------------------------------------------------------

// Between a stream of the core and one of the HTTP server. Two hold it: the reply, until it knows the HTTP stream, and the HTTP stream.
struct bridge {
    struct api_stream *stream;
    struct lock lock;
    struct http_stream *http; // under lock
    bool woken;               // under lock: a wake came before http was known
    int holders;              // under lock
};

static void bridge_let_go(struct bridge *bridge) {
    bool last = false;
    LOCKED(&bridge->lock)
    last = --bridge->holders == 0;
    if (!last)
        return;
    http_stream_unref(bridge->http);
    lock_destroy(&bridge->lock);
    free(bridge);
}

static void bridge_wake(void *argument) {
    struct bridge *bridge = argument;
    LOCKED(&bridge->lock) {
        if (bridge->http)
            http_stream_wake(bridge->http);
        else
            bridge->woken = true;
    }
}

static ssize_t bridge_read(void *context, char *buffer, size_t max) {
    struct bridge *bridge = context;
    ssize_t len = bridge->stream->ops->read(bridge->stream, buffer, max);
    if (len > 0)
        return len;
    return len == 0 ? HTTP_STREAM_WAIT : HTTP_STREAM_END;
}

static void bridge_closed(void *context) {
    struct bridge *bridge = context;
    bridge->stream->ops->free(bridge->stream); // no wake comes any more
    bridge_let_go(bridge);
}

static const struct http_stream_ops bridge_ops = {bridge_read, bridge_closed};

static void reply_stream(struct http_server_request *http, const struct http_server_head *head, struct api_stream *take_stream) {
    struct bridge *bridge = alloc_zero(sizeof(*bridge));
    bridge->stream = take_stream;
    bridge->holders = 2;
    lock_init(&bridge->lock, "stream bridge");
    take_stream->ops->set_wake(take_stream, bridge_wake, bridge);
    struct http_stream *stream = http_server_reply_stream(http, head, &bridge_ops, bridge);
    LOCKED(&bridge->lock) {
        bridge->http = stream;
        if (bridge->woken)
            http_stream_wake(stream);
    }
    bridge_let_go(bridge);
}

// --- replies -----------------------------------------------------------------------------------------------------------------------

static void reply(struct http_server_request *http, struct api_response *response) {
    size_t count = response->headers.len;
    CLEANUP(free_ptr) struct http_header *headers = alloc_array(count ? count : 1, sizeof(*headers));
    for (size_t i = 0; i < count; i++) {
        const struct api_header *header = VEC_AT(&response->headers, struct api_header, i);
        headers[i] = (struct http_header){header->name, header->value};
    }
    struct http_server_head head = {.status = response->status,
                                    .content_type = response->status == 304 ? NULL : response->content_type,
                                    .headers = headers,
                                    .header_count = count};
    switch (response->body) {
    case API_BODY_BYTES:
        http_server_reply_str(http, &head, &response->bytes);
        break;
    case API_BODY_SLICES:
        http_server_reply_slices(http, &head, STEAL(response->slices), response->slice_count, response->slices_release);
        response->slice_count = 0;
        break;
    case API_BODY_STREAM:
        reply_stream(http, &head, STEAL(response->stream));
        break;
    }
}

// --- requests ----------------------------------------------------------------------------------------------------------------------

static bool count_header(void *context, const char *name UNUSED, const char *value UNUSED) {
    ++*(size_t *)context;
    return true;
}

static bool add_header(void *context, const char *name, const char *value) {
    struct job *job = context;
    job->headers[job->request.header_count++] = (struct http_header){name, value};
    return true;
}

static void fill_certificate(struct job *job) {
    const struct http_server_peer *peer = job->http->peer;
    job->certificate = (struct peer_certificate){.presented = peer || job->http->peer_error, .problem = job->http->peer_error};
    if (!peer)
        return;
    job->certificate.verified = true;
    job->certificate.common_name = peer->common_name;
    job->certificate.organizations = peer->organizations;
    job->certificate.organization_count = peer->organization_count;
}

static void fill_job(struct job *job, struct front *front, struct http_server_request *http, bool too_large) {
    size_t count = 0;
    *job = (struct job){.front = front, .http = http};
    http_server_each_header(http, count_header, &count);
    job->headers = alloc_array(count ? count : 1, sizeof(*job->headers));
    job->request = (struct api_request){
        .method = http->method,
        .target = http->target,
        .headers = job->headers,
        .body = http->body,
        .body_len = http->body_len,
        .body_too_large = too_large,
        .peer_address = http->remote_address,
        .received = apiserver_now(front->server),
        .certificate = http->tls ? &job->certificate : NULL,
    };
    http_server_each_header(http, add_header, job);
    fill_certificate(job);
}

static void run_job(struct job *job) {
    AUTO_API_RESPONSE response = {0};
    apiserver_handle(job->front->server, &job->request, &response);
    free(job->headers);
    reply(job->http, &response);
}

static void work(void *argument) {
    struct job *job = argument;
    run_job(job);
    free(job);
}

static void refuse(struct http_server_request *http) {
    static const char text[] = "Too many requests, please try again later.\n";
    static const struct http_header headers[] = {{"Retry-After", "1"}};
    struct http_server_head head = {
        .status = 429, .content_type = "text/plain; charset=utf-8", .headers = headers, .header_count = 1};
    http_server_reply(http, &head, text, sizeof(text) - 1);
}

static void take(struct front *front, struct http_server_request *http, bool too_large) {
    struct job job;
    fill_job(&job, front, http, too_large);
    if (apiserver_answers_at_once(front->server, &job.request)) {
        run_job(&job);
        return;
    }
    struct job *late = alloc_zero(sizeof(*late));
    *late = job;
    late->request.certificate = job.request.certificate ? &late->certificate : NULL;
    if (thread_pool_queue_len(front->workers) < front->queue_bound && thread_pool_submit(front->workers, work, late))
        return;
    free(late->headers);
    free(late);
    refuse(http);
}

static void on_request(void *context, struct http_server_request *http) {
    take(context, http, false);
}

static void on_too_large(void *context, struct http_server_request *http) {
    take(context, http, true);
}

// --- life ----------------------------------------------------------------------------------------------------------------------------

int front_start(const struct front_config *config, struct front **ret_front, struct error **err) {
    struct front *front = alloc_zero(sizeof(*front));
    front->server = config->server;
    front->queue_bound = config->queue_bound ? config->queue_bound : QUEUE_BOUND;
    front->workers = thread_pool_new("worker", MAX_WORKERS, WORKER_IDLE_SECONDS);
    struct http_server_listener listener = {
        .name = "secure", .address = config->address, .port = config->port, .tls = config->tls};
    struct http_server_config http = {
        .listeners = &listener,
        .listener_count = 1,
        .handler = on_request,
        .too_large = on_too_large,
        .context = front,
        .max_body = BODY_LIMIT,
    };
    if (http_server_start(&http, &front->http, err) < 0) {
        thread_pool_stop(front->workers);
        free(front);
        return -1;
    }
    *ret_front = front;
    return 0;
}

uint16_t front_port(const struct front *front) {
    return http_server_port(front->http, 0);
}

void front_stop(struct front *front) {
    if (!front)
        return;
    http_server_drain(front->http);
    apiserver_end_watches(front->server);
    http_server_stop(front->http);
    thread_pool_stop(front->workers);
    free(front);
}
