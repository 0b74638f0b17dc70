// SPDX-License-Identifier: Apache-2.0
// A transport that calls an apiserver's core directly as a given user: for tests and the simulation.
#include "apiserver/in_process.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/lock.h"

#define STREAM_BUFFER ((size_t)16 * 1024)
#define STOP_CHECK (50 * MILLISECOND)

struct in_process {
    struct transport base;
    struct apiserver *server;
    struct clock *clock;
    struct user_info user;
};

static void handle(struct in_process *self, const struct http_request *request, struct api_response *response) {
    struct api_request api = {
        .method = request->method,
        .target = request->path,
        .headers = request->headers,
        .header_count = request->header_count,
        .body = request->body,
        .body_len = request->body_len,
        .user = &self->user,
    };
    apiserver_handle(self->server, &api, response);
}

static void fill_response(const struct api_response *from, struct http_response *to) {
    AUTO_STR warnings = {0};
    *to = (struct http_response){.status = from->status, .retry_after_seconds = -1};
    to->content_type = alloc_string_or_null(from->content_type);
    for (size_t i = 0; i < from->headers.len; i++) {
        const struct api_header *header = VEC_AT(&from->headers, struct api_header, i);
        int64_t seconds = 0;
        if (str_equal_nocase(header->name, "Warning")) {
            if (warnings.len)
                str_append_char(&warnings, '\n');
            str_append(&warnings, header->value);
        } else if (str_equal_nocase(header->name, "Retry-After") && str_to_int64(header->value, &seconds)) {
            to->retry_after_seconds = (int)seconds;
        }
    }
    if (warnings.len)
        to->warning = str_take(&warnings);
}

// --- streams -------------------------------------------------------------------------------------------------------------------

struct waiter {
    struct lock lock;
    struct cond wake;
    bool pending; // under lock
};

static void wake(void *argument) {
    struct waiter *waiter = argument;
    LOCKED(&waiter->lock) {
        waiter->pending = true;
        cond_signal(&waiter->wake);
    }
}

static void wait_for_wake(struct in_process *self, struct waiter *waiter, struct stream_stop *stop) {
    LOCKED(&waiter->lock) {
        while (!waiter->pending && !(stop && stop->stopped)) {
            int64_t deadline = stop ? clock_monotonic(self->clock) + STOP_CHECK : TIME_NEVER;
            clock_wait(self->clock, &waiter->wake, &waiter->lock, deadline);
        }
        waiter->pending = false;
    }
}

// Reads the stream into on_data until it ends or somebody stops it.
static void pump(struct in_process *self, struct api_stream *stream, const struct stream_handler *handler,
                 struct stream_stop *stop) {
    CLEANUP(free_ptr) char *buffer = alloc_array(STREAM_BUFFER, 1);
    struct waiter waiter = {0};
    lock_init(&waiter.lock, "in-process stream");
    cond_init(&waiter.wake);
    stream->ops->set_wake(stream, wake, &waiter);
    while (!(stop && stop->stopped)) {
        ssize_t len = stream->ops->read(stream, buffer, STREAM_BUFFER);
        if (len < 0 || (len > 0 && !handler->on_data(handler->context, buffer, (size_t)len)))
            break;
        if (len == 0)
            wait_for_wake(self, &waiter, stop);
    }
    stream->ops->free(stream);
    cond_destroy(&waiter.wake);
    lock_destroy(&waiter.lock);
}

static int in_process_stream(struct transport *base, const struct http_request *request, const struct stream_handler *handler,
                             struct stream_stop *stop, struct error **err UNUSED) {
    struct in_process *self = CONTAINER_OF(base, struct in_process, base);
    AUTO_API_RESPONSE response = {0};
    handle(self, request, &response);
    if (!handler->on_start(handler->context, response.status, response.content_type))
        return 0;
    if (response.body == API_BODY_STREAM) {
        pump(self, STEAL(response.stream), handler, stop);
        return 0;
    }
    AUTO_STR body = {0};
    api_response_append_body(&response, &body);
    if (body.len)
        handler->on_data(handler->context, str_text(&body), body.len);
    return 0;
}

static bool append_data(void *context, const char *bytes, size_t len) {
    str_append_n(context, bytes, len);
    return true;
}

static int in_process_roundtrip(struct transport *base, const struct http_request *request, struct http_response *ret_response,
                                struct error **err UNUSED) {
    struct in_process *self = CONTAINER_OF(base, struct in_process, base);
    AUTO_API_RESPONSE response = {0};
    handle(self, request, &response);
    fill_response(&response, ret_response);
    if (response.body == API_BODY_STREAM) {
        struct stream_handler collect = {.on_data = append_data, .context = &ret_response->body};
        pump(self, STEAL(response.stream), &collect, NULL);
    } else {
        api_response_append_body(&response, &ret_response->body);
    }
    return 0;
}

static void in_process_free(struct transport *base) {
    struct in_process *self = CONTAINER_OF(base, struct in_process, base);
    user_info_free(&self->user);
    free(self);
}

static const struct transport_ops in_process_ops = {"in-process", in_process_roundtrip, in_process_stream, in_process_free};

struct transport *in_process_transport_new(struct apiserver *server, struct clock *clock, const char *user,
                                           const char *const *groups) {
    static const char *const masters[] = {USER_GROUP_MASTERS, NULL};
    struct in_process *self = alloc_zero(sizeof(*self));
    self->base.ops = &in_process_ops;
    self->server = server;
    self->clock = clock;
    self->user.name = alloc_string(user);
    for (const char *const *group = groups ? groups : masters; *group; group++)
        str_list_add(&self->user.groups, *group);
    if (!user_info_in_group(&self->user, USER_GROUP_AUTHENTICATED))
        str_list_add(&self->user.groups, USER_GROUP_AUTHENTICATED);
    return &self->base;
}
