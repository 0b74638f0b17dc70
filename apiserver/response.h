// SPDX-License-Identifier: Apache-2.0
// An answer of the apiserver's core: bytes, reference-counted slices of known length, or a stream that is pulled and wakes.
#ifndef CUBE_APISERVER_RESPONSE_H
#define CUBE_APISERVER_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/base/str.h"
#include "common/base/vec.h"
#include "common/net/http_server.h"

enum api_body {
    API_BODY_BYTES,  // bytes
    API_BODY_SLICES, // slices, in order; total is their length
    API_BODY_STREAM, // stream: chunked, unknown length
};

struct api_stream;
struct api_stream_ops {
    const char *name;
    // Copies at most max bytes into buffer. Above 0: so many. 0: nothing now, the wake function will be called when there is.
    // API_STREAM_END: the stream is over. Never blocks. One caller at a time.
    ssize_t (*read)(struct api_stream *stream, char *buffer, size_t max);
    // Called once, before the first read. wake(argument) may come from any thread, at any time until free has returned, also when
    // nobody waits.
    void (*set_wake)(struct api_stream *stream, void (*wake)(void *argument), void *argument);
    // After this has returned nothing calls wake any more.
    void (*free)(struct api_stream *stream);
};
struct api_stream {
    const struct api_stream_ops *ops;
};
#define API_STREAM_END (-1)

struct api_header {
    char *name;
    char *value;
};

// Made by apiserver_handle; api_response_free frees all of it, the stream included.
struct api_response {
    int status;
    char *content_type;
    struct vec headers; // struct api_header, besides Content-Type
    enum api_body body;
    struct str bytes;
    struct http_slice *slices; // from malloc
    size_t slice_count;
    size_t total;
    void (*slices_release)(void *owner); // of the slices' owners
    struct api_stream *stream;
};

#define AUTO_API_RESPONSE CLEANUP(api_response_free) struct api_response

void api_response_free(struct api_response *response); // frees and zeroes
void api_response_add_header(struct api_response *response, const char *name, const char *value);
const char *api_response_header(const struct api_response *response, const char *name); // the first; NULL if absent
// Replaces what was there by a body of bytes.
void api_response_set_text(struct api_response *response, int status, const char *content_type, const char *text);
void api_response_take_bytes(struct api_response *response, int status, const char *content_type, struct str *take_bytes);
// Replaces what was there by slices: takes the array (from malloc) and a reference in each owner.
void api_response_take_slices(struct api_response *response, int status, const char *content_type, struct http_slice *take_slices,
                              size_t count, void (*release)(void *owner));
// Replaces what was there by a stream, which it takes.
void api_response_take_stream(struct api_response *response, int status, const char *content_type,
                              struct api_stream *take_stream);
// Replaces what was there by a metav1.Status made of the error, as JSON. Code 0 becomes 500 InternalError.
void api_response_set_error(struct api_response *response, const struct error *error);
// The whole body as bytes, for bodies that are not streams. Appends.
void api_response_append_body(const struct api_response *response, struct str *out);

#endif
