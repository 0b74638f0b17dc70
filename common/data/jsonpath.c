// SPDX-License-Identifier: Apache-2.0
// Evaluates JSONPath templates as kubectl does: each node turns a list of values into the next one.
#include "common/data/jsonpath.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/data/json_number.h"
#include "common/data/jsonpath_parse.h"

#define MAX_OPEN_RANGES 32
#define MAX_RESULTS 1000000 // of one node: .. after .. multiplies

struct jsonpath {
    struct jsonpath_list root;
};

// Who gets the results of an action: text, or a list of values.
struct sink {
    struct str *text;
    struct jsonpath_values *values;
};

struct evaluation {
    bool allow_missing;
    struct sink sink;
    struct error **err;
};

// --- values ------------------------------------------------------------------------------------------------------------

static void push(struct jsonpath_values *values, struct json *take_value) {
    if (values->len == values->cap) {
        values->cap = values->cap ? values->cap * 2 : 4;
        values->items = alloc_resize(values->items, values->cap, sizeof(*values->items));
    }
    values->items[values->len++] = take_value;
}

static void push_ref(struct jsonpath_values *values, const struct json *value) {
    push(values, json_ref((struct json *)value));
}

void jsonpath_values_free(struct jsonpath_values *values) {
    for (size_t i = 0; i < values->len; i++)
        json_unref(values->items[i]);
    free(values->items);
    *values = (struct jsonpath_values){0};
}

// What upstream's messages call a value's type.
static const char *type_name(const struct json *value) {
    static const char *const names[] = {
        [JSON_NULL] = "nil",
        [JSON_BOOL] = "bool",
        [JSON_INT] = "int64",
        [JSON_DOUBLE] = "float64",
        [JSON_STRING] = "string",
        [JSON_ARRAY] = "[]interface {}",
        [JSON_OBJECT] = "map[string]interface {}",
    };
    return names[json_kind_of(value)];
}

static int evaluate_list(const struct evaluation *e, const struct jsonpath_values *input, const struct jsonpath_list *list,
                         struct jsonpath_values *ret_output);

// --- nodes: they append to output --------------------------------------------------------------------------------------

static int evaluate_field(const struct evaluation *e, const struct jsonpath_values *input, const struct jsonpath_node *node,
                          struct jsonpath_values *output) {
    for (size_t i = 0; i < input->len; i++)
        if (json_has(input->items[i], node->text))
            push_ref(output, json_get(input->items[i], node->text));
    if (input->len > 0 && output->len == 0 && !e->allow_missing)
        return error_set(e->err, "%s is not found", node->text);
    return 0;
}

static int fail_bounds(const struct evaluation *e, int64_t index, int64_t len) {
    return error_set(e->err, "array index out of bounds: index %lld, length %lld", (long long)index, (long long)len);
}

static int slice(const struct evaluation *e, const struct json *array, const struct jsonpath_param *params,
                 struct jsonpath_values *output) {
    int64_t len = (int64_t)json_len(array);
    int64_t from = params[0].known ? params[0].value : 0;
    int64_t to = params[1].known ? params[1].value : len;
    int64_t step = params[2].known ? params[2].value : 1;
    if (from < 0)
        from += len;
    if (to < 0 || (to == 0 && params[1].derived))
        to += len;
    if (from == to)
        return 0;
    if (from >= len || from < 0)
        return fail_bounds(e, from, len);
    if (to > len || to < 0)
        return fail_bounds(e, to - 1, len);
    if (from > to)
        return error_set(e->err, "starting index %lld is greater than ending index %lld", (long long)from, (long long)to);
    if (step <= 0)
        return error_set(e->err, "step must be > 0");
    for (int64_t i = from; i < to; i += step)
        push_ref(output, json_at(array, (size_t)i));
    return 0;
}

static int evaluate_array(const struct evaluation *e, const struct jsonpath_values *input, const struct jsonpath_node *node,
                          struct jsonpath_values *output) {
    for (size_t i = 0; i < input->len; i++) {
        const struct json *value = input->items[i];
        if (!value)
            continue;
        if (!json_is_array(value))
            return error_set(e->err, "%s is not array or slice", type_name(value));
        if (slice(e, value, node->params, output) < 0)
            return -1;
    }
    return 0;
}

static void push_children(const struct json *value, struct jsonpath_values *output) {
    for (size_t i = 0; i < json_len(value); i++)
        push_ref(output, json_at(value, i));
    for (struct json_iter it = json_iter(value); json_iter_next(&it);)
        push_ref(output, it.value);
}

