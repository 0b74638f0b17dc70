// SPDX-License-Identifier: Apache-2.0
// Label selectors: matching, and compiling LabelSelector JSON. Their text form is read in selector_parse.c.
#include "common/api/selector.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/selector_list.h"
#include "common/api/selector_requirement.h"
#include "common/base/alloc.h"

struct selector *selector_list_new(void) {
    struct selector *selector = alloc_zero(sizeof(*selector));
    selector->requirements = VEC_OF(struct selector_requirement);
    return selector;
}

struct selector_requirement *selector_list_add(struct selector *selector, const char *key, enum selector_operator op) {
    struct selector_requirement *requirement = vec_push_zero(&selector->requirements);
    requirement->key = alloc_string(key);
    requirement->op = op;
    return requirement;
}

static int compare_keys(const void *a, const void *b) {
    return strcmp(((const struct selector_requirement *)a)->key, ((const struct selector_requirement *)b)->key);
}

void selector_list_sort(struct selector *selector) {
    vec_sort(&selector->requirements, compare_keys);
}

void selector_free(struct selector *selector) {
    if (!selector)
        return;
    for (size_t i = 0; i < selector->requirements.len; i++)
        selector_requirement_free(VEC_AT(&selector->requirements, struct selector_requirement, i));
    vec_free(&selector->requirements);
    free(selector);
}

void selector_freep(struct selector **selector) {
    selector_free(*selector);
}

static int add_match_labels(struct selector *selector, const struct json *labels, struct error **err) {
    for (struct json_iter it = json_iter(labels); json_iter_next(&it);) {
        struct selector_requirement *requirement = selector_list_add(selector, it.key, SELECTOR_IN);
        requirement->exact = true;
        str_list_add(&requirement->values, json_string(it.value) ? json_string(it.value) : "");
        if (selector_requirement_check(requirement, err) < 0)
            return -1;
    }
    return 0;
}

static int add_match_expression(struct selector *selector, const struct json *row, struct error **err) {
    static const char *const names[] = {
        [SELECTOR_IN] = "In", [SELECTOR_NOT_IN] = "NotIn", [SELECTOR_EXISTS] = "Exists", [SELECTOR_NOT_EXISTS] = "DoesNotExist"};
    const char *name = json_get_text(row, "operator");
    size_t op = 0;
    while (op < ARRAY_LEN(names) && !str_equal(names[op], name))
        op++;
    if (op == ARRAY_LEN(names))
        return error_set(err, "\"%s\" is not a valid label selector operator", name);
    struct selector_requirement *requirement = selector_list_add(selector, json_get_text(row, "key"), (enum selector_operator)op);
    const struct json *values = json_get(row, "values");
    for (size_t i = 0; i < json_len(values); i++)
        if (json_string(json_at(values, i)))
            str_list_add(&requirement->values, json_string(json_at(values, i)));
    return selector_requirement_check(requirement, err);
}

int selector_from_json(const struct json *label_selector, struct selector **ret_selector, struct error **err) {
    AUTO_SELECTOR selector = selector_list_new();
    selector->nothing = !label_selector;
    if (add_match_labels(selector, json_get(label_selector, "matchLabels"), err) < 0)
        return -1;
    const struct json *rows = json_get(label_selector, "matchExpressions");
    for (size_t i = 0; i < json_len(rows); i++)
        if (add_match_expression(selector, json_at(rows, i), err) < 0)
            return -1;
    selector_list_sort(selector);
    *ret_selector = STEAL(selector);
    return 0;
}

bool selector_matches_pairs(const struct selector *selector, const struct object_pair *pairs, size_t count) {
    if (selector->nothing)
        return false;
    for (size_t i = 0; i < selector->requirements.len; i++) {
        const struct selector_requirement *requirement = VEC_AT(&selector->requirements, struct selector_requirement, i);
        const char *value = NULL;
        for (size_t p = 0; p < count && !value; p++)
            if (str_equal(pairs[p].key, requirement->key))
                value = pairs[p].value;
        if (!selector_requirement_matches(requirement, value))
            return false;
    }
    return true;
}

bool selector_matches_object(const struct selector *selector, const struct object *object) {
    return selector_matches_pairs(selector, object->labels, object->label_count);
}

bool selector_matches_labels(const struct selector *selector, const struct json *labels) {
    if (selector->nothing)
        return false;
    for (size_t i = 0; i < selector->requirements.len; i++) {
        const struct selector_requirement *requirement = VEC_AT(&selector->requirements, struct selector_requirement, i);
        if (!selector_requirement_matches(requirement, json_get_string(labels, requirement->key)))
            return false;
    }
    return true;
}

bool selector_is_everything(const struct selector *selector) {
    return !selector->nothing && !selector->requirements.len;
}

bool selector_is_nothing(const struct selector *selector) {
    return selector->nothing;
}

void selector_append_text(const struct selector *selector, struct str *out) {
    for (size_t i = 0; i < selector->requirements.len; i++) {
        if (i)
            str_append_char(out, ',');
        selector_requirement_append_text(VEC_AT(&selector->requirements, struct selector_requirement, i), out);
    }
}

const char *selector_exact(const struct selector *selector, const char *key) {
    for (size_t i = 0; i < selector->requirements.len; i++) {
        const struct selector_requirement *requirement = VEC_AT(&selector->requirements, struct selector_requirement, i);
        if (requirement->op == SELECTOR_IN && requirement->values.len == 1 && str_equal(requirement->key, key))
            return requirement->values.items[0];
    }
    return NULL;
}
