// SPDX-License-Identifier: Apache-2.0
// What a URL asks for: verb, group, version, namespace, resource, name, subresource, as upstream's RequestInfo.
#include "apiserver/request_info.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/encoding.h"

static const char *const method_verbs[][2] = {
    {"POST", "create"}, {"GET", "get"}, {"HEAD", "get"}, {"PUT", "update"}, {"PATCH", "patch"}, {"DELETE", "delete"},
};

static void set_text(char **target, const char *text) {
    free(*target);
    *target = alloc_string(text);
}

// The unescaped text, malloc'd; NULL if an escape is broken.
static char *decoded(const char *text, size_t len, bool plus_is_space) {
    bool plain = !memchr(text, '%', len) && !(plus_is_space && memchr(text, '+', len));
    if (plain)
        return alloc_string_n(text, len);
    struct str out = {0};
    if (percent_decode(&out, text, len, plus_is_space))
        return str_take(&out);
    str_free(&out);
    return NULL;
}

static int parse_queries(struct request_info *info, const char *query, struct error **err) {
    while (*query) {
        size_t len = strcspn(query, "&");
        const char *equals = memchr(query, '=', len);
        size_t key_len = equals ? (size_t)(equals - query) : len;
        if (len) {
            CLEANUP(free_ptr) char *key = decoded(query, key_len, true);
            CLEANUP(free_ptr) char *value = equals ? decoded(equals + 1, len - key_len - 1, true) : alloc_string("");
            if (!key || !value)
                return error_set_api(err, 400, "BadRequest", "invalid URL escape in query");
            str_list_take(&info->queries, STEAL(key));
            str_list_take(&info->queries, STEAL(value));
        }
        query += len;
        query += *query == '&';
    }
    return 0;
}

// The segments of the unescaped path (so no name ever holds a slash); leading and trailing slashes give none, as upstream's splitPath.
static void split_path(const char *path, struct str_list *parts) {
    size_t len = strlen(path);
    for (; len && *path == '/'; path++)
        len--;
    while (len && path[len - 1] == '/')
        len--;
    for (const char *end = path + len; len; len = path < end ? (size_t)(end - path) : 0) {
        const char *slash = memchr(path, '/', len);
        size_t part_len = slash ? (size_t)(slash - path) : len;
        str_list_take(parts, alloc_string_n(path, part_len));
        path += part_len + 1;
    }
}

// What is behind "http://host" where a target is in absolute form.
static const char *origin_form(const char *target) {
    const char *rest = str_skip_prefix(target, "http://");
    if (!rest)
        rest = str_skip_prefix(target, "https://");
    return rest ? rest + strcspn(rest, "/?") : target;
}

static const char *verb_of_method(const char *method) {
    for (size_t i = 0; i < ARRAY_LEN(method_verbs); i++)
        if (str_equal(method, method_verbs[i][0]))
            return method_verbs[i][1];
    return "";
}

// The part behind /api/<version>/ or /apis/<group>/<version>/: parts[at...], at least one.
static int parse_resource(struct request_info *info, const char *method, const struct str_list *parts, size_t at,
                          struct error **err) {
    bool watch_prefix = str_equal(parts->items[at], "watch");
    bool proxy_prefix = str_equal(parts->items[at], "proxy");
    set_text(&info->verb, verb_of_method(method));
    if (watch_prefix || proxy_prefix) {
        set_text(&info->verb, parts->items[at]);
        if (++at >= parts->len)
            return error_set_api(err, 400, "BadRequest", "unable to determine kind and namespace from url, %s", info->path);
    }
    if (str_equal(parts->items[at], "namespaces") && at + 1 < parts->len) {
        set_text(&info->ns, parts->items[at + 1]);
        if (at + 2 < parts->len && !str_equal(parts->items[at + 2], "status") && !str_equal(parts->items[at + 2], "finalize")) {
            info->namespaced_request = true;
            at += 2;
        }
    }
    for (size_t i = at; i < parts->len; i++)
        str_list_add(&info->parts, parts->items[i]);
    if (info->parts.len >= 3 && !proxy_prefix)
        set_text(&info->subresource, info->parts.items[2]);
    if (info->parts.len >= 2)
        set_text(&info->name, info->parts.items[1]);
    set_text(&info->resource, info->parts.items[0]);
    if (!*info->name && str_equal(info->verb, "get"))
        set_text(&info->verb, request_info_query_bool(info, "watch") ? "watch" : "list");
    if (!*info->name && str_equal(info->verb, "delete"))
        set_text(&info->verb, "deletecollection");
    return 0;
}

static int parse_into(struct request_info *info, const char *method, const char *target, struct error **err) {
    target = origin_form(target);
    size_t path_len = strcspn(target, "?#");
    AUTO_STR_LIST parts = {0};
    char *path = decoded(target, path_len, false);

    if (!path)
        return error_set_api(err, 400, "BadRequest", "invalid URL escape in path");
    free(info->path);
    info->path = path;
    set_text(&info->verb, method);
    str_lower(info->verb);
    if (target[path_len] == '?' && parse_queries(info, target + path_len + 1, err) < 0)
        return -1;
    split_path(path, &parts);
    if (parts.len < 3 || !(str_equal(parts.items[0], "api") || str_equal(parts.items[0], "apis")))
        return 0;
    size_t at = 1;
    if (str_equal(parts.items[0], "apis")) {
        if (parts.len < 4)
            return 0;
        set_text(&info->group, parts.items[at++]);
    }
    set_text(&info->api_prefix, parts.items[0]);
    info->is_resource = true;
    set_text(&info->version, parts.items[at++]);
    return parse_resource(info, method, &parts, at, err);
}

int request_info_parse(const char *method, const char *target, struct request_info *ret_info, struct error **err) {
    struct request_info info = {0};
    char **texts[] = {&info.path, &info.verb, &info.api_prefix,  &info.group,   &info.version,
                      &info.ns,   &info.name, &info.subresource, &info.resource};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = alloc_string("");
    if (parse_into(&info, method, target, err) < 0) {
        request_info_free(&info);
        return -1;
    }
    *ret_info = info;
    return 0;
}

void request_info_free(struct request_info *info) {
    free(info->path);
    free(info->verb);
    free(info->api_prefix);
    free(info->group);
    free(info->version);
    free(info->ns);
    free(info->resource);
    free(info->subresource);
    free(info->name);
    str_list_free(&info->parts);
    str_list_free(&info->queries);
    *info = (struct request_info){0};
}

const char *request_info_query(const struct request_info *info, const char *key) {
    for (size_t i = 0; i + 1 < info->queries.len; i += 2)
        if (str_equal(info->queries.items[i], key))
            return info->queries.items[i + 1];
    return NULL;
}

bool request_info_query_bool(const struct request_info *info, const char *key) {
    const char *value = request_info_query(info, key);
    return value && !str_equal(value, "0") && !str_equal_nocase(value, "false");
}

bool request_info_long_running(const struct request_info *info) {
    static const char *const subresources[] = {"log", "exec", "attach", "portforward", "proxy"};
    if (!info->is_resource)
        return str_starts(info->path, "/debug/pprof/");
    if (str_equal(info->verb, "watch") || str_equal(info->verb, "proxy"))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(subresources); i++)
        if (str_equal(info->subresource, subresources[i]))
            return true;
    return false;
}
