// SPDX-License-Identifier: Apache-2.0
// The parser of JSONPath templates. It accepts and refuses what kubectl's does, with its messages.
#include "common/data/jsonpath_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/str.h"
#include "common/data/json_number.h"
#include "common/data/json_scan.h"

#define MAX_TEMPLATE_LEN 65536
#define MAX_NESTING 32 // filters and unions inside each other

struct parser {
    const char *p;
    const char *end;
    int nesting;
    struct error **err;
};

void jsonpath_parse_free(struct jsonpath_list *list) {
    for (size_t i = 0; i < list->len; i++) {
        struct jsonpath_node *node = &list->nodes[i];
        free(node->text);
        for (size_t j = 0; j < node->list_count; j++)
            jsonpath_parse_free(&node->lists[j]);
        free(node->lists);
    }
    free(list->nodes);
    *list = (struct jsonpath_list){0};
}

// --- nodes -------------------------------------------------------------------------------------------------------------

static struct jsonpath_node *add_node(struct jsonpath_list *list, enum jsonpath_node_type type) {
    if (list->len == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 4;
        list->nodes = alloc_resize(list->nodes, list->cap, sizeof(*list->nodes));
    }
    struct jsonpath_node *node = &list->nodes[list->len++];
    *node = (struct jsonpath_node){.type = type};
    return node;
}

static void add_text(struct jsonpath_list *list, enum jsonpath_node_type type, const char *text, size_t len) {
    char *copy = alloc_string_n(text, len);
    add_node(list, type)->text = copy;
}

static struct jsonpath_list *add_list(struct jsonpath_node *node) {
    node->lists = alloc_resize(node->lists, node->list_count + 1, sizeof(*node->lists));
    node->lists[node->list_count] = (struct jsonpath_list){0};
    return &node->lists[node->list_count++];
}

// --- characters --------------------------------------------------------------------------------------------------------

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// All characters beyond ASCII count as letters.
static bool is_alphanumeric(char c) {
    return c == '_' || is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80);
}

static bool at_terminator(const struct parser *p) {
    return p->p >= p->end || strchr(" \t\r\n.,[]$@{}", *p->p) || *p->p == '\0';
}

static int parse_actions(struct parser *p, struct jsonpath_list *list);

// Text as if it stood in braces of its own.
static int parse_inner(const struct parser *outer, const char *text, size_t len, struct jsonpath_list *ret_list) {
    struct parser p = {.p = text, .end = text + len, .nesting = outer->nesting + 1, .err = outer->err};
    if (p.nesting > MAX_NESTING)
        return error_set(p.err, "template is nested too deeply");
    return parse_actions(&p, ret_list);
}

// --- parts of an action ------------------------------------------------------------------------------------------------

// p is behind the dot. A backslash takes the special meaning of the next character.
static int parse_field(struct parser *p, struct jsonpath_list *list) {
    AUTO_STR name = {0};
    while (!at_terminator(p)) {
        if (*p->p == '\\' && ++p->p >= p->end)
            break;
        if (*p->p != '\\')
            str_append_char(&name, *p->p);
        p->p++;
    }
    if (str_equal(str_text(&name), "*"))
        add_node(list, JSONPATH_WILDCARD);
    else
        add_text(list, JSONPATH_FIELD, str_text(&name), name.len);
    return 0;
}

static int parse_recursive(struct parser *p, struct jsonpath_list *list) {
    if (list->len > 0 && list->nodes[list->len - 1].type == JSONPATH_RECURSIVE)
        return error_set(p->err, "invalid multiple recursive descent");
    p->p += 2;
    add_node(list, JSONPATH_RECURSIVE);
    return p->p < p->end && is_alphanumeric(*p->p) ? parse_field(p, list) : 0;
}

