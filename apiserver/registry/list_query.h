// SPDX-License-Identifier: Apache-2.0
// The options of lists and watches as text, checked and compiled.
#ifndef CUBE_APISERVER_REGISTRY_LIST_QUERY_H
#define CUBE_APISERVER_REGISTRY_LIST_QUERY_H

#include "apiserver/registry/registry_state.h"
#include "common/api/selector.h"

// Zero-initialise to start.
struct list_query {
    const char *ns;                // effective namespace, "" for all; also from a metadata.namespace selector
    const char *name;              // NULL: all; from a metadata.name selector or the request
    struct selector *labels;       // NULL: everything
    struct field_selector *fields; // NULL: everything
    uint64_t version;
    bool has_version;          // a resourceVersion was given
    char *after;               // from the continue token, relative to the prefix of ns; NULL: from the start
    int64_t continue_revision; // with after: the list's revision, or -1
};

void list_query_free(struct list_query *query);
#define AUTO_LIST_QUERY CLEANUP(list_query_free) struct list_query

// Errors: 400 of selectors and tokens, 422 ListOptions of combinations that upstream refuses.
int list_query_parse(const struct registry_request *request, const struct registry_list_options *options, bool watch,
                     struct list_query *ret_query, struct error **err) MUST_CHECK;

#endif
