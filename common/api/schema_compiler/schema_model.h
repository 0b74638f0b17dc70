// SPDX-License-Identifier: Apache-2.0
// What the schema compiler knows after reading the files: types, fields and resource rows, with the line of each for messages.
#ifndef CUBE_COMMON_API_SCHEMA_COMPILER_SCHEMA_MODEL_H
#define CUBE_COMMON_API_SCHEMA_COMPILER_SCHEMA_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/vec.h"
#include "common/data/json.h"

struct model_type;

// The attributes of a field or $type line; texts are NULL where not given.
struct model_attributes {
    bool required;
    bool nullable;
    bool immutable;
    bool deprecated;
    bool set;
    bool atomic;
    bool merge;
    bool retain_keys;
    bool kind;
    bool preserve_unknown;
    bool embedded;
    char *default_text;
    char *enum_values;
    char *format;
    char *pattern;
    char *alias;
    char *keys;
    char *merge_with;
    char *merge_key;
    char *minimum;
    char *maximum;
    char *min_length;
    char *max_length;
};

struct model_field {
    char *name;
    char *doc;
    char *wrappers;              // outermost first: 'l' list of, 'm' map of; "" for a plain type
    char *base;                  // type word
    const char *scalar;          // SCHEMA_* of a builtin word; NULL for a reference
    struct model_type *referred; // after model_resolve
    struct model_attributes attributes;
    size_t line;
};

struct model_file;

struct model_type {
    struct model_file *file;
    char *name;
    char *doc;
    struct model_attributes attributes;
    struct ptr_vec fields; // struct model_field, sorted by name
    size_t line;
};

struct model_resource {
    struct model_file *file;
    char *plural;
    char *singular;
    char *kind;
    char *list_kind;
    struct model_type *type;
    struct model_type *list_type; // NULL where it can't be listed
    struct json *row;             // the YAML of the row
    unsigned verbs;
    size_t line;
};

struct model_file {
    char *path;
    char *stem; // "core_v1"
    char *text;
    char *group;
    char *version;
    char *package;
    long priority; // 0: not served
    struct json *tree;
    struct ptr_vec types;     // struct model_type, sorted by name
    struct ptr_vec resources; // struct model_resource, sorted by plural
};

struct model {
    struct ptr_vec files; // struct model_file
};

int model_read(struct model *model, const char *path, struct error **err) MUST_CHECK;
// Names to types, across files; and the checks that need it.
int model_resolve(struct model *model, struct error **err) MUST_CHECK;
struct model_type *model_find_type(const struct model_file *file, const char *name);
void model_free(struct model *model);
// Verb bits of a JSON list of names or the text "all"; false: an unknown name, in *ret_unknown.
bool model_verbs(const struct json *value, unsigned *ret_verbs, const char **ret_unknown);

#endif