static int parse_number(struct parser *p, struct jsonpath_list *list) {
    const char *start = p->p;
    int64_t integer;
    double number;
    size_t dots = 0, digits = 0;
    p->p++;
    while (p->p < p->end && (is_digit(*p->p) || *p->p == '.'))
        p->p++;
    size_t len = (size_t)(p->p - start);
    for (size_t i = 0; i < len; i++) {
        dots += start[i] == '.';
        digits += is_digit(start[i]);
    }
    if (json_number_to_int64(start, len, &integer))
        add_node(list, JSONPATH_INT)->integer = integer;
    else if (dots <= 1 && digits > 0 && json_number_to_double(start, len, &number))
        add_node(list, JSONPATH_FLOAT)->number = number;
    else
        return error_set(p->err, "cannot parse number %.*s", (int)len, start);
    return 0;
}

static int parse_identifier(struct parser *p, struct jsonpath_list *list) {
    const char *start = p->p;
    while (!at_terminator(p))
        p->p++;
    size_t len = (size_t)(p->p - start);
    bool is_true = len == 4 && memcmp(start, "true", 4) == 0;
    if (is_true || (len == 5 && memcmp(start, "false", 5) == 0))
        add_node(list, JSONPATH_BOOL)->boolean = is_true;
    else
        add_text(list, JSONPATH_IDENTIFIER, start, len);
    return 0;
}

static void append_code(struct str *out, unsigned long code) {
    AUTO_STR escape = {0}; // json_scan_unescape knows how to make UTF-8 of it
    if (code < 0x10000)
        str_printf(&escape, "\\u%04lx", code);
    else
        str_printf(&escape, "\\u%04lx\\u%04lx", 0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff));
    json_scan_unescape(escape.data, escape.len, out);
}

// Behind a backslash: \xHH, \uHHHH, \UHHHHHHHH, \OOO. Returns how many characters of s it took, 0 if it is none of these.
static size_t append_coded_character(struct str *out, const char *s, size_t len) {
    bool octal = *s >= '0' && *s <= '7';
    size_t digits = *s == 'x' ? 2 : *s == 'u' ? 4 : *s == 'U' ? 8 : octal ? 3 : 0;
    size_t skip = octal ? 0 : 1;
    char text[9], *end;
    if (digits == 0 || len < skip + digits)
        return 0;
    memcpy(text, s + skip, digits);
    text[digits] = '\0';
    if (strspn(text, octal ? "01234567" : "0123456789abcdefABCDEF") != digits)
        return 0;
    unsigned long code = strtoul(text, &end, octal ? 8 : 16);
    if (*end || code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || (octal && code > 0xff))
        return 0;
    if (digits < 4 && code >= 0x80)
        str_append_char(out, (char)code);
    else
        append_code(out, code);
    return skip + digits;
}

static bool unquote(const char *inside, size_t len, char quote, struct str *out) {
    static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";
    for (size_t i = 0; i < len; i++) {
        if (inside[i] != '\\') {
            str_append_char(out, inside[i]);
            continue;
        }
        if (++i >= len || !inside[i])
            return false;
        const char *letter = strchr(from, inside[i]);
        if (letter || inside[i] == quote) {
            str_append_char(out, letter ? to[letter - from] : quote);
            continue;
        }
        size_t taken = append_coded_character(out, inside + i, len - i);
        if (taken == 0)
            return false;
        i += taken - 1;
    }
    return true;
}

static int parse_quote(struct parser *p, struct jsonpath_list *list) {
    char quote = *p->p;
    const char *inside = ++p->p;
    while (p->p < p->end && *p->p != '\n' && !(*p->p == quote && p->p[-1] != '\\'))
        p->p++;
    if (p->p >= p->end || *p->p == '\n')
        return error_set(p->err, "unterminated quoted string");
    size_t len = (size_t)(p->p++ - inside);
    AUTO_STR text = {0};
    if (!unquote(inside, len, quote, &text))
        return error_set(p->err, "unquote string %c%.*s%c error invalid syntax", quote, (int)len, inside, quote);
    add_text(list, JSONPATH_TEXT, str_text(&text), text.len);
    return 0;
}

