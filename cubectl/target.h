// SPDX-License-Identifier: Apache-2.0
// The objects that a command is about, from arguments (TYPE NAME, TYPE/NAME, TYPE -l ...) and manifests.
#ifndef CUBE_CUBECTL_TARGET_H
#define CUBE_CUBECTL_TARGET_H

#include "common/api/resources.h"
#include "cubectl/session.h"

// What stands in the arguments: one object (name) or all of a type (name NULL).
struct target_words {
    const struct resource *resource;
    char *name;
};

struct target_words_list {
    struct target_words *items;
    size_t len;
    bool several_types; // `pods,rs`, `all`, or TYPE/NAME of different types
};

// Understands `pods`, `pods,rs`, `all`, `pod a b`, `pod/a rs/b`. With all_namespaces names are refused. No argument gives an empty list.
int target_parse(struct session *session, const struct str_list *arguments, bool all_namespaces,
                 struct target_words_list *ret_list, struct error **err) MUST_CHECK;
void target_words_free(struct target_words_list *list);
#define AUTO_TARGET_WORDS CLEANUP(target_words_free) struct target_words_list

// One object.
struct target {
    const struct resource *resource;
    char *ns; // "" for cluster scope
    char *name;
    struct json *object; // of the manifest or the server; NULL if it was not read
    char *source;        // the manifest; NULL: from arguments
};

struct target_list {
    struct target *items;
    size_t len;
};

struct target_query {
    const struct str_list *filenames; // NULL or empty: none
    bool recursive;
    const struct str_list *arguments;
    const char *selector, *field_selector;
    bool all; // --all: a type without a name or selector means all of it
    bool all_namespaces;
    bool fetch; // read every object from the server
};

// What is not found and the like goes to failure_add; the rest is collected.
int target_collect(struct session *session, const struct target_query *query, struct target_list *ret_list,
                   struct error **err) MUST_CHECK;
void target_list_free(struct target_list *list);
#define AUTO_TARGETS CLEANUP(target_list_free) struct target_list

// The paths of an object and of a collection. Append.
void target_path(const struct target *target, const char *subresource, struct str *out);
void target_list_path(const struct resource *resource, const char *ns, struct str *out);
int target_get(struct session *session, const struct target *target, struct json **ret_object, struct error **err) MUST_CHECK;
// A list, fetched chunk by chunk.
struct target_pages {
    const char *path;                                  // with its query, but for limit and continue
    const char *accept;                                // NULL: application/json
    int64_t chunk;                                     // objects an answer; 0: all in one
    void (*on_page)(void *context, struct json *page); // an object's path has one page: the object
    void *context;
};
int target_pages(struct session *session, const struct target_pages *pages, struct error **err) MUST_CHECK;
#define TARGET_CHUNK 500
// "pod/web" or "replicaset.apps/web", as results are printed. Appends.
void target_append_name(const struct target *target, struct str *out);
// "pods/web" or "replicasets/web", as waiting is reported. Appends.
void target_append_plural(const struct target *target, struct str *out);

#endif
