// SPDX-License-Identifier: Apache-2.0
// meta.k8s.io Table: the columns of a resource's schema row, filled from an object's tree.
#ifndef CUBE_APISERVER_TABLE_H
#define CUBE_APISERVER_TABLE_H

#include <stdint.h>

#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/data/json.h"

struct resource;

enum table_include { TABLE_INCLUDE_METADATA, TABLE_INCLUDE_NONE, TABLE_INCLUDE_OBJECT };

struct table_options {
    enum table_include include;
    const char *meta_version; // "v1" or "v1beta1"
    int64_t now;              // wall: ages are counted from it
    bool no_headers;          // later events of a watch
};

// The includeObject parameter; NULL and "" are Metadata. 400 for anything else.
int table_include_parse(const char *text, enum table_include *ret_include, struct error **err) MUST_CHECK;
// An empty table: columns, metadata {} and no rows.
struct json *table_new(const struct resource *resource, const struct table_options *options);
// Adds an object's row. The tree may be taken apart by reference, it is not changed.
void table_add(struct json *table, const struct resource *resource, const struct json *object,
               const struct table_options *options);

#endif