// The value and all below it, if it is a container or a string with something in it (upstream walks into strings too).
static void push_recursively(const struct json *value, struct jsonpath_values *output) {
    if (output->len > MAX_RESULTS)
        return;
    if (json_len(value) > 0 || json_object_size(value) > 0 || json_string_len(value) > 0)
        push_ref(output, value);
    for (size_t i = 0; i < json_len(value); i++)
        push_recursively(json_at(value, i), output);
    for (struct json_iter it = json_iter(value); json_iter_next(&it);)
        push_recursively(it.value, output);
}

static void push_repeatedly(struct jsonpath_values *output, size_t count, struct json *take_value) {
    AUTO_JSON value = take_value;
    for (size_t i = 0; i < count; i++)
        push_ref(output, value);
}

// --- filters -----------------------------------------------------------------------------------------------------------

static const struct comparison {
    const char *text;
    bool less, equal, greater;
    bool orders; // false: booleans may be compared too
} comparisons[] = {
    {"<", true, false, false, true}, {"<=", true, true, false, true},   {">", false, false, true, true},
    {">=", false, true, true, true}, {"==", false, true, false, false}, {"!=", true, false, true, false},
};

static const struct comparison *comparison_find(const char *text) {
    for (size_t i = 0; i < ARRAY_LEN(comparisons); i++)
        if (str_equal(comparisons[i].text, text))
            return &comparisons[i];
    return NULL;
}

static int order_of(const struct json *left, const struct json *right) {
    double a = json_double(left, 0), b = json_double(right, 0);
    switch (json_kind_of(left)) {
    case JSON_STRING:
        return strcmp(json_string(left), json_string(right));
    case JSON_INT:
        return (json_int(left, 0) > json_int(right, 0)) - (json_int(left, 0) < json_int(right, 0));
    case JSON_BOOL:
        return json_bool(left, false) - json_bool(right, false);
    default:
        return (a > b) - (a < b);
    }
}

static int compare(const struct evaluation *e, const char *text, const struct json *left, const struct json *right,
                   bool *ret_passes) {
    const struct comparison *comparison = comparison_find(text);
    enum json_kind kind = json_kind_of(left);
    if (!comparison)
        return error_set(e->err, "unrecognized filter operator %s", text);
    if (kind == JSON_NULL || kind == JSON_ARRAY || kind == JSON_OBJECT || (kind == JSON_BOOL && comparison->orders))
        return error_set(e->err, "invalid type for comparison");
    if (kind != json_kind_of(right))
        return error_set(e->err, "incompatible types for comparison");
    int order = order_of(left, right);
    *ret_passes = order < 0 ? comparison->less : order > 0 ? comparison->greater : comparison->equal;
    return 0;
}

static int evaluate_filter_item(const struct evaluation *e, const struct jsonpath_node *node, struct json *item,
                                bool *ret_passes) {
    struct jsonpath_values one = {.items = &item, .len = 1};
    AUTO_JSONPATH_VALUES lefts = {0};
    AUTO_JSONPATH_VALUES rights = {0};
    *ret_passes = false;
    if (str_equal(node->text, "exists")) {
        struct evaluation quiet = {.allow_missing = e->allow_missing};
        *ret_passes = evaluate_list(&quiet, &one, &node->lists[0], &lefts) == 0 && lefts.len > 0;
        return 0;
    }
    if (evaluate_list(e, &one, &node->lists[0], &lefts) < 0)
        return -1;
    if (lefts.len == 0)
        return 0;
    if (lefts.len == 1 && evaluate_list(e, &one, &node->lists[1], &rights) < 0)
        return -1;
    if (lefts.len > 1 || rights.len > 1)
        return error_set(e->err, "can only compare one element at a time");
    return rights.len == 0 ? 0 : compare(e, node->text, lefts.items[0], rights.items[0], ret_passes);
}

static int evaluate_filter(const struct evaluation *e, const struct jsonpath_values *input, const struct jsonpath_node *node,
                           struct jsonpath_values *output) {
    for (size_t i = 0; i < input->len; i++) {
        const struct json *value = input->items[i];
        if (!json_is_array(value)) {
            CLEANUP(free_ptr) char *text = json_text(value);
            return error_set(e->err, "%.200s is not array or slice and cannot be filtered", text);
        }
        for (size_t j = 0; j < json_len(value); j++) {
            bool passes;
            if (evaluate_filter_item(e, node, json_at(value, j), &passes) < 0)
                return -1;
            if (passes)
                push_ref(output, json_at(value, j));
        }
    }
    return 0;
}

