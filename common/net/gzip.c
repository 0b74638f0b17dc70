// SPDX-License-Identifier: Apache-2.0
// gzip of whole buffers, for HTTP bodies. The only file that knows zlib.
#include "common/net/gzip.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) // 16: with gzip's header
#define GZIP_CHUNK ((size_t)64 * 1024)

int gzip_compress(const void *bytes, size_t len, struct str *out, struct error **err) {
    z_stream stream = {0};
    if (len > UINT_MAX)
        return error_set(err, "compress: %zu bytes are too many", len);
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return error_set(err, "compress: zlib does not start");
    stream.next_in = (Bytef *)(uintptr_t)bytes;
    stream.avail_in = (uInt)len;
    int result = Z_OK;
    size_t start = out->len;
    while (result == Z_OK) {
        str_reserve(out, GZIP_CHUNK);
        stream.next_out = (Bytef *)out->data + out->len;
        stream.avail_out = (uInt)GZIP_CHUNK;
        result = deflate(&stream, Z_FINISH);
        out->len += GZIP_CHUNK - stream.avail_out;
    }
    deflateEnd(&stream);
    out->data[out->len] = '\0';
    if (result == Z_STREAM_END)
        return 0;
    str_truncate(out, start);
    return error_set(err, "compress: zlib error %d", result);
}

int gzip_decompress(const void *bytes, size_t len, size_t max, struct str *out, struct error **err) {
    z_stream stream = {0};
    if (len > UINT_MAX)
        return error_set(err, "decompress: %zu bytes are too many", len);
    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        return error_set(err, "decompress: zlib does not start");
    stream.next_in = (Bytef *)(uintptr_t)bytes;
    stream.avail_in = (uInt)len;
    int result = Z_OK;
    size_t start = out->len;
    while (result == Z_OK && out->len - start <= max) {
        str_reserve(out, GZIP_CHUNK);
        stream.next_out = (Bytef *)out->data + out->len;
        stream.avail_out = (uInt)GZIP_CHUNK;
        result = inflate(&stream, Z_NO_FLUSH);
        out->len += GZIP_CHUNK - stream.avail_out;
    }
    inflateEnd(&stream);
    if (out->data)
        out->data[out->len] = '\0';
    bool complete = result == Z_STREAM_END && stream.avail_in == 0;
    if (complete && out->len - start <= max)
        return 0;
    str_truncate(out, start);
    return error_set(err, complete ? "decompress: more than %zu bytes" : "decompress: no complete gzip data (%zu bytes at most)",
                     max);
}