// --- brackets ----------------------------------------------------------------------------------------------------------

static int parse_union(struct parser *p, const char *text, size_t len, struct jsonpath_list *list) {
    const char *end = text + len;
    add_node(list, JSONPATH_UNION);
    for (const char *part = text; part <= end;) {
        const char *comma = memchr(part, ',', (size_t)(end - part));
        const char *stop = comma ? comma : end;
        const char *next = stop + 1;
        while (part < stop && *part == ' ')
            part++;
        while (part < stop && stop[-1] == ' ')
            stop--;
        AUTO_STR inner = {0};
        str_printf(&inner, "[%.*s]", (int)(stop - part), part);
        if (parse_inner(p, inner.data, inner.len, add_list(&list->nodes[list->len - 1])) < 0)
            return -1;
        part = next;
    }
    return 0;
}

// -?[0-9]*; *ret_param stays unknown if nothing is there.
static bool take_param(const char **text, const char *end, struct jsonpath_param *ret_param) {
    const char *start = *text;
    if (*text < end && **text == '-')
        (*text)++;
    while (*text < end && is_digit(**text))
        (*text)++;
    if (*text == start)
        return true;
    ret_param->known = true;
    return json_number_to_int64(start, (size_t)(*text - start), &ret_param->value) && ret_param->value < INT32_MAX &&
           ret_param->value > INT32_MIN;
}

static int parse_slice(struct parser *p, const char *text, size_t len, struct jsonpath_list *list) {
    struct jsonpath_param params[3] = {0};
    const char *at = text, *end = text + len;
    bool fine = take_param(&at, end, &params[0]);
    bool is_slice = fine && at < end && *at == ':';
    for (int i = 1; i < 3 && fine && at < end && *at == ':'; i++) {
        at++;
        fine = take_param(&at, end, &params[i]);
    }
    if (!fine || at != end)
        return error_set(p->err, "invalid array index %.*s", (int)len, text);
    if (!is_slice)
        params[1] = (struct jsonpath_param){params[0].value + 1, true, true};
    memcpy(add_node(list, JSONPATH_ARRAY)->params, params, sizeof(params));
    return 0;
}

// [0] [1:2] [*] ['key'] [0,1] ['a','b']; p is at the opening bracket.
static int parse_array(struct parser *p, struct jsonpath_list *list) {
    const char *text = ++p->p;
    while (p->p < p->end && *p->p != ']' && *p->p != '\n')
        p->p++;
    if (p->p >= p->end || *p->p == '\n')
        return error_set(p->err, "unterminated array");
    size_t len = (size_t)(p->p++ - text);
    if (len == 1 && *text == '*')
        text = ":";
    if (memchr(text, ',', len))
        return parse_union(p, text, len, list);
    if (len >= 2 && text[0] == '\'' && text[len - 1] == '\'' && !memchr(text + 1, '\'', len - 2)) {
        AUTO_STR inner = {0};
        str_printf(&inner, ".%.*s", (int)(len - 2), text + 1);
        return parse_inner(p, inner.data, inner.len, list);
    }
    return parse_slice(p, text, len, list);
}

// Finds the parenthesis that closes a filter: the first one outside the one pair of quotes.
static const char *filter_end(const struct parser *p) {
    bool begun = false, ended = false;
    char quote = '\0';
    for (const char *at = p->p; at < p->end && *at != '\n'; at++) {
        if (*at == '"' || *at == '\'') {
            if (!begun) {
                begun = true;
                quote = *at;
            } else if (at[-1] != '\\' && *at == quote) {
                ended = true;
            }
        } else if (*at == ')' && begun == ended) {
            return at;
        }
    }
    return NULL;
}

