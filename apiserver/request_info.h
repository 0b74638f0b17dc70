// SPDX-License-Identifier: Apache-2.0
// What a URL asks for: verb, group, version, namespace, resource, name, subresource, as upstream's RequestInfo.
#ifndef CUBE_APISERVER_REQUEST_INFO_H
#define CUBE_APISERVER_REQUEST_INFO_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/base/str.h"

// All strings are owned and never NULL after request_info_parse.
struct request_info {
    bool is_resource;  // /api/v1/... or /apis/<group>/<version>/... with something behind
    char *path;        // unescaped, without the query
    char *verb;        // get list watch create update patch delete deletecollection proxy; non-resource: the lower-case method
    char *api_prefix;  // "api" or "apis"
    char *group;       // "" for core
    char *version;     // "v1"
    char *ns;          // "" for none
    char *resource;    // "pods"
    char *subresource; // "status", ...
    char *name;        // "" for collections
    struct str_list parts;   // the path from the resource on: {"pods", "web", "log"}
    struct str_list queries; // decoded: key, value, key, value...
    bool namespaced_request; // the path had /namespaces/<ns>/
};

// Errors: BadRequest on broken escapes.
int request_info_parse(const char *method, const char *target, struct request_info *ret_info, struct error **err) MUST_CHECK;
void request_info_free(struct request_info *info); // frees and zeroes
#define AUTO_REQUEST_INFO CLEANUP(request_info_free) struct request_info

// The first value of a query parameter; NULL if absent.
const char *request_info_query(const struct request_info *info, const char *key);
// A boolean as upstream reads one: absent, "0" and "false" (any case) are false, everything else (also empty) is true.
bool request_info_query_bool(const struct request_info *info, const char *key);
// Watches, logs and tunnels: not counted as in flight, no request deadline.
bool request_info_long_running(const struct request_info *info);

#endif
