// SPDX-License-Identifier: Apache-2.0
// URLs: taking them apart, putting them together, query parameters, escaping of path segments.
#include "common/net/url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/encoding.h"

void url_free(struct url *url) {
    free(url->scheme);
    free(url->userinfo);
    free(url->host);
    free(url->path);
    free(url->query);
    free(url->fragment);
    *url = (struct url){0};
}

static bool parse_port(const char *text, uint16_t *ret_port) {
    uint64_t value;
    if (!isdigit((unsigned char)text[0]) || !str_to_uint64(text, &value) || value > UINT16_MAX)
        return false;
    *ret_port = (uint16_t)value;
    return true;
}

bool url_split_host_port(const char *text, char **ret_host, uint16_t *ret_port) {
    const char *host = text, *end, *colon;
    if (text[0] == '[') {
        host = text + 1;
        end = strchr(host, ']');
        if (end == NULL || end[1] != ':')
            return false;
        colon = end + 1;
    } else {
        colon = end = strchr(text, ':');
        if (colon == NULL || strchr(colon + 1, ':') != NULL)
            return false;
    }
    uint16_t port;
    if (!parse_port(colon + 1, &port))
        return false;
    *ret_host = alloc_string_n(host, (size_t)(end - host));
    *ret_port = port;
    return true;
}

// "user@host:port", the port being optional.
static bool parse_authority(const char *text, size_t len, struct url *url) {
    const char *end = text + len;
    const char *at = memrchr(text, '@', len);
    url->userinfo = alloc_string_n(text, at == NULL ? 0 : (size_t)(at - text));
    const char *host = at == NULL ? text : at + 1;
    CLEANUP(free_ptr) char *host_port = alloc_string_n(host, (size_t)(end - host));
    bool bracket = host_port[0] == '[';
    char *close = bracket ? strchr(host_port, ']') : NULL;
    if (bracket && close == NULL)
        return false;
    char *colon = strchr(bracket ? close : host_port, ':');
    if (bracket && close[1] != '\0' && close[1] != ':')
        return false;
    if (colon != NULL) {
        if (colon[1] != '\0' && !parse_port(colon + 1, &url->port))
            return false;
        *colon = '\0';
    }
    if (bracket)
        *close = '\0';
    url->host = alloc_string(host_port + (bracket ? 1 : 0));
    return strpbrk(url->host, bracket ? " <>\"" : " <>\"[]") == NULL;
}

static size_t scheme_len(const char *text) {
    size_t len = 0;
    if (!isalpha((unsigned char)text[0]))
        return 0;
    while (isalnum((unsigned char)text[len]) || (text[len] != '\0' && strchr("+-.", text[len]) != NULL))
        len++;
    return text[len] == ':' ? len : 0;
}