// --- lists of nodes ----------------------------------------------------------------------------------------------------

static int evaluate_union(const struct evaluation *e, const struct jsonpath_values *input, const struct jsonpath_node *node,
                          struct jsonpath_values *output) {
    for (size_t i = 0; i < node->list_count; i++) {
        AUTO_JSONPATH_VALUES part = {0};
        if (evaluate_list(e, input, &node->lists[i], &part) < 0)
            return -1;
        for (size_t j = 0; j < part.len; j++)
            push_ref(output, part.items[j]);
    }
    return 0;
}

static int evaluate_node(const struct evaluation *e, const struct jsonpath_values *input, const struct jsonpath_node *node,
                         struct jsonpath_values *output) {
    switch (node->type) {
    case JSONPATH_TEXT:
        push(output, json_new_string(node->text));
        return 0;
    case JSONPATH_FIELD:
        return evaluate_field(e, input, node, output);
    case JSONPATH_ARRAY:
        return evaluate_array(e, input, node, output);
    case JSONPATH_FILTER:
        return evaluate_filter(e, input, node, output);
    case JSONPATH_INT:
        push_repeatedly(output, input->len, json_new_int(node->integer));
        return 0;
    case JSONPATH_FLOAT:
        push_repeatedly(output, input->len, json_new_double(node->number));
        return 0;
    case JSONPATH_BOOL:
        push_repeatedly(output, input->len, json_new_bool(node->boolean));
        return 0;
    case JSONPATH_WILDCARD:
        for (size_t i = 0; i < input->len; i++)
            push_children(input->items[i], output);
        return 0;
    case JSONPATH_RECURSIVE:
        for (size_t i = 0; i < input->len; i++)
            push_recursively(input->items[i], output);
        return 0;
    case JSONPATH_UNION:
        return evaluate_union(e, input, node, output);
    case JSONPATH_IDENTIFIER:
    case JSONPATH_ACTION:
        break;
    }
    return error_set(e->err, "unrecognized identifier %s", node->text ? node->text : "");
}

static int evaluate_list(const struct evaluation *e, const struct jsonpath_values *input, const struct jsonpath_list *list,
                         struct jsonpath_values *ret_output) {
    AUTO_JSONPATH_VALUES current = {0};
    for (size_t i = 0; i < input->len; i++)
        push_ref(&current, input->items[i]);
    for (size_t i = 0; i < list->len; i++) {
        AUTO_JSONPATH_VALUES next = {0};
        if (i == 0 && list->nodes[0].type == JSONPATH_IDENTIFIER && str_equal(list->nodes[0].text, "range"))
            continue;
        if (evaluate_node(e, &current, &list->nodes[i], &next) < 0)
            return -1;
        if (next.len > MAX_RESULTS)
            return error_set(e->err, "too many results: the limit is %d", MAX_RESULTS);
        struct jsonpath_values done = current;
        current = next;
        next = done;
    }
    *ret_output = current;
    current = (struct jsonpath_values){0};
    return 0;
}

// --- the template ------------------------------------------------------------------------------------------------------

static void append_text(struct str *out, const struct json *value) {
    switch (json_kind_of(value)) {
    case JSON_STRING:
        str_append_n(out, json_string(value), json_string_len(value));
        break;
    case JSON_DOUBLE:
        json_number_append_g(json_double(value, 0), out);
        break;
    default:
        json_write_sorted(value, out, -1);
    }
}

static void deliver(const struct evaluation *e, const struct jsonpath_values *results) {
    for (size_t i = 0; i < results->len; i++) {
        if (e->sink.values)
            push_ref(e->sink.values, results->items[i]);
        if (e->sink.text && i > 0)
            str_append_char(e->sink.text, ' ');
        if (e->sink.text)
            append_text(e->sink.text, results->items[i]);
    }
}

static bool is_identifier(const struct jsonpath_node *node, const char *text) {
    if (node->type != JSONPATH_ACTION || node->lists[0].len == 0)
        return false;
    const struct jsonpath_node *first = &node->lists[0].nodes[0];
    return first->type == JSONPATH_IDENTIFIER && str_equal(first->text, text);
}

