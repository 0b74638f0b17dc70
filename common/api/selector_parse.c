// SPDX-License-Identifier: Apache-2.0
// Reads label selectors in their text form, with the grammar and messages of apimachinery's labels.Parse.
#include <string.h>

#include "common/api/name_rules.h"
#include "common/api/selector.h"
#include "common/api/selector_list.h"
#include "common/api/selector_requirement.h"
#include "common/base/alloc.h"

#define MAX_TEXT ((size_t)64 * 1024)

enum token {
    TOKEN_END,
    TOKEN_ERROR,
    TOKEN_IDENTIFIER,
    TOKEN_NOT, // !
    TOKEN_EQUALS,
    TOKEN_DOUBLE_EQUALS,
    TOKEN_NOT_EQUALS,
    TOKEN_GREATER,
    TOKEN_LESS,
    TOKEN_COMMA,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_IN,
    TOKEN_NOT_IN,
};

// One token ahead. literal is the current token's text.
struct parser {
    const char *rest;
    enum token token;
    char *literal;
    struct error **err;
};

static const struct {
    const char *text;
    enum token token;
} symbols[] = {
    {"==", TOKEN_DOUBLE_EQUALS}, {"!=", TOKEN_NOT_EQUALS}, {"=", TOKEN_EQUALS}, {"!", TOKEN_NOT},   {">", TOKEN_GREATER},
    {"<", TOKEN_LESS},           {",", TOKEN_COMMA},       {"(", TOKEN_OPEN},   {")", TOKEN_CLOSE},
};

static void set_token(struct parser *p, enum token token, size_t len) {
    free_ptr(&p->literal);
    p->literal = alloc_string_n(p->rest, len);
    p->token = token;
    p->rest += len;
}

static void scan(struct parser *p) {
    p->rest += strspn(p->rest, " \t\r\n");
    size_t word = strcspn(p->rest, "=!(),>< \t\r\n");
    if (!*p->rest) {
        set_token(p, TOKEN_END, 0);
    } else if (word) {
        set_token(p, TOKEN_IDENTIFIER, word);
        if (str_equal(p->literal, "in"))
            p->token = TOKEN_IN;
        else if (str_equal(p->literal, "notin"))
            p->token = TOKEN_NOT_IN;
    } else {
        size_t i = 0;
        while (!str_starts(p->rest, symbols[i].text))
            i++;
        set_token(p, symbols[i].token, strlen(symbols[i].text));
    }
}

// Where a value or key may stand, the keywords are plain words.
static enum token as_value(const struct parser *p) {
    return p->token == TOKEN_IN || p->token == TOKEN_NOT_IN ? TOKEN_IDENTIFIER : p->token;
}

static int parse_key(struct parser *p, struct selector *selector, struct selector_requirement **ret_requirement) {
    bool negated = p->token == TOKEN_NOT;
    if (negated)
        scan(p);
    if (as_value(p) != TOKEN_IDENTIFIER)
        return error_set(p->err, "found '%s', expected: identifier", p->literal);
    const char *message = name_rules_qualified_name(p->literal);
    if (message) {
        AUTO_STR quoted = {0};
        json_write_string(&quoted, p->literal);
        return error_set(p->err, "<nil>: Invalid value: %s: %s", str_text(&quoted), message);
    }
    *ret_requirement = selector_list_add(selector, p->literal, negated ? SELECTOR_NOT_EXISTS : SELECTOR_EXISTS);
    scan(p);
    return 0;
}

static int parse_operator(struct parser *p, struct selector_requirement *requirement) {
    static const struct {
        enum token token;
        enum selector_operator op;
        bool exact;
    } rows[] = {
        {TOKEN_IN, SELECTOR_IN, false},
        {TOKEN_NOT_IN, SELECTOR_NOT_IN, false},
        {TOKEN_EQUALS, SELECTOR_IN, true},
        {TOKEN_DOUBLE_EQUALS, SELECTOR_IN, true},
        {TOKEN_NOT_EQUALS, SELECTOR_NOT_IN, true},
        {TOKEN_GREATER, SELECTOR_GREATER, true},
        {TOKEN_LESS, SELECTOR_LESS, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].token != p->token)
            continue;
        requirement->op = rows[i].op;
        requirement->exact = rows[i].exact;
        scan(p);
        return 0;
    }
    return error_set(p->err, "found '%s', expected: in, notin, =, ==, !=, gt, lt", p->literal);
}

