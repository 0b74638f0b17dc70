// SPDX-License-Identifier: Apache-2.0
// gRPC calls: what a caller queues, waits for and gets.
#include "common/net/grpc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/net/grpc_internal.h"

#define DEFAULT_MAX_MESSAGE ((size_t)16 * 1024 * 1024)
#define STOP_POLL (SECOND / 4)

static const char *const code_names[] = {
    [GRPC_OK] = "OK",
    [GRPC_CANCELLED] = "Canceled",
    [GRPC_UNKNOWN] = "Unknown",
    [GRPC_INVALID_ARGUMENT] = "InvalidArgument",
    [GRPC_DEADLINE_EXCEEDED] = "DeadlineExceeded",
    [GRPC_NOT_FOUND] = "NotFound",
    [GRPC_ALREADY_EXISTS] = "AlreadyExists",
    [GRPC_PERMISSION_DENIED] = "PermissionDenied",
    [GRPC_RESOURCE_EXHAUSTED] = "ResourceExhausted",
    [GRPC_FAILED_PRECONDITION] = "FailedPrecondition",
    [GRPC_ABORTED] = "Aborted",
    [GRPC_OUT_OF_RANGE] = "OutOfRange",
    [GRPC_UNIMPLEMENTED] = "Unimplemented",
    [GRPC_INTERNAL] = "Internal",
    [GRPC_UNAVAILABLE] = "Unavailable",
    [GRPC_DATA_LOSS] = "DataLoss",
    [GRPC_UNAUTHENTICATED] = "Unauthenticated",
};

const char *grpc_code_name(enum grpc_code code) {
    return (size_t)code < ARRAY_LEN(code_names) ? code_names[code] : "Unknown";
}

enum grpc_code grpc_error_code(const struct error *error) {
    if (error == NULL)
        return GRPC_OK;
    for (size_t i = 1; i < ARRAY_LEN(code_names); i++)
        if (str_equal(error->reason, code_names[i]))
            return (enum grpc_code)i;
    return GRPC_UNKNOWN;
}

static int set_error(struct error **err, enum grpc_code code, const char *text) {
    const char *name = grpc_code_name(code);
    return error_set_api(err, 0, name, "rpc error: code = %s desc = %s", name, text);
}

// --- calls -----------------------------------------------------------------------------------------------------------------

// "5000m": at most eight digits and the unit.
static void format_timeout(int64_t timeout, char *buffer, size_t size) {
    static const struct {
        int64_t nanoseconds;
        char unit;
    } units[] = {{1, 'n'}, {MICROSECOND, 'u'}, {MILLISECOND, 'm'}, {SECOND, 'S'}, {MINUTE, 'M'}, {HOUR, 'H'}};
    buffer[0] = '\0';
    for (size_t i = 0; timeout > 0 && i < ARRAY_LEN(units); i++) {
        int64_t value = timeout / units[i].nanoseconds + (timeout % units[i].nanoseconds != 0);
        if (value <= 99999999) {
            snprintf(buffer, size, "%lld%c", (long long)value, units[i].unit);
            return;
        }
    }
}

static struct grpc_call *call_new(const struct grpc_request *request, bool streaming) {
    struct grpc_call *call = alloc_zero(sizeof(*call));
    size_t len = request->len;
    const unsigned char head[GRPC_FRAME_HEAD] = {0, (unsigned char)(len >> 24), (unsigned char)(len >> 16),
                                                 (unsigned char)(len >> 8), (unsigned char)len};
    call->method = alloc_string(request->method);
    call->streaming = streaming;
    call->references = 1;
    call->grpc_status = -1;
    cond_init(&call->changed);
    format_timeout(streaming ? 0 : request->timeout, call->timeout_text, sizeof(call->timeout_text));
    str_append_n(&call->request, head, sizeof(head));
    if (len > 0)
        str_append_n(&call->request, request->message, len);
    return call;
}

void grpc_call_unref(struct grpc_client *client, struct grpc_call *call) {
    lock_assert_held(&client->lock);
    if (--call->references > 0)
        return;
    cond_destroy(&call->changed);
    free(call->method);
    str_free(&call->request);
    str_free(&call->message);
    str_free(&call->incoming);
    str_free(&call->messages);
    str_free(&call->text);
    free(call);
}

void grpc_call_finish(struct grpc_client *client, struct grpc_call *call, enum grpc_code code, const char *text) {
    LOCKED(&client->lock) {
        call->code = code;
        str_append(&call->text, text);
        call->unsent = !call->sent;
        call->done = true;
        cond_broadcast(&call->changed);
        grpc_call_unref(client, call);
    }
}

void grpc_client_wake(struct grpc_client *client) {
    uint64_t one = 1;
    ssize_t written = write(client->wake_fd, &one, sizeof(one));
    (void)written; // fails only when the counter is full, and then the thread is awake
}

static void call_queue(struct grpc_client *client, struct grpc_call *call) {
    LOCKED(&client->lock) {
        call->references++;
        list_push_back(&client->queued, &call->node);
    }
    grpc_client_wake(client);
}

// The caller leaves; the I/O thread ends the stream if there is one.
static void call_leave(struct grpc_client *client, struct grpc_call *call) {
    bool under_way = false;
    LOCKED(&client->lock) {
        under_way = !call->done;
        call->cancelled = true;
        grpc_call_unref(client, call);
    }
    if (under_way)
        grpc_client_wake(client);
}

