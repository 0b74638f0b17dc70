// SPDX-License-Identifier: Apache-2.0
// The HTTP/2 connection under gRPC and the thread that owns it. The only file that knows nghttp2.
#include <errno.h>
#include <fcntl.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/encoding.h"
#include "common/base/file.h"
#include "common/net/grpc_internal.h"

#define STREAM_WINDOW (1024 * 1024)
#define CONNECTION_WINDOW (4 * 1024 * 1024)
#define READ_SIZE ((size_t)32 * 1024)
#define CONNECT_SECONDS 5
#define MAX_METADATA 16
#define MAX_MESSAGE_TEXT ((size_t)8 * 1024)

struct grpc_session {
    struct grpc_client *client;
    nghttp2_session *http2;
    int fd;
    const uint8_t *unwritten; // nghttp2's, until its next mem_send
    size_t unwritten_len;
    bool leaving; // GOAWAY has come: no new streams
    char buffer[READ_SIZE];
};

// --- ends of calls ---------------------------------------------------------------------------------------------------------

static void end_call(struct grpc_client *client, struct grpc_call *call, enum grpc_code code, const char *text) {
    list_remove(&call->node);
    grpc_call_finish(client, call, code, text);
}

static enum grpc_code code_of_http_status(int status) {
    switch (status) {
    case 400:
        return GRPC_INTERNAL;
    case 401:
        return GRPC_UNAUTHENTICATED;
    case 403:
        return GRPC_PERMISSION_DENIED;
    case 404:
        return GRPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return GRPC_UNAVAILABLE;
    default:
        return GRPC_UNKNOWN;
    }
}

// The stream has ended: what its trailers, its HTTP status or its reset mean.
static void conclude(struct grpc_client *client, struct grpc_call *call, uint32_t error_code) {
    char text[160];
    if (call->grpc_status > 0) {
        end_call(client, call, (enum grpc_code)call->grpc_status, str_text(&call->message));
    } else if (call->grpc_status == 0) {
        if (call->incoming.len > 0)
            end_call(client, call, GRPC_INTERNAL, "unexpected EOF");
        else
            end_call(client, call, GRPC_OK, "");
    } else if (call->http_status != 0 && call->http_status != 200) {
        snprintf(text, sizeof(text), "unexpected HTTP status code received from server: %d", call->http_status);
        end_call(client, call, code_of_http_status(call->http_status), text);
    } else if (error_code == NGHTTP2_REFUSED_STREAM) {
        call->sent = false; // the peer says that it did nothing
        end_call(client, call, GRPC_UNAVAILABLE, "the server refused the stream");
    } else if (error_code == NGHTTP2_CANCEL) {
        end_call(client, call, GRPC_CANCELLED, "stream terminated by RST_STREAM with error code: CANCEL");
    } else if (error_code != NGHTTP2_NO_ERROR) {
        snprintf(text, sizeof(text), "stream terminated by RST_STREAM with error code: %s", nghttp2_http2_strerror(error_code));
        end_call(client, call, error_code == NGHTTP2_ENHANCE_YOUR_CALM ? GRPC_RESOURCE_EXHAUSTED : GRPC_INTERNAL, text);
    } else {
        end_call(client, call, GRPC_INTERNAL, "server closed the stream without sending trailers");
    }
}

// Ends a call on our own account while its stream is open.
static void break_call(struct grpc_session *session, struct grpc_call *call, enum grpc_code code, const char *text) {
    (void)nghttp2_session_set_stream_user_data(session->http2, call->stream_id, NULL);
    (void)nghttp2_submit_rst_stream(session->http2, NGHTTP2_FLAG_NONE, call->stream_id, NGHTTP2_CANCEL);
    end_call(session->client, call, code, text);
}

// --- what nghttp2 tells ----------------------------------------------------------------------------------------------------