// "(a,b)"; empty parts as in "(,a)" and "(a,)" are the empty value.
static int parse_values(struct parser *p, struct str_list *values) {
    if (p->token != TOKEN_OPEN)
        return error_set(p->err, "found '%s' expected: '('", p->literal);
    scan(p);
    if (p->token == TOKEN_CLOSE) {
        scan(p);
        return 0;
    }
    enum token first = as_value(p);
    if (first != TOKEN_IDENTIFIER && first != TOKEN_COMMA)
        return error_set(p->err, "found '%s', expected: ',', ')' or identifier", p->literal);
    bool after_comma = true;
    for (;; scan(p)) {
        enum token token = as_value(p);
        if (token == TOKEN_IDENTIFIER && after_comma) {
            str_list_add(values, p->literal);
            after_comma = false;
        } else if (token == TOKEN_COMMA) {
            if (after_comma)
                str_list_add(values, "");
            after_comma = true;
        } else if (token == TOKEN_CLOSE) {
            if (after_comma)
                str_list_add(values, "");
            scan(p);
            return 0;
        } else {
            return error_set(p->err,
                             after_comma ? "found '%s', expected: ',', or identifier" : "found '%s', expected: ',' or ')'",
                             p->literal);
        }
    }
}

static int parse_exact_value(struct parser *p, struct str_list *values) {
    if (p->token == TOKEN_END || p->token == TOKEN_COMMA) {
        str_list_add(values, "");
        return 0;
    }
    if (as_value(p) != TOKEN_IDENTIFIER)
        return error_set(p->err, "found '%s', expected: identifier", p->literal);
    str_list_add(values, p->literal);
    scan(p);
    return 0;
}

static int parse_requirement(struct parser *p, struct selector *selector) {
    struct selector_requirement *requirement = NULL;
    if (parse_key(p, selector, &requirement) < 0)
        return -1;
    if (p->token != TOKEN_END && p->token != TOKEN_COMMA) {
        bool ok = parse_operator(p, requirement) == 0 &&
                  (requirement->exact ? parse_exact_value(p, &requirement->values) : parse_values(p, &requirement->values)) == 0;
        if (!ok)
            return -1;
    }
    return selector_requirement_check(requirement, p->err);
}

static int parse(struct parser *p, struct selector *selector) {
    scan(p);
    for (;;) {
        if (p->token == TOKEN_END)
            return 0;
        if (as_value(p) != TOKEN_IDENTIFIER && p->token != TOKEN_NOT)
            return error_set(p->err, "found '%s', expected: !, identifier, or 'end of string'", p->literal);
        if (parse_requirement(p, selector) < 0)
            return error_prefix(p->err, "unable to parse requirement");
        if (p->token == TOKEN_END)
            return 0;
        if (p->token != TOKEN_COMMA)
            return error_set(p->err, "found '%s', expected: ',' or 'end of string'", p->literal);
        scan(p);
        if (as_value(p) != TOKEN_IDENTIFIER && p->token != TOKEN_NOT)
            return error_set(p->err, "found '%s', expected: identifier after ','", p->literal);
    }
}

int selector_parse(const char *text, struct selector **ret_selector, struct error **err) {
    if (strlen(text) > MAX_TEXT)
        return error_set_api(err, 400, "BadRequest", "label selector is longer than %zu bytes", MAX_TEXT);
    AUTO_SELECTOR selector = selector_list_new();
    AUTO_ERROR problem = NULL;
    struct parser parser = {.rest = text, .err = &problem};
    int result = parse(&parser, selector);
    free_ptr(&parser.literal);
    if (result < 0)
        return error_set_api(err, 400, "BadRequest", "%s", error_message(problem));
    selector_list_sort(selector);
    *ret_selector = STEAL(selector);
    return 0;
}
