// SPDX-License-Identifier: Apache-2.0
// gzip of whole buffers, for HTTP bodies. The only file that knows zlib.
#ifndef CUBE_COMMON_NET_GZIP_H
#define CUBE_COMMON_NET_GZIP_H

#include <stddef.h>

#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/base/str.h"

// Appends the compressed bytes, at the fastest level.
int gzip_compress(const void *bytes, size_t len, struct str *out, struct error **err) MUST_CHECK;
// Appends the plain bytes; an error if they are more than max.
int gzip_decompress(const void *bytes, size_t len, size_t max, struct str *out, struct error **err) MUST_CHECK;

#endif
