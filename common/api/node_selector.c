// SPDX-License-Identifier: Apache-2.0
// Node selectors: terms of requirements on labels and on metadata.name.
#include <stdlib.h>
#include <string.h>

#include "common/api/selector.h"
#include "common/api/selector_requirement.h"
#include "common/base/alloc.h"
#include "common/base/vec.h"

struct term {
    struct vec expressions; // struct selector_requirement
    struct vec fields;      // the same, on metadata.name
};

struct node_selector {
    struct vec terms; // struct term
};

static void requirements_free(struct vec *requirements) {
    for (size_t i = 0; i < requirements->len; i++)
        selector_requirement_free(VEC_AT(requirements, struct selector_requirement, i));
    vec_free(requirements);
}

void node_selector_free(struct node_selector *selector) {
    if (!selector)
        return;
    for (size_t i = 0; i < selector->terms.len; i++) {
        requirements_free(&VEC_AT(&selector->terms, struct term, i)->expressions);
        requirements_free(&VEC_AT(&selector->terms, struct term, i)->fields);
    }
    vec_free(&selector->terms);
    free(selector);
}

void node_selector_freep(struct node_selector **selector) {
    node_selector_free(*selector);
}

static int add_requirement(struct vec *requirements, const struct json *row, bool field, struct error **err) {
    static const char *const names[] = {[SELECTOR_IN] = "In",         [SELECTOR_NOT_IN] = "NotIn",
                                        [SELECTOR_EXISTS] = "Exists", [SELECTOR_NOT_EXISTS] = "DoesNotExist",
                                        [SELECTOR_GREATER] = "Gt",    [SELECTOR_LESS] = "Lt"};
    const char *key = json_get_text(row, "key");
    const char *name = json_get_text(row, "operator");
    size_t op = 0;
    while (op < (field ? (size_t)SELECTOR_EXISTS : ARRAY_LEN(names)) && !str_equal(names[op], name))
        op++;
    if (op == (field ? (size_t)SELECTOR_EXISTS : ARRAY_LEN(names)))
        return error_set(err, "\"%s\" is not a valid node selector operator", name);
    if (field && !str_equal(key, "metadata.name"))
        return error_set(err, "\"%s\" is not a valid field selector key", key);
    struct selector_requirement *requirement = vec_push_zero(requirements);
    requirement->key = alloc_string(key);
    requirement->op = (enum selector_operator)op;
    const struct json *values = json_get(row, "values");
    for (size_t i = 0; i < json_len(values); i++)
        if (json_string(json_at(values, i)))
            str_list_add(&requirement->values, json_string(json_at(values, i)));
    if (field)
        return requirement->values.len == 1 ? 0 : error_set(err, "must have one element");
    return selector_requirement_check(requirement, err);
}

static int add_term(struct node_selector *selector, const struct json *row, struct error **err) {
    struct term *term = vec_push_zero(&selector->terms);
    term->expressions = VEC_OF(struct selector_requirement);
    term->fields = VEC_OF(struct selector_requirement);
    const struct json *expressions = json_get(row, "matchExpressions");
    for (size_t i = 0; i < json_len(expressions); i++)
        if (add_requirement(&term->expressions, json_at(expressions, i), false, err) < 0)
            return -1;
    const struct json *fields = json_get(row, "matchFields");
    for (size_t i = 0; i < json_len(fields); i++)
        if (add_requirement(&term->fields, json_at(fields, i), true, err) < 0)
            return -1;
    return 0;
}

static struct node_selector *new_selector(void) {
    struct node_selector *selector = alloc_zero(sizeof(*selector));
    selector->terms = VEC_OF(struct term);
    return selector;
}

int node_selector_from_term(const struct json *term, struct node_selector **ret_selector, struct error **err) {
    CLEANUP(node_selector_freep) struct node_selector *selector = new_selector();
    if (add_term(selector, term, err) < 0)
        return -1;
    *ret_selector = STEAL(selector);
    return 0;
}

int node_selector_from_json(const struct json *node_selector, struct node_selector **ret_selector, struct error **err) {
    CLEANUP(node_selector_freep) struct node_selector *selector = new_selector();
    const struct json *terms = json_get(node_selector, "nodeSelectorTerms");
    for (size_t i = 0; i < json_len(terms); i++)
        if (add_term(selector, json_at(terms, i), err) < 0)
            return error_prefix(err, "nodeSelectorTerms[%zu]", i);
    *ret_selector = STEAL(selector);
    return 0;
}

static const char *label_of(const struct object_pair *labels, size_t count, const char *key) {
    for (size_t i = 0; i < count; i++)
        if (str_equal(labels[i].key, key))
            return labels[i].value;
    return NULL;
}

static bool term_matches(const struct term *term, const char *node_name, const struct object_pair *labels, size_t label_count) {
    for (size_t i = 0; i < term->expressions.len; i++) {
        const struct selector_requirement *requirement = VEC_AT(&term->expressions, struct selector_requirement, i);
        if (!selector_requirement_matches(requirement, label_of(labels, label_count, requirement->key)))
            return false;
    }
    for (size_t i = 0; i < term->fields.len; i++)
        if (!selector_requirement_matches(VEC_AT(&term->fields, struct selector_requirement, i), node_name))
            return false;
    return term->expressions.len + term->fields.len > 0;
}

bool node_selector_matches(const struct node_selector *selector, const char *node_name, const struct object_pair *labels,
                           size_t label_count) {
    for (size_t i = 0; i < selector->terms.len; i++)
        if (term_matches(VEC_AT(&selector->terms, struct term, i), node_name, labels, label_count))
            return true;
    return false;
}
