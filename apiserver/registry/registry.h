// SPDX-License-Identifier: Apache-2.0
// The verbs on API objects, free of HTTP: straight-line blocking functions over storage and the watch caches.
//
// Every function may be called from any thread. Errors are complete API errors (code, reason, message, details, causes): what the
// client gets as metav1.Status. Strings in requests may be NULL where "" is meant. Nothing is written when a function fails.
#ifndef CUBE_APISERVER_REGISTRY_REGISTRY_H
#define CUBE_APISERVER_REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apiserver/admission/chain.h"
#include "apiserver/reader.h"
#include "common/api/object.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/random.h"
#include "common/base/str.h"

struct registry;
struct resource;
struct storage;
struct watch_cache;
struct watch_cache_watcher;

// What the registry works on; borrowed, valid as long as the registry.
struct registry_setup {
    struct storage *storage;
    // The cache that serves a resource; NULL if it has none (then reads go to storage). Called often, from any thread.
    struct watch_cache *(*cache_of)(void *context, const struct resource *resource);
    void *cache_context;
    struct clock *clock;
    struct random *random;
    int64_t event_ttl; // --event-ttl, nanoseconds; 0: one hour
};

struct registry *registry_new(const struct registry_setup *setup);
void registry_free(struct registry *registry); // NULL is fine
// The chain that writes go through; before the first write, and at most once. The chain is made with registry_reader(), hence two steps.
void registry_set_admission(struct registry *registry, struct admission_chain *chain);
// Reading through the caches for admission and authorisation; lives as long as the registry.
struct reader *registry_reader(struct registry *registry);
// Makes the system namespaces default, kube-system, kube-public and kube-node-lease where they are missing. Called at start and then every
// minute (upstream's interval): one that was removed is made again.
int registry_ensure_system_namespaces(struct registry *registry, struct error **err) MUST_CHECK;

enum registry_field_validation {
    REGISTRY_VALIDATION_WARN, // the default of the API
    REGISTRY_VALIDATION_IGNORE,
    REGISTRY_VALIDATION_STRICT,
};
// "" gives Warn. Error 422 as upstream: the query parameter's value is none of Ignore, Warn, Strict. kind names the options type in the
// message: "CreateOptions", "UpdateOptions", "PatchOptions".
int registry_field_validation_parse(const char *text, const char *kind, enum registry_field_validation *ret_validation,
                                    struct error **err) MUST_CHECK;
// The dryRun query parameter: "" or "All"; else 422 as upstream.
int registry_dry_run_parse(const char *text, const char *kind, bool *ret_dry_run, struct error **err) MUST_CHECK;

// What a request is about. Everything is borrowed.
struct registry_request {
    const struct resource *resource;
    const char *subresource; // "status", "scale", "binding", "finalize", "ephemeralcontainers"; NULL or "" for the object itself
    const char *ns;          // "" for cluster scope, and for lists over all namespaces
    const char *name;        // "" for create and collections
    const struct admission_user *user; // NULL: the server itself
    bool dry_run;
    enum registry_field_validation field_validation;
    struct str_list *warnings; // out: the texts of Warning headers (agent 299), unquoted; NULL: not wanted
    int64_t deadline;          // monotonic; 0: the store's default. Not for watches: see registry_list_options
};

// A request body as it came. yaml: it is application/yaml.
struct registry_body {
    const char *bytes;
    size_t len;
    bool yaml;
};

// What a verb answers. Free with registry_result_free.
struct registry_result {
    int code;                    // 200, 201 or 202
    const struct object *object; // the answer, resourceVersion spliced in; NULL when it is `status`
    char *status;                // a metav1.Status as JSON: deletes and bindings
};
void registry_result_free(struct registry_result *result); // frees and zeroes
#define AUTO_REGISTRY_RESULT CLEANUP(registry_result_free) struct registry_result

// --- reads -------------------------------------------------------------------------------------------------------------
// Whether get or list would have to wait for the barrier or read storage with these options: if not, an I/O thread may call them.
// limit and continue_token: 0 and "" for get.
bool registry_read_blocks(const struct registry *registry, const struct resource *resource, const char *resource_version,
                          const char *resource_version_match, int64_t limit, const char *continue_token);

// resource_version "" reads the newest state; "0" what the cache has; else not older than that. Subresources status and
// ephemeralcontainers give the object, scale its Scale.
int registry_get(struct registry *registry, const struct registry_request *request, const char *resource_version,
                 struct registry_result *ret_result, struct error **err) MUST_CHECK;