static int on_header(nghttp2_session *http2, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags UNUSED, void *user_data UNUSED) {
    struct grpc_call *call = nghttp2_session_get_stream_user_data(http2, frame->hd.stream_id);
    if (call == NULL)
        return 0;
    CLEANUP(free_ptr) char *key = alloc_string_n((const char *)name, name_len);
    CLEANUP(free_ptr) char *text = alloc_string_n((const char *)value, value_len);
    int64_t number;
    if (str_equal(key, ":status")) {
        if (str_to_int64(text, &number))
            call->http_status = (int)number;
    } else if (str_equal(key, "grpc-status")) {
        bool known = str_to_int64(text, &number) && number >= 0 && number <= GRPC_UNAUTHENTICATED;
        call->grpc_status = known ? (int)number : GRPC_UNKNOWN;
    } else if (str_equal(key, "grpc-message") && value_len <= MAX_MESSAGE_TEXT) {
        str_clear(&call->message);
        if (!percent_decode(&call->message, text, value_len, false))
            str_append(&call->message, text);
    }
    return 0;
}

// Moves the whole messages at the front of call->incoming to the caller. NULL or what is wrong.
static const char *take_messages(struct grpc_client *client, struct grpc_call *call) {
    size_t at = 0;
    while (call->incoming.len - at >= GRPC_FRAME_HEAD) {
        const unsigned char *head = (const unsigned char *)call->incoming.data + at;
        size_t len = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
        if (head[0] != 0)
            return "the message is compressed, which was not offered";
        if (len > client->max_message)
            return "received message larger than max";
        if (call->incoming.len - at < GRPC_FRAME_HEAD + len)
            break;
        LOCKED(&client->lock) {
            str_append_n(&call->messages, head, GRPC_FRAME_HEAD + len);
            call->message_count++;
            if (call->streaming)
                cond_broadcast(&call->changed);
        }
        at += GRPC_FRAME_HEAD + len;
        if (!call->streaming && call->message_count > 1)
            return "cardinality violation: a unary call brought a second message";
    }
    str_remove_front(&call->incoming, at);
    return NULL;
}

// Grants the peer the bytes back that were taken, unless the handler lags behind.
static void grant(struct grpc_session *session, struct grpc_call *call) {
    size_t buffered = 0;
    LOCKED(&session->client->lock)
    buffered = call->messages.len;
    if (call->withheld > 0 && (!call->streaming || buffered < GRPC_BUFFERED_MAX)) {
        (void)nghttp2_session_consume_stream(session->http2, call->stream_id, call->withheld);
        call->withheld = 0;
    }
}

static int on_data(nghttp2_session *http2, uint8_t flags UNUSED, int32_t stream_id, const uint8_t *bytes, size_t len,
                   void *user_data) {
    struct grpc_session *session = user_data;
    struct grpc_call *call = nghttp2_session_get_stream_user_data(http2, stream_id);
    (void)nghttp2_session_consume_connection(http2, len); // one slow stream must not stop the others
    if (call == NULL)
        return 0;
    str_append_n(&call->incoming, bytes, len);
    call->withheld += len;
    const char *wrong = take_messages(session->client, call);
    if (wrong != NULL)
        break_call(session, call, str_starts(wrong, "received") ? GRPC_RESOURCE_EXHAUSTED : GRPC_INTERNAL, wrong);
    else
        grant(session, call);
    return 0;
}

static int on_stream_close(nghttp2_session *http2, int32_t stream_id, uint32_t error_code, void *user_data) {
    struct grpc_session *session = user_data;
    struct grpc_call *call = nghttp2_session_get_stream_user_data(http2, stream_id);
    if (call != NULL)
        conclude(session->client, call, error_code);
    return 0;
}

static int on_frame(nghttp2_session *http2 UNUSED, const nghttp2_frame *frame, void *user_data) {
    struct grpc_session *session = user_data;
    if (frame->hd.type == NGHTTP2_GOAWAY) // nghttp2 closes the streams that the peer did not take as refused
        session->leaving = true;
    return 0;
}

static int before_send(nghttp2_session *http2, const nghttp2_frame *frame, void *user_data UNUSED) {
    if (frame->hd.type == NGHTTP2_HEADERS) {
        struct grpc_call *call = nghttp2_session_get_stream_user_data(http2, frame->hd.stream_id);
        if (call != NULL)
            call->sent = true;
    }
    return 0;
}

