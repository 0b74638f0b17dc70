// SPDX-License-Identifier: Apache-2.0
// Cells that no path gives: computed for a kind by its own file. This is the one list of them.
#ifndef CUBE_APISERVER_TABLE_KINDS_H
#define CUBE_APISERVER_TABLE_KINDS_H

#include <stdint.h>

#include "common/data/json.h"

struct resource;

// How a kind's computed cells are made. cells puts a member for each computed column, by the name that the column's path gives ("ready");
// conditions (may be NULL) gives the row's conditions or NULL.
struct table_kind {
    const char *group;
    const char *plural;
    void (*cells)(const struct json *object, int64_t now, struct json *cells);
    struct json *(*conditions)(const struct json *object);
};

// NULL: all of the resource's columns are plain paths.
const struct table_kind *table_kind_of(const struct resource *resource);
const struct table_kind *const *table_kinds_all(size_t *ret_count);

extern const struct table_kind table_pod;
extern const struct table_kind table_node;
extern const struct table_kind table_replicaset;
extern const struct table_kind table_event;
extern const struct table_kind table_configmap;
extern const struct table_kind table_secret;
extern const struct table_kind table_serviceaccount;

// --- what several kinds use ------------------------------------------------------------------------------------------------
#define TABLE_NONE "<none>"
#define TABLE_UNKNOWN "<unknown>"
// The age of a timestamp as kubectl shows it, or "<unknown>" for none. buffer takes TIME_TEXT_SIZE bytes.
const char *table_age(const char *timestamp, int64_t now, char *buffer);

#endif
