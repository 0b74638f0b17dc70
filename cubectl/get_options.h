// SPDX-License-Identifier: Apache-2.0
// The flags of `get`, which its table, object and watch halves share.
#ifndef CUBE_CUBECTL_GET_OPTIONS_H
#define CUBE_CUBECTL_GET_OPTIONS_H

#include "cubectl/output.h"
#include "cubectl/target.h"

struct get_options {
    struct global_options global;
    char *output, *selector, *field_selector, *sort_by, *raw, *subresource;
    struct str_list filenames, label_columns;
    int64_t chunk_size;
    bool all_namespaces, watch, watch_only, watch_events, no_headers, show_labels, show_kind, ignore_not_found;
    bool show_managed_fields, recursive, server_print, allow_missing;
};

// The paths of what is asked for: a collection (with selectors) or an object. Appends.
void get_path(const struct session *session, const struct get_options *options, const struct target_words *words,
              struct str *out);
// get_watch.c: the list or object first (unless --watch-only), then its changes until the server or the user ends it.
int get_watch(struct session *session, const struct get_options *options, const struct target_words *words, struct output *output,
              struct error **err) MUST_CHECK;

#endif
