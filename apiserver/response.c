// SPDX-License-Identifier: Apache-2.0
// An answer of the apiserver's core: bytes, reference-counted slices of known length, or a stream that is pulled and wakes.
#include "apiserver/response.h"

#include <stdlib.h>

#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/data/json.h"

static void free_body(struct api_response *response) {
    str_free(&response->bytes);
    for (size_t i = 0; i < response->slice_count; i++)
        if (response->slices[i].owner)
            response->slices_release(response->slices[i].owner);
    free(response->slices);
    response->slices = NULL;
    response->slice_count = 0;
    response->total = 0;
    if (response->stream)
        response->stream->ops->free(response->stream);
    response->stream = NULL;
    response->body = API_BODY_BYTES;
}

void api_response_free(struct api_response *response) {
    free_body(response);
    for (size_t i = 0; i < response->headers.len; i++) {
        struct api_header *header = VEC_AT(&response->headers, struct api_header, i);
        free(header->name);
        free(header->value);
    }
    vec_free(&response->headers);
    free(response->content_type);
    *response = (struct api_response){0};
}

void api_response_add_header(struct api_response *response, const char *name, const char *value) {
    if (!response->headers.element_size)
        response->headers = VEC_OF(struct api_header);
    struct api_header header = {alloc_string(name), alloc_string(value)};
    vec_push(&response->headers, &header);
}

const char *api_response_header(const struct api_response *response, const char *name) {
    for (size_t i = 0; i < response->headers.len; i++) {
        const struct api_header *header = VEC_AT(&response->headers, struct api_header, i);
        if (str_equal_nocase(header->name, name))
            return header->value;
    }
    return NULL;
}

void api_response_take_bytes(struct api_response *response, int status, const char *content_type, struct str *take_bytes) {
    free_body(response);
    response->status = status;
    free(response->content_type);
    response->content_type = alloc_string(content_type);
    response->bytes = *take_bytes;
    *take_bytes = (struct str){0};
}

void api_response_take_slices(struct api_response *response, int status, const char *content_type, struct http_slice *take_slices,
                              size_t count, void (*release)(void *owner)) {
    free_body(response);
    response->status = status;
    free(response->content_type);
    response->content_type = alloc_string(content_type);
    response->body = API_BODY_SLICES;
    response->slices = take_slices;
    response->slice_count = count;
    response->slices_release = release;
    for (size_t i = 0; i < count; i++)
        response->total += take_slices[i].len;
}

void api_response_take_stream(struct api_response *response, int status, const char *content_type,
                              struct api_stream *take_stream) {
    free_body(response);
    response->status = status;
    free(response->content_type);
    response->content_type = alloc_string(content_type);
    response->body = API_BODY_STREAM;
    response->stream = take_stream;
}

void api_response_set_text(struct api_response *response, int status, const char *content_type, const char *text) {
    struct str bytes = {0};
    str_append(&bytes, text);
    api_response_take_bytes(response, status, content_type, &bytes);
}

void api_response_set_error(struct api_response *response, const struct error *error) {
    AUTO_JSON status = status_from_error(error);
    struct str bytes = {0};
    json_write(status, &bytes);
    str_append_char(&bytes, '\n');
    api_response_take_bytes(response, (int)json_get_int(status, "code", 500), "application/json", &bytes);
    if (error->retry_after_seconds > 0) {
        AUTO_STR seconds = {0};
        str_append_int(&seconds, error->retry_after_seconds);
        api_response_add_header(response, "Retry-After", str_text(&seconds));
    }
}

void api_response_append_body(const struct api_response *response, struct str *out) {
    if (response->body == API_BODY_BYTES) {
        str_append_n(out, str_text(&response->bytes), response->bytes.len);
        return;
    }
    str_reserve(out, response->total);
    for (size_t i = 0; i < response->slice_count; i++)
        str_append_n(out, response->slices[i].bytes, response->slices[i].len);
}