static size_t framed_len(const char *frame) {
    const unsigned char *head = (const unsigned char *)frame;
    return (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
}

// With the lock held and the call done: the one message of a unary call.
static int take_reply(struct grpc_call *call, struct str *reply, struct error **err) {
    if (call->code != GRPC_OK)
        return set_error(err, call->code, str_text(&call->text));
    if (call->message_count != 1)
        return set_error(err, GRPC_INTERNAL, "cardinality violation: a unary call must bring exactly one message");
    str_append_n(reply, call->messages.data + GRPC_FRAME_HEAD, framed_len(call->messages.data));
    return 0;
}

static int try_call(struct grpc_client *client, struct grpc_call *call, int64_t deadline, struct str *reply, bool *ret_unsent,
                    struct error **err) {
    int status = 0;
    call_queue(client, call);
    LOCKED(&client->lock) {
        bool in_time = true;
        while (!call->done && in_time)
            in_time = clock_wait(clock_system(), &call->changed, &client->lock, deadline);
        if (call->done)
            status = take_reply(call, reply, err);
        else
            status = set_error(err, GRPC_DEADLINE_EXCEEDED, "context deadline exceeded");
        *ret_unsent = call->done && call->unsent;
    }
    call_leave(client, call);
    return status;
}

static int check_size(size_t len, struct error **err) {
    return len <= UINT32_MAX ? 0 : set_error(err, GRPC_RESOURCE_EXHAUSTED, "message is larger than gRPC can frame");
}

int grpc_client_call(struct grpc_client *client, const struct grpc_request *request, struct str *reply, struct error **err) {
    int64_t deadline = request->timeout > 0 ? clock_monotonic(clock_system()) + request->timeout : TIME_NEVER;
    if (check_size(request->len, err) < 0)
        return -1;
    for (int attempt = 0;; attempt++) {
        AUTO_ERROR error = NULL;
        bool unsent = false;
        struct grpc_call *call = call_new(request, false);
        if (try_call(client, call, deadline, reply, &unsent, &error) == 0)
            return 0;
        if (!unsent || attempt > 0)
            return error_move(err, &error);
    }
}

// --- streams ---------------------------------------------------------------------------------------------------------------

// Waits until there are messages (moved to `batch`) or the call is done or stopped.
static void next_batch(struct grpc_client *client, struct grpc_call *call, const struct stream_stop *stop, struct str *batch) {
    LOCKED(&client->lock) {
        while (call->messages.len == 0 && !call->done && !(stop != NULL && stop->stopped)) {
            int64_t until = stop == NULL ? TIME_NEVER : clock_monotonic(clock_system()) + STOP_POLL;
            (void)clock_wait(clock_system(), &call->changed, &client->lock, until);
        }
        *batch = call->messages;
        call->messages = (struct str){0};
    }
}

static bool hand_out(const struct str *batch, grpc_message_handler handler, void *context) {
    for (size_t at = 0; at < batch->len;) {
        size_t len = framed_len(batch->data + at);
        if (!handler(context, batch->data + at + GRPC_FRAME_HEAD, len))
            return false;
        at += GRPC_FRAME_HEAD + len;
    }
    return true;
}

int grpc_client_stream(struct grpc_client *client, const struct grpc_request *request, grpc_message_handler handler,
                       void *context, struct stream_stop *stop, struct error **err) {
    if (check_size(request->len, err) < 0)
        return -1;
    struct grpc_call *call = call_new(request, true);
    int status = 0;
    bool go_on = true;
    call_queue(client, call);
    while (go_on) {
        AUTO_STR batch = {0};
        next_batch(client, call, stop, &batch);
        if (stop != NULL && stop->stopped) {
            go_on = false;
        } else if (batch.len > 0) {
            go_on = hand_out(&batch, handler, context);
            grpc_client_wake(client); // to grant the peer more
        } else {                      // done
            LOCKED(&client->lock) {
                if (call->code != GRPC_OK)
                    status = set_error(err, call->code, str_text(&call->text));
            }
            go_on = false;
        }
    }
    call_leave(client, call);
    return status;
}

// --- the client ------------------------------------------------------------------------------------------------------------

int grpc_client_new(const struct grpc_client_config *config, struct grpc_client **ret_client, struct error **err) {
    const char *path = config->socket_path;
    if (str_starts(path, "unix://"))
        path += strlen("unix://");
    if (path[0] != '/')
        return error_set(err, "endpoint \"%s\": only unix sockets with an absolute path are supported", config->socket_path);
    int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd < 0)
        return error_set_errno(err, errno, "eventfd");
    struct grpc_client *client = alloc_zero(sizeof(*client));
    client->socket_path = alloc_string(path);
    client->max_message = config->max_message > 0 ? config->max_message : DEFAULT_MAX_MESSAGE;
    client->wake_fd = wake_fd;
    client->metadata_count = config->metadata_count;
    client->metadata = alloc_array(MAX(config->metadata_count, 1), sizeof(*client->metadata));
    for (size_t i = 0; i < config->metadata_count; i++) {
        client->metadata[i].name = alloc_string(config->metadata[i].name);
        client->metadata[i].value = alloc_string(config->metadata[i].value);
    }
    lock_init(&client->lock, "grpc_client");
    list_init(&client->queued);
    list_init(&client->active);
    client->thread = thread_start("grpc", grpc_client_run, client);
    *ret_client = client;
    return 0;
}

void grpc_client_free(struct grpc_client *client) {
    if (client == NULL)
        return;
    LOCKED(&client->lock)
    client->stopping = true;
    grpc_client_wake(client);
    thread_join(client->thread);
    for (size_t i = 0; i < client->metadata_count; i++) {
        free((void *)(uintptr_t)client->metadata[i].name);
        free((void *)(uintptr_t)client->metadata[i].value);
    }
    free(client->metadata);
    free(client->socket_path);
    fd_closep(&client->wake_fd);
    lock_destroy(&client->lock);
    free(client);
}
