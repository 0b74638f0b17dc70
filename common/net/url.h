// SPDX-License-Identifier: Apache-2.0
// URLs: taking them apart, putting them together, query parameters, escaping of path segments.
#ifndef CUBE_COMMON_NET_URL_H
#define CUBE_COMMON_NET_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/base/str.h"

// Strings are owned and never NULL after a successful url_parse.
struct url {
    char *scheme;   // lower case; "" if none
    char *userinfo; // as written; "" if none
    char *host;     // without brackets; "" if none
    uint16_t port;  // 0 if none is written
    char *path;     // escaped as written; "" if none
    char *query;    // behind '?', escaped; "" if none
    char *fragment; // "" if none
};

#define AUTO_URL CLEANUP(url_free) struct url

int url_parse(const char *text, struct url *ret_url, struct error **err) MUST_CHECK;
void url_free(struct url *url); // frees and zeroes
void url_format(const struct url *url, struct str *out);
// The port that counts: the written one, else 443 for https and wss, 80 for http and ws, else 0.
uint16_t url_effective_port(const struct url *url);
// "10.0.0.1:443", "[::1]:443".
void url_host_port(const char *host, uint16_t port, struct str *out);
// Splits "host:port", "[v6]:port" and ":port"; false for anything else.
bool url_split_host_port(const char *text, char **ret_host, uint16_t *ret_port) MUST_CHECK;

// Appends base and path with exactly one slash between them.
void url_join(struct str *out, const char *base, const char *path);
// Appends the text escaped as one path segment ('/' becomes %2F).
void url_escape_segment(struct str *out, const char *text);
// Appends the text escaped as a path ('/' stays).
void url_escape_path(struct str *out, const char *text);

// for (struct url_query it = {.rest = query}; url_query_next(&it);) use it.name, it.value (decoded, '+' is a space).
// Pairs with broken escapes are skipped and counted; leaving the loop early needs url_query_end.
struct url_query {
    const char *rest; // NULL counts as ""
    const char *name;
    const char *value; // "" if there is no '='
    struct str name_buffer, value_buffer;
    size_t broken;
};
bool url_query_next(struct url_query *it); // false at the end, with the buffers freed
void url_query_end(struct url_query *it);
// The first value of this name, decoded; NULL if absent. The caller frees it.
char *url_query_get(const char *query, const char *name);
// Appends name=value to a path, a URL or a bare query, with '?' or '&' before it as needed.
void url_query_add(struct str *out, const char *name, const char *value);

#endif