// The index of the {end} that belongs to the {range} before `from`; the end of the template if there is none.
static size_t find_range_end(const struct jsonpath_list *root, size_t from) {
    size_t open = 1;
    for (size_t i = from; i < root->len; i++) {
        open += is_identifier(&root->nodes[i], "range");
        open -= is_identifier(&root->nodes[i], "end");
        if (open == 0)
            return i;
    }
    return root->len;
}

static int run(const struct evaluation *e, const struct jsonpath_list *root, size_t from, size_t to, struct json *value);

static int run_action(const struct evaluation *e, const struct jsonpath_node *node, struct json *value,
                      struct jsonpath_values *ret_results) {
    struct jsonpath_values input = {.items = &value, .len = 1};
    if (is_identifier(node, "end"))
        return error_set(e->err, "not in range, nothing to end");
    return evaluate_list(e, &input, &node->lists[0], ret_results);
}

static int run_range(const struct evaluation *e, const struct jsonpath_list *root, size_t from, size_t to,
                     const struct jsonpath_values *results) {
    for (size_t i = 0; i < results->len; i++)
        if (run(e, root, from, to, results->items[i]) < 0)
            return -1;
    return 0;
}

static int run(const struct evaluation *e, const struct jsonpath_list *root, size_t from, size_t to, struct json *value) {
    for (size_t i = from; i < to; i++) {
        const struct jsonpath_node *node = &root->nodes[i];
        AUTO_JSONPATH_VALUES results = {0};
        if (node->type == JSONPATH_TEXT) {
            if (e->sink.text)
                str_append(e->sink.text, node->text);
            continue;
        }
        if (run_action(e, node, value, &results) < 0)
            return -1;
        if (!is_identifier(node, "range")) {
            deliver(e, &results);
            continue;
        }
        size_t end = find_range_end(root, i + 1);
        if (run_range(e, root, i + 1, MIN(end, to), &results) < 0)
            return -1;
        i = end;
    }
    return 0;
}

// Nested ranges are nested calls, so their number is bounded.
static int check_ranges(const struct jsonpath_list *root, struct error **err) {
    size_t open = 0;
    for (size_t i = 0; i < root->len; i++) {
        if (is_identifier(&root->nodes[i], "range") && ++open > MAX_OPEN_RANGES)
            return error_set(err, "template is nested too deeply");
        if (is_identifier(&root->nodes[i], "end") && open > 0)
            open--;
    }
    return 0;
}

int jsonpath_compile(const char *template, struct jsonpath **ret_path, struct error **err) {
    AUTO_JSONPATH path = alloc_zero(sizeof(*path));
    if (jsonpath_parse(template, &path->root, err) < 0 || check_ranges(&path->root, err) < 0)
        return -1;
    *ret_path = STEAL(path);
    return 0;
}

int jsonpath_compile_path(const char *text, struct jsonpath **ret_path, struct error **err) {
    AUTO_STR template = {0};
    size_t len = strlen(text);
    const char *inside = text;
    if (len >= 2 && text[0] == '{' && text[len - 1] == '}') {
        inside++;
        len -= 2;
    }
    if (len > 0 && *inside == '.') {
        inside++;
        len--;
    }
    if (len == 0 || memchr(inside, '{', len) || memchr(inside, '}', len))
        return error_set(err, "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or "
                              "'{.name1.name2}'");
    str_printf(&template, "{.%.*s}", (int)len, inside);
    return jsonpath_compile(template.data, ret_path, err);
}

void jsonpath_free(struct jsonpath *path) {
    if (path)
        jsonpath_parse_free(&path->root);
    free(path);
}

void jsonpath_freep(struct jsonpath **path) {
    jsonpath_free(*path);
    *path = NULL;
}

int jsonpath_print(const struct jsonpath *path, const struct json *root, bool allow_missing, struct str *out,
                   struct error **err) {
    struct evaluation e = {.allow_missing = allow_missing, .sink.text = out, .err = err};
    return run(&e, &path->root, 0, path->root.len, (struct json *)root);
}

int jsonpath_find(const struct jsonpath *path, const struct json *root, bool allow_missing, struct jsonpath_values *ret_values,
                  struct error **err) {
    AUTO_JSONPATH_VALUES values = {0};
    struct evaluation e = {.allow_missing = allow_missing, .sink.values = &values, .err = err};
    if (run(&e, &path->root, 0, path->root.len, (struct json *)root) < 0)
        return -1;
    for (size_t i = 0; i < values.len; i++)
        push_ref(ret_values, values.items[i]);
    return 0;
}