static ssize_t read_request(nghttp2_session *http2 UNUSED, int32_t stream_id UNUSED, uint8_t *buffer, size_t max, uint32_t *flags,
                            nghttp2_data_source *source, void *user_data UNUSED) {
    struct grpc_call *call = source->ptr;
    size_t len = MIN(max, call->request.len - call->request_sent);
    memcpy(buffer, call->request.data + call->request_sent, len);
    call->request_sent += len;
    if (call->request_sent == call->request.len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)len;
}

// --- the connection --------------------------------------------------------------------------------------------------------

static int make_http2(struct grpc_session *session) {
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0)
        abort(); // out of memory
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_before_frame_send_callback(callbacks, before_send);
    nghttp2_option_set_no_auto_window_update(option, 1);
    int status = nghttp2_session_client_new2(&session->http2, callbacks, session, option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
    };
    if (status == 0)
        status = nghttp2_submit_settings(session->http2, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings));
    if (status == 0)
        status = nghttp2_session_set_local_window_size(session->http2, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW);
    return status;
}

static int connect_socket(const char *path, struct error **err) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval bound = {.tv_sec = CONNECT_SECONDS};
    if (strlen(path) >= sizeof(address.sun_path))
        return error_set(err, "dial unix %s: path is too long", path);
    strcpy(address.sun_path, path);
    AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_set_errno(err, errno, "dial unix %s: socket", path);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof(bound)); // bounds connect when the backlog is full
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        AUTO_STR text = {0};
        str_append(&text, strerrordesc_np(errno));
        str_lower(text.data);
        return error_set(err, "dial unix %s: connect: %s", path, text.data);
    }
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        return error_set_errno(err, errno, "dial unix %s: fcntl", path);
    int result = fd;
    fd = -1;
    return result;
}

static int session_open(struct grpc_client *client, struct error **err) {
    int fd = connect_socket(client->socket_path, err);
    if (fd < 0)
        return -1;
    struct grpc_session *session = alloc_zero(sizeof(*session));
    session->client = client;
    session->fd = fd;
    if (make_http2(session) != 0)
        abort(); // out of memory
    client->session = session;
    return 0;
}

static void session_close(struct grpc_client *client, const char *why) {
    struct grpc_session *session = STEAL(client->session);
    if (session == NULL)
        return;
    LIST_FOREACH(node, &client->active) {
        struct grpc_call *call = CONTAINER_OF(node, struct grpc_call, node);
        (void)nghttp2_session_set_stream_user_data(session->http2, call->stream_id, NULL);
        end_call(client, call, GRPC_UNAVAILABLE, why);
    }
    nghttp2_session_del(session->http2);
    fd_closep(&session->fd);
    free(session);
}

static nghttp2_nv header(const char *name, const char *value) {
    return (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name,
        .value = (uint8_t *)(uintptr_t)value,
        .namelen = strlen(name),
        .valuelen = strlen(value),
    };
}

static void submit(struct grpc_session *session, struct grpc_call *call) {
    struct grpc_client *client = session->client;
    nghttp2_nv headers[9 + MAX_METADATA];
    size_t count = 0;
    headers[count++] = header(":method", "POST");
    headers[count++] = header(":scheme", "http");
    headers[count++] = header(":path", call->method);
    headers[count++] = header(":authority", "localhost");
    headers[count++] = header("content-type", "application/grpc");
    headers[count++] = header("user-agent", "cube");
    headers[count++] = header("te", "trailers");
    if (call->timeout_text[0] != '\0')
        headers[count++] = header("grpc-timeout", call->timeout_text);
    for (size_t i = 0; i < client->metadata_count && count < ARRAY_LEN(headers); i++)
        headers[count++] = header(client->metadata[i].name, client->metadata[i].value);
    const nghttp2_data_provider body = {.source.ptr = call, .read_callback = read_request};
    list_push_back(&client->active, &call->node);
    call->stream_id = nghttp2_submit_request(session->http2, NULL, headers, count, &body, call);
    if (call->stream_id < 0) { // the connection's stream numbers are used up: the next call makes a new one
        session->leaving = true;
        end_call(client, call, GRPC_UNAVAILABLE, nghttp2_strerror(call->stream_id));
    }
}

