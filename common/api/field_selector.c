// SPDX-License-Identifier: Apache-2.0
// Field selectors: `a=b,c!=d` with escapes, as apimachinery's fields.ParseSelector.
#include <stdlib.h>
#include <string.h>

#include "common/api/resources.h"
#include "common/api/selector.h"
#include "common/base/alloc.h"
#include "common/base/vec.h"

struct term {
    char *field;
    char *value;
    bool negated;
};

struct field_selector {
    struct vec terms; // struct term
};

void field_selector_free(struct field_selector *selector) {
    if (!selector)
        return;
    for (size_t i = 0; i < selector->terms.len; i++) {
        free(VEC_AT(&selector->terms, struct term, i)->field);
        free(VEC_AT(&selector->terms, struct term, i)->value);
    }
    vec_free(&selector->terms);
    free(selector);
}

void field_selector_freep(struct field_selector **selector) {
    field_selector_free(*selector);
}

// The length up to the next comma that no backslash escapes.
static size_t term_length(const char *text) {
    size_t len = 0;
    while (text[len] && text[len] != ',')
        len += text[len] == '\\' && text[len + 1] ? 2 : 1;
    return len;
}

static int unescape(const char *text, struct str *out, struct error **err) {
    for (; *text; text++) {
        if (*text == ',' || *text == '=')
            return error_set_api(err, 400, "BadRequest", "invalid field selector: unescaped character in value: %c", *text);
        if (*text != '\\') {
            str_append_char(out, *text);
            continue;
        }
        text++;
        if (!*text || !strchr("\\,=", *text))
            return error_set_api(err, 400, "BadRequest", "invalid field selector: invalid escape sequence: \\%c", *text);
        str_append_char(out, *text);
    }
    return 0;
}

static int parse_term(const char *selector_text, const char *term, struct field_selector *selector, struct error **err) {
    const char *op = term;
    while (*op && *op != '=' && !(op[0] == '!' && op[1] == '='))
        op++;
    if (!*op)
        return error_set_api(err, 400, "BadRequest", "invalid selector: '%s'; can't understand '%s'", selector_text, term);
    bool negated = *op == '!';
    size_t op_len = negated || op[1] == '=' ? 2 : 1;
    AUTO_STR value = {0};
    if (unescape(op + op_len, &value, err) < 0)
        return -1;
    vec_push(&selector->terms,
             &(struct term){alloc_string_n(term, (size_t)(op - term)), alloc_string(str_text(&value)), negated});
    return 0;
}

int field_selector_parse(const char *text, struct field_selector **ret_selector, struct error **err) {
    AUTO_FIELD_SELECTOR selector = alloc_zero(sizeof(*selector));
    selector->terms = VEC_OF(struct term);
    for (const char *rest = text; *rest;) {
        size_t len = term_length(rest);
        CLEANUP(free_ptr) char *term = alloc_string_n(rest, len);
        if (len && parse_term(text, term, selector, err) < 0)
            return -1;
        rest += len + (rest[len] == ',');
    }
    *ret_selector = STEAL(selector);
    return 0;
}

int field_selector_check(const struct field_selector *selector, const struct resource *resource, struct error **err) {
    for (size_t i = 0; i < selector->terms.len; i++) {
        const char *field = VEC_AT(&selector->terms, struct term, i)->field;
        if (resource_selectable(resource, field))
            continue;
        bool only_metadata = resource->selectable_count <= (resource->namespaced ? 2u : 1u);
        if (only_metadata)
            return error_set_api(err, 400, "BadRequest",
                                 "\"%s\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"", field);
        return error_set_api(err, 400, "BadRequest", "field label not supported: %s", field);
    }
    return 0;
}

bool field_selector_matches(const struct field_selector *selector, const struct object *object) {
    for (size_t i = 0; i < selector->terms.len; i++) {
        const struct term *term = VEC_AT(&selector->terms, struct term, i);
        const char *value = object_field(object, term->field);
        if (str_equal(value ? value : "", term->value) == term->negated)
            return false;
    }
    return true;
}

bool field_selector_is_everything(const struct field_selector *selector) {
    return selector->terms.len == 0;
}

const char *field_selector_exact(const struct field_selector *selector, const char *field) {
    for (size_t i = 0; i < selector->terms.len; i++) {
        const struct term *term = VEC_AT(&selector->terms, struct term, i);
        if (!term->negated && str_equal(term->field, field))
            return term->value;
    }
    return NULL;
}

void field_selector_append_text(const struct field_selector *selector, struct str *out) {
    for (size_t i = 0; i < selector->terms.len; i++) {
        const struct term *term = VEC_AT(&selector->terms, struct term, i);
        str_printf(out, "%s%s%s", i ? "," : "", term->field, term->negated ? "!=" : "=");
        for (const char *p = term->value; *p; p++) {
            if (strchr("\\,=", *p))
                str_append_char(out, '\\');
            str_append_char(out, *p);
        }
    }
}
