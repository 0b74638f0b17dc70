// SPDX-License-Identifier: Apache-2.0
// Typed-by-resource calls to an apiserver over a transport: get, list, create, update, patch, delete, watch.
//
// Blocking; safe from several threads (each call keeps its state on its stack). API errors come back as struct error with the code,
// reason and details of the Status that the server sent; failures of the transport have code 0.
#ifndef CUBE_COMMON_CLIENT_REST_H
#define CUBE_COMMON_CLIENT_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/api/object.h"
#include "common/api/resources.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/data/json.h"
#include "common/net/transport.h"

struct rest;

// Where and how. The transport and clock stay the caller's and must outlive the client.
struct rest_config {
    struct transport *transport;
    struct clock *clock;
    const char *user_agent; // e.g. "kube-scheduler/v1.32.0 (linux/amd64) cube"
    double qps;             // client-side limit of requests a second; 0: none
    int burst;
    int64_t timeout; // nanoseconds a request; 0: 60 s
};

struct rest *rest_new(const struct rest_config *config);
void rest_free(struct rest *rest);
// For calls that begin from now on, in nanoseconds: who must be done by a deadline lowers it for the last try.
void rest_set_timeout(struct rest *rest, int64_t timeout);

// One object's place. ns is NULL or "" for cluster scope and for "all namespaces" in lists; subresource may be NULL.
struct rest_target {
    const struct resource *resource;
    const char *ns;
    const char *name;
    const char *subresource;
};

enum rest_patch { REST_PATCH_JSON, REST_PATCH_MERGE, REST_PATCH_STRATEGIC, REST_PATCH_APPLY };

struct rest_list_options {
    const char *label_selector;
    const char *field_selector;
    const char *resource_version;
    const char *resource_version_match;
    int64_t limit;
    const char *continue_token;
    bool metadata_only; // PartialObjectMetadata: kind and apiVersion of the items are metav1's then
};

struct rest_delete_options {
    int64_t grace_period_seconds;   // -1: the object's own
    const char *propagation_policy; // NULL: the kind's own
    const char *precondition_uid;   // NULL: none
    const char *precondition_resource_version;
};

// ret_value may be NULL where the answer is not wanted. Trees returned belong to the caller.
int rest_get(struct rest *rest, const struct rest_target *target, struct json **ret_value, struct error **err) MUST_CHECK;
// The whole list object (items, metadata.resourceVersion, metadata.continue).
int rest_list(struct rest *rest, const struct rest_target *target, const struct rest_list_options *options,
              struct json **ret_list, struct error **err) MUST_CHECK;
int rest_create(struct rest *rest, const struct rest_target *target, const struct json *object, struct json **ret_value,
                struct error **err) MUST_CHECK;
int rest_update(struct rest *rest, const struct rest_target *target, const struct json *object, struct json **ret_value,
                struct error **err) MUST_CHECK;
int rest_patch(struct rest *rest, const struct rest_target *target, enum rest_patch type, const struct json *patch,
               struct json **ret_value, struct error **err) MUST_CHECK;
// options may be NULL.
int rest_delete(struct rest *rest, const struct rest_target *target, const struct rest_delete_options *options,
                struct error **err) MUST_CHECK;
// Any request, e.g. GET /version. content_type and body may be NULL.
struct rest_request {
    const char *method;
    const char *path; // and query, escaped
    const char *content_type;
    const char *accept; // NULL: application/json
    const char *body;
    size_t body_len;
};
// The raw answer, whatever its status: check it with rest_check.
int rest_raw(struct rest *rest, const struct rest_request *request, struct http_response *ret_response,
             struct error **err) MUST_CHECK;
// 2xx: 0. Else the Status in the body as *err (or one made of the HTTP status and text).
int rest_check(const struct http_response *response, struct error **err) MUST_CHECK;
// The URL path of a target: /api/v1/namespaces/x/pods/y/status, escaped. Appends.
void rest_path(const struct rest_target *target, struct str *out);

enum rest_event { REST_ADDED, REST_MODIFIED, REST_DELETED, REST_BOOKMARK };

// Called on the watching thread; object is borrowed. Return false to end the watch.
typedef bool (*rest_watch_callback)(void *context, enum rest_event event, const struct object *object);

struct rest_watch_options {
    const char *label_selector;
    const char *field_selector;
    const char *resource_version;
    int64_t timeout_seconds; // 0: the server's
    bool bookmarks;
    bool metadata_only;
    struct stream_stop *stop; // may be NULL
};

// Streams events until the server ends the watch, the callback returns false or stop is set (0), or something failed (-1): an ERROR event
// comes back as its Status (410 Expired); an event that cannot be read is a 500 InternalError.
int rest_watch(struct rest *rest, const struct rest_target *target, const struct rest_watch_options *options,
               rest_watch_callback callback, void *context, struct error **err) MUST_CHECK;

#endif