// Splits at the first run of !<>=, which must have something on both sides; else the filter asks whether something exists.
static int parse_filter(struct parser *p, struct jsonpath_list *list) {
    p->p += strlen("[?(");
    const char *text = p->p, *end = filter_end(p);
    if (!end)
        return error_set(p->err, "unterminated filter");
    p->p = end + 1;
    if (p->p >= p->end || *p->p != ']')
        return error_set(p->err, "unclosed array expect ]");
    p->p++;
    const char *op = text;
    while (op < end && !strchr("!<>=", *op))
        op++;
    const char *right = op;
    while (right < end && strchr("!<>=", *right))
        right++;
    if (right == end && right - op > 1)
        right--; // something must be left for the right side
    size_t index = list->len;
    bool compares = op > text && op < right && right < end;
    if (compares)
        add_text(list, JSONPATH_FILTER, op, (size_t)(right - op));
    else
        add_text(list, JSONPATH_FILTER, "exists", strlen("exists"));
    const char *left_end = compares ? op : end;
    if (parse_inner(p, text, (size_t)(left_end - text), add_list(&list->nodes[index])) < 0)
        return -1;
    struct jsonpath_list *right_list = add_list(&list->nodes[index]);
    return compares ? parse_inner(p, right, (size_t)(end - right), right_list) : 0;
}

// --- actions and text --------------------------------------------------------------------------------------------------

static int fail_character(const struct parser *p) {
    unsigned char c = (unsigned char)*p->p;
    if (c > 0x20 && c < 0x7f)
        return error_set(p->err, "unrecognized character in action: U+%04X '%c'", c, c);
    return error_set(p->err, "unrecognized character in action: U+%04X", c);
}

static bool at_prefix(const struct parser *p, const char *prefix) {
    size_t len = strlen(prefix);
    return (size_t)(p->end - p->p) >= len && memcmp(p->p, prefix, len) == 0;
}

static int parse_part(struct parser *p, struct jsonpath_list *list) {
    char c = *p->p;
    if (at_prefix(p, "[?("))
        return parse_filter(p, list);
    if (at_prefix(p, ".."))
        return parse_recursive(p, list);
    if (c == '[')
        return parse_array(p, list);
    if (c == '"' || c == '\'')
        return parse_quote(p, list);
    if (c == '.') {
        p->p++;
        return parse_field(p, list);
    }
    if (c == '+' || c == '-' || is_digit(c))
        return parse_number(p, list);
    if (is_alphanumeric(c))
        return parse_identifier(p, list);
    if (c == '\n' || c == '\r')
        return error_set(p->err, "unclosed action");
    if (c != ' ' && c != '@' && c != '$')
        return fail_character(p);
    p->p++;
    return 0;
}

// Up to the closing brace, or to the end of an inner text.
static int parse_actions(struct parser *p, struct jsonpath_list *list) {
    while (p->p < p->end && *p->p != '}')
        if (parse_part(p, list) < 0)
            return -1;
    return 0;
}

int jsonpath_parse(const char *template, struct jsonpath_list *ret_list, struct error **err) {
    size_t len = strlen(template);
    struct parser p = {.p = template, .end = template + len, .err = err};
    *ret_list = (struct jsonpath_list){0};
    if (len > MAX_TEMPLATE_LEN)
        return error_set(err, "template of %zu bytes is over the limit of %d", len, MAX_TEMPLATE_LEN);
    while (p.p < p.end) {
        const char *brace = strchr(p.p, '{');
        const char *stop = brace ? brace : p.end;
        if (stop > p.p)
            add_text(ret_list, JSONPATH_TEXT, p.p, (size_t)(stop - p.p));
        if (!brace)
            break;
        p.p = brace + 1;
        if (parse_actions(&p, add_list(add_node(ret_list, JSONPATH_ACTION))) < 0)
            return -1;
        if (p.p >= p.end)
            return error_set(err, "unclosed action");
        p.p++;
    }
    return 0;
}
