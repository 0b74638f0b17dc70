// SPDX-License-Identifier: Apache-2.0
// Label selectors (text and LabelSelector JSON), field selectors and node selectors: parse once, match often.
//
// A compiled selector is constant and may be shared by threads.
#ifndef CUBE_COMMON_API_SELECTOR_H
#define CUBE_COMMON_API_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/api/object.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/json.h"

struct selector;

enum selector_operator {
    SELECTOR_IN, // also = and ==
    SELECTOR_NOT_IN,
    SELECTOR_EXISTS,
    SELECTOR_NOT_EXISTS,
    SELECTOR_GREATER,
    SELECTOR_LESS,
};

// One requirement; values are sorted and unique.
struct selector_requirement {
    enum selector_operator op;
    bool exact; // written as = or !=, not as in or notin
    char *key;
    struct str_list values;
};

// --- label selectors -----------------------------------------------------------------------------------------------------
// `a=b,c!=d,e in (x,y),f notin (z),g,!h,i>3,j<4`. "" matches everything. Errors in upstream's words (400 BadRequest).
int selector_parse(const char *text, struct selector **ret_selector, struct error **err) MUST_CHECK;
// LabelSelector JSON; NULL matches nothing, {} everything.
int selector_from_json(const struct json *label_selector, struct selector **ret_selector, struct error **err) MUST_CHECK;
void selector_free(struct selector *selector);
void selector_freep(struct selector **selector);
#define AUTO_SELECTOR CLEANUP(selector_freep) struct selector *

bool selector_matches_object(const struct selector *selector, const struct object *object);
bool selector_matches_labels(const struct selector *selector, const struct json *labels); // a JSON map; NULL: no labels
bool selector_matches_pairs(const struct selector *selector, const struct object_pair *pairs, size_t count);
bool selector_is_everything(const struct selector *selector);
bool selector_is_nothing(const struct selector *selector);
void selector_append_text(const struct selector *selector, struct str *out); // canonical text as upstream prints it
// The value that a requirement `key=value` fixes; NULL if none does.
const char *selector_exact(const struct selector *selector, const char *key);

// --- field selectors -----------------------------------------------------------------------------------------------------
struct field_selector;

// `a=b,c==d,e!=f` with \, \\ \= escapes. Errors: `invalid selector: 'x'; can't understand 'y'`.
int field_selector_parse(const char *text, struct field_selector **ret_selector, struct error **err) MUST_CHECK;
// Only fields that the resource has; else 400 `field label not supported: x` (`"x" is not a known field selector: only "metadata.name",
// "metadata.namespace"` where nothing else is selectable), as upstream.
int field_selector_check(const struct field_selector *selector, const struct resource *resource, struct error **err) MUST_CHECK;
void field_selector_free(struct field_selector *selector);
void field_selector_freep(struct field_selector **selector);
#define AUTO_FIELD_SELECTOR CLEANUP(field_selector_freep) struct field_selector *
bool field_selector_matches(const struct field_selector *selector, const struct object *object); // a field it lacks counts as ""
bool field_selector_is_everything(const struct field_selector *selector);
const char *field_selector_exact(const struct field_selector *selector, const char *field); // NULL if it is not fixed
void field_selector_append_text(const struct field_selector *selector, struct str *out);

// --- node selectors ------------------------------------------------------------------------------------------------------
// NodeSelectorTerm lists: terms are OR-ed, requirements of a term AND-ed; an empty term matches nothing.
struct node_selector;

int node_selector_from_json(const struct json *node_selector, struct node_selector **ret_selector,
                            struct error **err) MUST_CHECK; // {nodeSelectorTerms: [...]}
int node_selector_from_term(const struct json *term, struct node_selector **ret_selector, struct error **err) MUST_CHECK;
void node_selector_free(struct node_selector *selector);
void node_selector_freep(struct node_selector **selector);
bool node_selector_matches(const struct node_selector *selector, const char *node_name, const struct object_pair *labels,
                           size_t label_count);

#endif