// The query of a list or watch, as text. NULL is "".
struct registry_list_options {
    const char *label_selector;
    const char *field_selector;
    const char *resource_version;
    const char *resource_version_match; // "", "NotOlderThan", "Exact"
    int64_t limit;                      // 0: no limit
    const char *continue_token;
    bool send_initial_events;       // sendInitialEvents=true
    bool send_initial_events_given; // with the above false: sendInitialEvents=false came
    bool allow_bookmarks;           // watch only
    int64_t watch_deadline; // watch only, monotonic: when the caller is going to end it (a bookmark comes before); 0: never
};

// One page. items are owned references. Free with registry_list_free.
struct registry_list {
    const struct object **items;
    size_t len;
    uint64_t resource_version;
    char *continue_token;         // NULL on the last page
    int64_t remaining_item_count; // -1: not known, or the last page
};
void registry_list_free(struct registry_list *list); // frees and zeroes
#define AUTO_REGISTRY_LIST CLEANUP(registry_list_free) struct registry_list

int registry_list(struct registry *registry, const struct registry_request *request, const struct registry_list_options *options,
                  struct registry_list *ret_list, struct error **err) MUST_CHECK;
// A watcher of the resource's cache (apiserver/storage/watch_cache.h says how it is read and freed). request->name, if set, becomes a
// field selector. Waits for the barrier (or the cache) only where sendInitialEvents is given. Errors: 410 Expired, 400, 422 as upstream.
int registry_watch(struct registry *registry, const struct registry_request *request, const struct registry_list_options *options,
                   struct watch_cache_watcher **ret_watcher, struct error **err) MUST_CHECK;

// --- writes ------------------------------------------------------------------------------------------------------------
// POST, also to a subresource (pods/x/binding, and POST .../bindings).
int registry_create(struct registry *registry, const struct registry_request *request, const struct registry_body *body,
                    struct registry_result *ret_result, struct error **err) MUST_CHECK;
// PUT. 201 where the kind allows making by PUT (Lease, Event, ...) and there was none.
int registry_update(struct registry *registry, const struct registry_request *request, const struct registry_body *body,
                    struct registry_result *ret_result, struct error **err) MUST_CHECK;

enum registry_patch_type { REGISTRY_PATCH_JSON, REGISTRY_PATCH_MERGE, REGISTRY_PATCH_STRATEGIC, REGISTRY_PATCH_APPLY };
// The Content-Type of a PATCH without parameters. 415 UnsupportedMediaType as upstream for anything else, and for server-side apply.
int registry_patch_type_parse(const char *content_type, enum registry_patch_type *ret_type, struct error **err) MUST_CHECK;
int registry_patch(struct registry *registry, const struct registry_request *request, enum registry_patch_type type,
                   const struct registry_body *body, struct registry_result *ret_result, struct error **err) MUST_CHECK;

// metav1.DeleteOptions. Strings are owned. Zero-initialise with grace_period_seconds -1 (REGISTRY_DELETE_OPTIONS_NONE).
struct registry_delete_options {
    int64_t grace_period_seconds; // -1: not given (a negative one counts as 1)
    char *propagation_policy;     // NULL, "Orphan", "Background", "Foreground"
    int orphan_dependents;        // -1: not given, else 0 or 1
    char *precondition_uid;       // NULL: none
    char *precondition_resource_version;
    bool dry_run;
};
#define REGISTRY_DELETE_OPTIONS_NONE ((struct registry_delete_options){.grace_period_seconds = -1, .orphan_dependents = -1})
void registry_delete_options_free(struct registry_delete_options *options);
#define AUTO_REGISTRY_DELETE_OPTIONS CLEANUP(registry_delete_options_free) struct registry_delete_options

// The query parameters of a DELETE that make options when there is no body; NULL where absent.
struct registry_delete_query {
    const char *grace_period_seconds;
    const char *propagation_policy;
    const char *orphan_dependents;
    const char *dry_run;
};
// From the body if it has one, else from the query. Decoded and validated as upstream (400, 422).
int registry_delete_options_parse(const struct registry_body *body, const struct registry_delete_query *query,
                                  struct registry_delete_options *ret_options, struct error **err) MUST_CHECK;
// 200 with a Status or the object, as upstream; 202 only where upstream says so: held back, with orphanDependents=false.
int registry_delete(struct registry *registry, const struct registry_request *request,
                    const struct registry_delete_options *options, struct registry_result *ret_result,
                    struct error **err) MUST_CHECK;
// Deletes what the list options select; ret_list holds what was found, as upstream answers.
int registry_delete_collection(struct registry *registry, const struct registry_request *request,
                               const struct registry_delete_options *options, const struct registry_list_options *selection,
                               struct registry_list *ret_list, struct error **err) MUST_CHECK;

#endif
