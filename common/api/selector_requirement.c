// SPDX-License-Identifier: Apache-2.0
// Checks and matches single requirements of selectors.
#include "common/api/selector_requirement.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/field_errors.h"
#include "common/api/name_rules.h"

void selector_requirement_free(struct selector_requirement *requirement) {
    free(requirement->key);
    str_list_free(&requirement->values);
}

static void sort_unique(struct str_list *values) {
    str_list_sort(values);
    size_t kept = 0;
    for (size_t i = 0; i < values->len; i++) {
        if (kept && str_equal(values->items[kept - 1], values->items[i]))
            free(values->items[i]);
        else
            values->items[kept++] = values->items[i];
    }
    values->len = kept;
}

static int check_values(const struct selector_requirement *r, struct field_errors *errors) {
    AUTO_JSON values = json_new_array();
    for (size_t i = 0; i < r->values.len; i++)
        json_append(values, json_new_string(r->values.items[i]));
    if ((r->op == SELECTOR_IN || r->op == SELECTOR_NOT_IN) && !r->values.len)
        field_errors_invalid(errors, "values", values, "for 'in', 'notin' operators, values set can't be empty");
    if ((r->op == SELECTOR_EXISTS || r->op == SELECTOR_NOT_EXISTS) && r->values.len)
        field_errors_invalid(errors, "values", values, "values set must be empty for exists and does not exist");
    bool ordered = r->op == SELECTOR_GREATER || r->op == SELECTOR_LESS;
    if (ordered && r->values.len != 1)
        field_errors_invalid(errors, "values", values, "for 'Gt', 'Lt' operators, exactly one value is required");
    for (size_t i = 0; i < r->values.len; i++) {
        AUTO_STR path = {0};
        str_printf(&path, "values[%zu]", i);
        int64_t number;
        if (ordered && !str_to_int64(r->values.items[i], &number))
            field_errors_invalid_text(errors, str_text(&path), r->values.items[i],
                                      "for 'Gt', 'Lt' operators, the value must be an integer");
        const char *message = name_rules_label_value(r->values.items[i]);
        field_path_push_key(&path, r->key);
        if (message)
            field_errors_invalid_text(errors, str_text(&path), r->values.items[i], message);
    }
    return errors->len ? -1 : 0;
}

int selector_requirement_check(struct selector_requirement *requirement, struct error **err) {
    AUTO_FIELD_ERRORS errors = {0};
    sort_unique(&requirement->values);
    const char *message = name_rules_qualified_name(requirement->key);
    if (message)
        field_errors_invalid_text(&errors, "key", requirement->key, message);
    if (check_values(requirement, &errors) == 0)
        return 0;
    AUTO_STR text = {0};
    field_errors_append_text(&errors, &text);
    return error_set(err, "%s", str_text(&text));
}

bool selector_requirement_matches(const struct selector_requirement *r, const char *value) {
    int64_t have;
    int64_t want;
    switch (r->op) {
    case SELECTOR_IN:
        return value && str_list_contains(&r->values, value);
    case SELECTOR_NOT_IN:
        return !value || !str_list_contains(&r->values, value);
    case SELECTOR_EXISTS:
        return value != NULL;
    case SELECTOR_NOT_EXISTS:
        return value == NULL;
    case SELECTOR_GREATER:
    case SELECTOR_LESS:
        if (!value || !str_to_int64(value, &have) || !str_to_int64(r->values.items[0], &want))
            return false;
        return r->op == SELECTOR_GREATER ? have > want : have < want;
    }
    return false;
}

void selector_requirement_append_text(const struct selector_requirement *r, struct str *out) {
    static const char *const operators[] = {
        [SELECTOR_IN] = " in (", [SELECTOR_NOT_IN] = " notin (", [SELECTOR_GREATER] = ">", [SELECTOR_LESS] = "<"};
    if (r->op == SELECTOR_NOT_EXISTS)
        str_append_char(out, '!');
    str_append(out, r->key);
    if (r->op == SELECTOR_EXISTS || r->op == SELECTOR_NOT_EXISTS)
        return;
    bool set = r->op == SELECTOR_IN || r->op == SELECTOR_NOT_IN;
    if (set && r->exact)
        str_append(out, r->op == SELECTOR_IN ? "=" : "!=");
    else
        str_append(out, operators[r->op]);
    for (size_t i = 0; i < r->values.len; i++) {
        if (i)
            str_append_char(out, ',');
        str_append(out, r->values.items[i]);
    }
    bool only_empty = r->values.len == 1 && !*r->values.items[0];
    if (set && !r->exact)
        str_append(out, only_empty ? ",)" : ")"); // "()" would be no values at all
}
