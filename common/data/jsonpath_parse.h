// SPDX-License-Identifier: Apache-2.0
// The parsed form of a JSONPath template, and its parser. Only jsonpath.c uses it.
#ifndef CUBE_COMMON_DATA_JSONPATH_PARSE_H
#define CUBE_COMMON_DATA_JSONPATH_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

enum jsonpath_node_type {
    JSONPATH_TEXT,       // text: outside braces, or quoted inside
    JSONPATH_ACTION,     // lists[0]: what stands in one pair of braces
    JSONPATH_FIELD,      // text: the key
    JSONPATH_ARRAY,      // params: from, to, step
    JSONPATH_FILTER,     // lists[0] operator lists[1]; text: the operator, or "exists"
    JSONPATH_INT,        // integer
    JSONPATH_FLOAT,      // number
    JSONPATH_BOOL,       // boolean
    JSONPATH_WILDCARD,   //
    JSONPATH_RECURSIVE,  //
    JSONPATH_UNION,      // lists: one each
    JSONPATH_IDENTIFIER, // text: range, end, or unknown
};

// One of a slice's three numbers. derived: [n] means [n:n+1].
struct jsonpath_param {
    int64_t value;
    bool known;
    bool derived;
};

struct jsonpath_list {
    struct jsonpath_node *nodes;
    size_t len;
    size_t cap;
};

struct jsonpath_node {
    enum jsonpath_node_type type;
    char *text;
    int64_t integer;
    double number;
    bool boolean;
    struct jsonpath_param params[3];
    struct jsonpath_list *lists;
    size_t list_count;
};

// The template as a list of TEXT and ACTION nodes. ret_list is to be freed also on failure.
int jsonpath_parse(const char *template, struct jsonpath_list *ret_list, struct error **err) MUST_CHECK;
void jsonpath_parse_free(struct jsonpath_list *list);

#endif