// false: the connection is no more.
static bool write_out(struct grpc_session *session) {
    for (;;) {
        if (session->unwritten_len == 0) {
            ssize_t len = nghttp2_session_mem_send(session->http2, &session->unwritten);
            if (len < 0)
                return false;
            if (len == 0)
                return true;
            session->unwritten_len = (size_t)len;
        }
        ssize_t written = send(session->fd, session->unwritten, session->unwritten_len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written < 0)
            return errno == EAGAIN || errno == EINTR;
        session->unwritten += written;
        session->unwritten_len -= (size_t)written;
    }
}

static bool read_in(struct grpc_session *session) {
    for (;;) {
        ssize_t len = recv(session->fd, session->buffer, sizeof(session->buffer), MSG_DONTWAIT);
        if (len < 0)
            return errno == EAGAIN || errno == EINTR;
        if (len == 0 || nghttp2_session_mem_recv(session->http2, (const uint8_t *)session->buffer, (size_t)len) < 0)
            return false;
        if ((size_t)len < sizeof(session->buffer))
            return true;
    }
}

// --- the thread ------------------------------------------------------------------------------------------------------------

static struct grpc_call *next_queued(struct grpc_client *client) {
    struct list_node *node = NULL;
    LOCKED(&client->lock)
    node = list_pop_front(&client->queued);
    return node == NULL ? NULL : CONTAINER_OF(node, struct grpc_call, node);
}

static bool was_cancelled(struct grpc_client *client, const struct grpc_call *call) {
    bool cancelled = false;
    LOCKED(&client->lock)
    cancelled = call->cancelled;
    return cancelled;
}

static void start_queued(struct grpc_client *client) {
    struct grpc_call *call;
    while ((call = next_queued(client)) != NULL) {
        AUTO_ERROR error = NULL;
        if (was_cancelled(client, call)) {
            grpc_call_finish(client, call, GRPC_CANCELLED, "context canceled");
            continue;
        }
        if (client->session != NULL && client->session->leaving && list_empty(&client->active))
            session_close(client, "the server is going away");
        if (client->session == NULL && session_open(client, &error) < 0) {
            AUTO_STR text = {0};
            str_printf(&text, "connection error: desc = \"transport: Error while dialing: %s\"", error_message(error));
            call->sent = true; // trying again at once brings nothing new
            grpc_call_finish(client, call, GRPC_UNAVAILABLE, text.data);
            continue;
        }
        if (client->session->leaving) {
            grpc_call_finish(client, call, GRPC_UNAVAILABLE, "the server is going away");
            continue;
        }
        submit(client->session, call);
    }
}

static void tend_active(struct grpc_client *client) {
    LIST_FOREACH(node, &client->active) {
        struct grpc_call *call = CONTAINER_OF(node, struct grpc_call, node);
        if (was_cancelled(client, call))
            break_call(client->session, call, GRPC_CANCELLED, "context canceled");
        else
            grant(client->session, call);
    }
}

// Sleeps until there is something to do; false: stop.
static bool wait_for_work(struct grpc_client *client, bool *ret_readable) {
    struct grpc_session *session = client->session;
    struct pollfd fds[2] = {{.fd = client->wake_fd, .events = POLLIN}, {.fd = -1}};
    if (session != NULL) {
        fds[1].fd = session->fd;
        fds[1].events = (short)(POLLIN | (session->unwritten_len > 0 ? POLLOUT : 0));
    }
    (void)poll(fds, ARRAY_LEN(fds), -1);
    uint64_t count;
    if (fds[0].revents != 0) {
        ssize_t len = read(client->wake_fd, &count, sizeof(count));
        (void)len; // it only has to be emptied
    }
    *ret_readable = (fds[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
    bool go_on = true;
    LOCKED(&client->lock)
    go_on = !client->stopping;
    return go_on;
}

void grpc_client_run(void *argument) {
    struct grpc_client *client = argument;
    bool readable = false;
    while (wait_for_work(client, &readable)) {
        if (readable && client->session != NULL && !read_in(client->session))
            session_close(client, "error reading from server: EOF");
        start_queued(client);
        tend_active(client);
        if (client->session != NULL && !write_out(client->session))
            session_close(client, "error writing to server: the connection is broken");
    }
    session_close(client, "the client is closing");
    struct grpc_call *call;
    while ((call = next_queued(client)) != NULL)
        grpc_call_finish(client, call, GRPC_CANCELLED, "the client is closing");
}