static bool has_control(const char *text) {
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

int url_parse(const char *text, struct url *ret_url, struct error **err) {
    AUTO_URL url = {0};
    if (has_control(text))
        return error_set(err, "parse \"%s\": invalid control character in URL", text);
    const char *rest = text;
    size_t len = scheme_len(text);
    url.scheme = alloc_string_n(text, len);
    str_lower(url.scheme);
    if (len > 0)
        rest += len + 1;
    if (str_starts(rest, "//")) {
        rest += 2;
        len = strcspn(rest, "/?#");
        if (!parse_authority(rest, len, &url))
            return error_set(err, "parse \"%s\": invalid host or port", text);
        rest += len;
    } else {
        url.userinfo = alloc_string("");
        url.host = alloc_string("");
    }
    len = strcspn(rest, "?#");
    url.path = alloc_string_n(rest, len);
    rest += len;
    len = *rest == '?' ? strcspn(rest + 1, "#") : 0;
    url.query = alloc_string_n(*rest == '?' ? rest + 1 : rest, len);
    rest += *rest == '?' ? len + 1 : 0;
    url.fragment = alloc_string(*rest == '#' ? rest + 1 : "");
    *ret_url = url;
    url = (struct url){0};
    return 0;
}

void url_host_port(const char *host, uint16_t port, struct str *out) {
    bool bracket = strchr(host, ':') != NULL;
    str_printf(out, "%s%s%s:%u", bracket ? "[" : "", host, bracket ? "]" : "", port);
}

void url_format(const struct url *url, struct str *out) {
    if (url->scheme[0] != '\0')
        str_printf(out, "%s:", url->scheme);
    if (url->host[0] != '\0' || url->userinfo[0] != '\0' || url->port != 0) {
        bool bracket = strchr(url->host, ':') != NULL;
        str_append(out, "//");
        if (url->userinfo[0] != '\0')
            str_printf(out, "%s@", url->userinfo);
        str_printf(out, "%s%s%s", bracket ? "[" : "", url->host, bracket ? "]" : "");
        if (url->port != 0)
            str_printf(out, ":%u", url->port);
        if (url->path[0] != '\0' && url->path[0] != '/')
            str_append_char(out, '/');
    } else if (str_equal(url->scheme, "unix") || str_equal(url->scheme, "file")) {
        str_append(out, "//");
    }
    str_append(out, url->path);
    if (url->query[0] != '\0')
        str_printf(out, "?%s", url->query);
    if (url->fragment[0] != '\0')
        str_printf(out, "#%s", url->fragment);
}

uint16_t url_effective_port(const struct url *url) {
    if (url->port != 0)
        return url->port;
    if (str_equal(url->scheme, "https") || str_equal(url->scheme, "wss"))
        return 443;
    return str_equal(url->scheme, "http") || str_equal(url->scheme, "ws") ? 80 : 0;
}

void url_join(struct str *out, const char *base, const char *path) {
    size_t len = strlen(base);
    while (len > 0 && base[len - 1] == '/')
        len--;
    while (*path == '/')
        path++;
    str_append_n(out, base, len);
    str_append_char(out, '/');
    str_append(out, path);
}

// What Go's url.PathEscape leaves alone.
static bool segment_safe(unsigned char c) {
    return isalnum(c) || (c != '\0' && strchr("-_.~$&+=:@", c) != NULL);
}

static void escape(struct str *out, const char *text, char also) {
    for (; *text != '\0'; text++) {
        if (segment_safe((unsigned char)*text) || (also != '\0' && *text == also))
            str_append_char(out, *text);
        else
            str_printf(out, "%%%02X", (unsigned char)*text);
    }
}

void url_escape_segment(struct str *out, const char *text) {
    escape(out, text, '\0');
}

void url_escape_path(struct str *out, const char *text) {
    escape(out, text, '/');
}

void url_query_end(struct url_query *it) {
    str_free(&it->name_buffer);
    str_free(&it->value_buffer);
    it->rest = it->name = it->value = NULL;
}

bool url_query_next(struct url_query *it) {
    while (it->rest != NULL && *it->rest != '\0') {
        const char *pair = it->rest;
        size_t len = strcspn(pair, "&");
        it->rest = pair[len] == '&' ? pair + len + 1 : pair + len;
        if (len == 0)
            continue;
        const char *equals = memchr(pair, '=', len);
        size_t name_len = equals == NULL ? len : (size_t)(equals - pair);
        str_clear(&it->name_buffer);
        str_clear(&it->value_buffer);
        if (!percent_decode(&it->name_buffer, pair, name_len, true) ||
            (equals != NULL && !percent_decode(&it->value_buffer, equals + 1, len - name_len - 1, true))) {
            it->broken++;
            continue;
        }
        it->name = str_text(&it->name_buffer);
        it->value = str_text(&it->value_buffer);
        return true;
    }
    url_query_end(it);
    return false;
}

char *url_query_get(const char *query, const char *name) {
    for (struct url_query it = {.rest = query}; url_query_next(&it);) {
        if (strcmp(it.name, name) == 0) {
            char *value = alloc_string(it.value);
            url_query_end(&it);
            return value;
        }
    }
    return NULL;
}

void url_query_add(struct str *out, const char *name, const char *value) {
    const char *text = str_text(out);
    const char *mark = strrchr(text, '?');
    bool is_path = text[0] == '/' || strstr(text, "://") != NULL;
    if (mark != NULL ? mark[1] != '\0' : out->len > 0 && !is_path)
        str_append_char(out, '&');
    else if (mark == NULL && is_path)
        str_append_char(out, '?');
    percent_encode(out, name);
    str_append_char(out, '=');
    percent_encode(out, value);
}
