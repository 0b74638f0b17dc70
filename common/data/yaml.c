// SPDX-License-Identifier: Apache-2.0
// YAML to and from JSON values on libyaml's events. Reading is bounded: bytes, depth, values, and what aliases expand to. Writing leaves
// the layout to libyaml's emitter and decides only order and quoting.
#include "common/data/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "common/base/alloc.h"
#include "common/base/encoding.h"
#include "common/base/map.h"
#include "common/base/vec.h"
#include "common/data/json_number.h"
#include "common/data/json_scan.h"
#include "common/data/yaml_key.h"
#include "common/data/yaml_scalar.h"

#define MAX_BYTES ((size_t)3 * 1024 * 1024)
#define MAX_EXPANDED_BYTES (4 * MAX_BYTES)
#define MAX_DEPTH 128
#define MAX_VALUES 400000
#define MAX_DOCUMENTS 10000

// A node that has a name. value is NULL while the node is still being read, and for null.
struct anchor {
    struct json *value;
    bool complete;
    size_t values; // in it, itself included
    size_t bytes;  // of its keys and strings
    size_t height; // levels below it
};

struct reader {
    yaml_parser_t parser;
    struct map anchors; // of the current document
    size_t values;      // in the whole stream, aliases expanded
    size_t bytes;
    size_t deepest; // level reached below the innermost anchor that is being read
    struct error **err;
};

static void anchor_free(void *pointer) {
    struct anchor *anchor = pointer;
    json_unref(anchor->value);
    free(anchor);
}

// --- reading: errors and events ----------------------------------------------------------------------------------------

#define CLEAN_EVENT CLEANUP(yaml_event_delete) yaml_event_t

// The line as upstream counts it: the parser's marks are 0-based and are printed as they are, the scanner's are one further.
static int fail_syntax(struct reader *r) {
    yaml_parser_t *parser = &r->parser;
    size_t line = parser->problem_mark.line ? parser->problem_mark.line : parser->context_mark.line;
    if (parser->problem_mark.line && parser->error == YAML_SCANNER_ERROR)
        line++;
    const char *problem = parser->problem ? parser->problem : "unknown problem parsing YAML content";
    if (parser->error == YAML_MEMORY_ERROR)
        problem = "out of memory";
    return error_set(r->err, "yaml: line %zu: %s", line ? line : 1, problem);
}

static int fail_at(struct reader *r, const yaml_event_t *event, const char *what) {
    return error_set(r->err, "yaml: line %zu: %s", event->start_mark.line + 1, what);
}

static int next_event(struct reader *r, yaml_event_t *ret_event) {
    memset(ret_event, 0, sizeof(*ret_event));
    return yaml_parser_parse(&r->parser, ret_event) ? 0 : fail_syntax(r);
}

static int charge(struct reader *r, const yaml_event_t *event, size_t values, size_t bytes) {
    r->values += values;
    r->bytes += bytes;
    if (r->values > MAX_VALUES || r->bytes > MAX_EXPANDED_BYTES)
        return fail_at(r, event, event->type == YAML_ALIAS_EVENT ? "document contains excessive aliasing" : "too many values");
    return 0;
}

static int parse_node(struct reader *r, const yaml_event_t *event, size_t depth, struct json **ret_value);

// --- reading: scalars --------------------------------------------------------------------------------------------------

static struct json *number_value(double number) {
    AUTO_STR text = {0};
    struct json *value = NULL;
    json_number_append(number, &text);
    if (json_parse(text.data, text.len, NULL, &value, NULL) < 0)
        abort(); // what json_number_append writes is JSON
    return value;
}

static struct json *natural_value(uint64_t natural) {
    AUTO_STR text = {0};
    struct json *value = NULL;
    str_append_uint(&text, natural);
    if (json_parse(text.data, text.len, NULL, &value, NULL) < 0)
        abort();
    return value;
}

// The short name of a tag ("str" of "tag:yaml.org,2002:str"); "" without a tag; NULL for a foreign one.
static const char *tag_name(const yaml_event_t *event) {
    const char *tag = (const char *)event->data.scalar.tag;
    if (!tag || !*tag)
        return "";
    return str_equal(tag, "!") ? "str" : str_skip_prefix(tag, "tag:yaml.org,2002:");
}

static int fail_tag(struct reader *r, const yaml_event_t *event, enum yaml_scalar_kind found, const char *tag) {
    static const char *const names[] = {
        [YAML_SCALAR_STRING] = "str",       [YAML_SCALAR_NULL] = "null",
        [YAML_SCALAR_BOOL] = "bool",        [YAML_SCALAR_INT] = "int",
        [YAML_SCALAR_UINT] = "int",         [YAML_SCALAR_FLOAT] = "float",
        [YAML_SCALAR_NOT_FINITE] = "float", [YAML_SCALAR_TIMESTAMP] = "timestamp",
    };
    return error_set(r->err, "yaml: line %zu: cannot decode !!%s `%.64s` as a !!%s", event->start_mark.line + 1, names[found],
                     (const char *)event->data.scalar.value, tag);
}

static int parse_binary(struct reader *r, const yaml_event_t *event, struct json **ret_value) {
    AUTO_STR packed = {0};
    AUTO_STR bytes = {0};
    const char *text = (const char *)event->data.scalar.value;
    for (size_t i = 0; i < event->data.scalar.length; i++)
        if (!strchr(" \r\n\t", text[i]))
            str_append_char(&packed, text[i]);
    if (!base64_decode(&bytes, str_text(&packed), packed.len))
        return fail_at(r, event, "!!binary value contains invalid base64 data");
    for (size_t i = 0, n; i < bytes.len; i += n)
        if ((n = json_scan_utf8((const unsigned char *)bytes.data + i, bytes.len - i)) == 0)
            return fail_at(r, event, "!!binary value is no UTF-8 text");
    *ret_value = json_new_string_n(str_text(&bytes), bytes.len);
    return 0;
}

static bool tag_fits(const char *tag, enum yaml_scalar_kind kind) {
    switch (kind) {
    case YAML_SCALAR_NULL:
        return str_equal(tag, "null");
    case YAML_SCALAR_BOOL:
        return str_equal(tag, "bool");
    case YAML_SCALAR_INT:
    case YAML_SCALAR_UINT:
        return str_equal(tag, "int") || str_equal(tag, "float");
    case YAML_SCALAR_FLOAT:
    case YAML_SCALAR_NOT_FINITE:
        return str_equal(tag, "float");
    case YAML_SCALAR_TIMESTAMP:
        return str_equal(tag, "timestamp");
    case YAML_SCALAR_STRING:
        break;
    }
    return false;
}

static int parse_resolved(struct reader *r, const yaml_event_t *event, const struct yaml_scalar *scalar,
                          struct json **ret_value) {
    switch (scalar->kind) {
    case YAML_SCALAR_NULL:
        *ret_value = NULL;
        return 0;
    case YAML_SCALAR_BOOL:
        *ret_value = json_new_bool(scalar->boolean);
        return 0;
    case YAML_SCALAR_INT:
        *ret_value = json_new_int(scalar->integer);
        return 0;
    case YAML_SCALAR_UINT:
        *ret_value = natural_value(scalar->natural);
        return 0;
    case YAML_SCALAR_FLOAT:
        *ret_value = number_value(scalar->number);
        return 0;
    case YAML_SCALAR_NOT_FINITE:
        return fail_at(r, event, "unsupported value: neither infinity nor NaN can be JSON");
    case YAML_SCALAR_STRING:
    case YAML_SCALAR_TIMESTAMP:
        break;
    }
    *ret_value = json_new_string_n((const char *)event->data.scalar.value, event->data.scalar.length);
    return 0;
}

static int parse_scalar(struct reader *r, const yaml_event_t *event, struct json **ret_value) {
    const char *text = (const char *)event->data.scalar.value;
    const char *tag = tag_name(event);
    struct yaml_scalar scalar = {.kind = YAML_SCALAR_STRING};
    if (charge(r, event, 1, event->data.scalar.length) < 0)
        return -1;
    if (tag && str_equal(tag, "binary"))
        return parse_binary(r, event, ret_value);
    bool typed = tag && (str_equal(tag, "null") || str_equal(tag, "bool") || str_equal(tag, "int") || str_equal(tag, "float") ||
                         str_equal(tag, "timestamp"));
    if (typed || event->data.scalar.plain_implicit)
        scalar = yaml_scalar_resolve(text, event->data.scalar.length);
    if (typed && !tag_fits(tag, scalar.kind))
        return fail_tag(r, event, scalar.kind, tag);
    return parse_resolved(r, event, &scalar, ret_value);
}

// --- reading: aliases and containers -----------------------------------------------------------------------------------

static int parse_alias(struct reader *r, const yaml_event_t *event, size_t depth, struct json **ret_value) {
    const char *name = (const char *)event->data.alias.anchor;
    const struct anchor *anchor = map_get(&r->anchors, name);
    if (!anchor)
        return error_set(r->err, "yaml: line %zu: unknown anchor '%s' referenced", event->start_mark.line + 1, name);
    if (!anchor->complete)
        return error_set(r->err, "yaml: line %zu: anchor '%s' value contains itself", event->start_mark.line + 1, name);
    if (charge(r, event, anchor->values, anchor->bytes) < 0)
        return -1;
    if (depth + anchor->height > MAX_DEPTH)
        return fail_at(r, event, "exceeded max depth");
    r->deepest = MAX(r->deepest, depth + anchor->height);
    *ret_value = json_clone(anchor->value);
    return 0;
}

static int parse_sequence(struct reader *r, const yaml_event_t *event, size_t depth, struct json **ret_value) {
    AUTO_JSON array = json_new_array();
    if (charge(r, event, 1, 0) < 0)
        return -1;
    for (;;) {
        CLEAN_EVENT item;
        struct json *value;
        if (next_event(r, &item) < 0)
            return -1;
        if (item.type == YAML_SEQUENCE_END_EVENT)
            break;
        if (parse_node(r, &item, depth + 1, &value) < 0)
            return -1;
        json_append(array, value);
    }
    *ret_value = STEAL(array);
    return 0;
}

// Keys that are no strings become their text, as upstream's converter does.
static int parse_key(struct reader *r, const yaml_event_t *event, size_t depth, struct str *ret_key) {
    struct json *parsed;
    if (event->type != YAML_SCALAR_EVENT && event->type != YAML_ALIAS_EVENT)
        return fail_at(r, event, "invalid map key");
    if (parse_node(r, event, depth, &parsed) < 0)
        return -1;
    AUTO_JSON value = parsed;
    const char *text = json_string(value);
    if (text && memchr(text, '\0', json_string_len(value)))
        return fail_at(r, event, "invalid \\0 in map key");
    if (text)
        str_append(ret_key, text);
    else if (json_kind_of(value) == JSON_DOUBLE)
        json_number_append_g(json_double(value, 0), ret_key);
    else if (json_kind_of(value) == JSON_INT || json_kind_of(value) == JSON_BOOL)
        json_write(value, ret_key);
    else
        return fail_at(r, event, "invalid map key");
    return 0;
}

static bool is_merge_key(const yaml_event_t *event) {
    if (event->type != YAML_SCALAR_EVENT || !str_equal((const char *)event->data.scalar.value, "<<"))
        return false;
    return event->data.scalar.plain_implicit || str_equal((const char *)event->data.scalar.tag, "tag:yaml.org,2002:merge");
}

static void merge_object(struct json *object, const struct json *from) {
    for (struct json_iter it = json_iter(from); json_iter_next(&it);)
        if (!json_has(object, it.key))
            json_set(object, it.key, json_ref(it.value));
}

// What a << key named, once the mapping's own keys are there: they win, and so do earlier ones in a list.
static int merge(struct reader *r, const yaml_event_t *event, struct json *object, const struct json *from) {
    bool fine = json_is_object(from) || json_is_array(from);
    for (size_t i = 0; fine && i < json_len(from); i++)
        fine = json_is_object(json_at(from, i));
    if (!fine)
        return fail_at(r, event, "map merge requires map or sequence of maps as the value");
    merge_object(object, from);
    for (size_t i = 0; i < json_len(from); i++)
        merge_object(object, json_at(from, i));
    return 0;
}

static int parse_value(struct reader *r, size_t depth, struct json **ret_value) {
    CLEAN_EVENT event;
    return next_event(r, &event) < 0 ? -1 : parse_node(r, &event, depth + 1, ret_value);
}

static int parse_member(struct reader *r, const yaml_event_t *event, size_t depth, struct json *object) {
    AUTO_STR key = {0};
    struct json *value;
    if (parse_key(r, event, depth + 1, &key) < 0)
        return -1;
    if (json_has(object, str_text(&key))) {
        AUTO_STR quoted = {0};
        json_write_string(&quoted, str_text(&key));
        return error_set(r->err, "yaml: unmarshal errors:\n  line %zu: key %s already set in map", event->start_mark.line + 1,
                         str_text(&quoted));
    }
    if (parse_value(r, depth, &value) < 0)
        return -1;
    json_set(object, str_text(&key), value);
    return 0;
}

static int parse_mapping(struct reader *r, const yaml_event_t *event, size_t depth, struct json **ret_value) {
    AUTO_JSON object = json_new_object();
    AUTO_JSON merges = NULL;
    if (charge(r, event, 1, 0) < 0)
        return -1;
    for (;;) {
        CLEAN_EVENT key;
        if (next_event(r, &key) < 0)
            return -1;
        if (key.type == YAML_MAPPING_END_EVENT)
            break;
        if (!is_merge_key(&key)) {
            if (parse_member(r, &key, depth, object) < 0)
                return -1;
            continue;
        }
        if (merges)
            return fail_at(r, &key, "key \"<<\" already set in map");
        if (parse_value(r, depth, &merges) < 0)
            return -1;
        if (!merges)
            return fail_at(r, &key, "map merge requires map or sequence of maps as the value");
    }
    if (merges && merge(r, event, object, merges) < 0)
        return -1;
    *ret_value = STEAL(object);
    return 0;
}

static int parse_plain_node(struct reader *r, const yaml_event_t *event, size_t depth, struct json **ret_value) {
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return parse_scalar(r, event, ret_value);
    case YAML_SEQUENCE_START_EVENT:
        return parse_sequence(r, event, depth, ret_value);
    case YAML_MAPPING_START_EVENT:
        return parse_mapping(r, event, depth, ret_value);
    default:
        return fail_at(r, event, "unexpected end of document");
    }
}

static const char *anchor_of(const yaml_event_t *event) {
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return (const char *)event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT:
        return (const char *)event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT:
        return (const char *)event->data.mapping_start.anchor;
    default:
        return NULL;
    }
}

// While the node is read its anchor is there, but not complete.
static int parse_anchored_node(struct reader *r, const yaml_event_t *event, size_t depth, struct json **ret_value) {
    const char *name = anchor_of(event);
    size_t values = r->values, bytes = r->bytes, deepest = r->deepest;
    struct json *value;
    map_put(&r->anchors, name, alloc_zero(sizeof(struct anchor)));
    r->deepest = depth;
    if (parse_plain_node(r, event, depth, &value) < 0)
        return -1;
    struct anchor *anchor = map_get(&r->anchors, name);
    json_unref(anchor->value); // a node inside may have had the same name
    *anchor = (struct anchor){.value = json_ref(value),
                              .complete = true,
                              .values = r->values - values,
                              .bytes = r->bytes - bytes,
                              .height = r->deepest - depth};
    r->deepest = MAX(r->deepest, deepest);
    *ret_value = value;
    return 0;
}

static int parse_node(struct reader *r, const yaml_event_t *event, size_t depth, struct json **ret_value) {
    if (depth > MAX_DEPTH)
        return fail_at(r, event, "exceeded max depth");
    r->deepest = MAX(r->deepest, depth);
    if (event->type == YAML_ALIAS_EVENT)
        return parse_alias(r, event, depth, ret_value);
    return anchor_of(event) ? parse_anchored_node(r, event, depth, ret_value) : parse_plain_node(r, event, depth, ret_value);
}

// --- reading: documents ------------------------------------------------------------------------------------------------

static void add_document(struct vec *documents, struct json *take_value, size_t line) {
    struct yaml_document document = {take_value, line};
    if (take_value)
        vec_push(documents, &document);
}

static void free_documents(struct vec *documents) {
    for (size_t i = 0; i < documents->len; i++)
        json_unref(VEC_AT(documents, struct yaml_document, i)->value);
    vec_free(documents);
}

// Behind the document's start: its node, its end.
static int parse_document(struct reader *r, struct vec *documents) {
    CLEAN_EVENT node;
    CLEAN_EVENT end = {0};
    struct json *value = NULL;
    map_clear(&r->anchors);
    if (next_event(r, &node) < 0 || parse_node(r, &node, 0, &value) < 0)
        return -1;
    add_document(documents, value, node.start_mark.line + 1);
    if (documents->len > MAX_DOCUMENTS)
        return fail_at(r, &node, "too many documents");
    return next_event(r, &end);
}

static int parse_stream(struct reader *r, struct vec *documents) {
    for (;;) {
        CLEAN_EVENT event;
        if (next_event(r, &event) < 0)
            return -1;
        if (event.type == YAML_STREAM_END_EVENT)
            return 0;
        if (event.type == YAML_DOCUMENT_START_EVENT && parse_document(r, documents) < 0)
            return -1;
    }
}

static int parse_yaml(const char *bytes, size_t len, struct vec *documents, struct error **err) {
    struct reader r = {.anchors = MAP_OWNING(anchor_free), .err = err};
    if (!yaml_parser_initialize(&r.parser))
        abort();
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)bytes, len);
    int result = parse_stream(&r, documents);
    map_free(&r.anchors);
    yaml_parser_delete(&r.parser);
    return result < 0 ? error_prefix(err, "error converting YAML to JSON") : 0;
}

static size_t skip_space(const char *bytes, size_t len, size_t from, size_t *line) {
    for (; from < len && bytes[from] && strchr(" \t\r\n", bytes[from]); from++)
        *line += bytes[from] == '\n';
    return from;
}

// JSON values one after another. Depth, values and duplicate keys are checked as in any JSON.
static int parse_json_stream(const char *bytes, size_t len, struct vec *documents, struct error **err) {
    size_t line = 1;
    for (size_t at = skip_space(bytes, len, 0, &line); at < len;) {
        struct json *value;
        size_t used;
        if (json_parse_first(bytes + at, len - at, NULL, &value, &used, err) < 0)
            return -1;
        add_document(documents, value, line);
        for (size_t i = at; i < at + used; i++)
            line += bytes[i] == '\n';
        at = skip_space(bytes, len, at + used, &line);
    }
    return 0;
}

// JSON begins with a brace and a quote; {a: b} is YAML.
static bool looks_like_json(const char *bytes, size_t len) {
    size_t line = 0;
    size_t at = skip_space(bytes, len, 0, &line);
    if (at >= len || bytes[at] != '{')
        return false;
    at = skip_space(bytes, len, at + 1, &line);
    return at < len && (bytes[at] == '"' || bytes[at] == '}');
}

// What begins like JSON may still be a YAML flow mapping; if it is neither, JSON's error is the better one.
static int parse_any(const char *bytes, size_t len, struct vec *documents, struct error **err) {
    if (len > MAX_BYTES)
        return error_set(err, "%zu bytes are over the limit of %zu", len, MAX_BYTES);
    if (!looks_like_json(bytes, len))
        return parse_yaml(bytes, len, documents, err);
    AUTO_ERROR json_error = NULL;
    if (parse_json_stream(bytes, len, documents, &json_error) == 0)
        return 0;
    free_documents(documents);
    *documents = VEC_OF(struct yaml_document);
    if (!str_starts(json_error->message, "duplicate field") && parse_yaml(bytes, len, documents, NULL) == 0)
        return 0;
    return error_move(err, &json_error);
}

int yaml_parse(const char *bytes, size_t len, const char *source, struct yaml_documents *ret_documents, struct error **err) {
    struct vec documents = VEC_OF(struct yaml_document);
    AUTO_ERROR problem = NULL;
    if (parse_any(bytes, len, &documents, &problem) < 0) {
        free_documents(&documents);
        if (source)
            error_prefix(&problem, "error parsing %s", source);
        return error_move(err, &problem);
    }
    *ret_documents = (struct yaml_documents){(struct yaml_document *)(void *)documents.data, documents.len};
    return 0;
}

void yaml_documents_free(struct yaml_documents *documents) {
    for (size_t i = 0; i < documents->len; i++)
        json_unref(documents->items[i].value);
    free(documents->items);
    *documents = (struct yaml_documents){0};
}

int yaml_parse_one(const char *bytes, size_t len, const char *source, struct json **ret_value, struct error **err) {
    CLEANUP(yaml_documents_free) struct yaml_documents documents = {0};
    if (yaml_parse(bytes, len, source, &documents, err) < 0)
        return -1;
    if (documents.len > 1) {
        error_set(err, "expected one document, found another at line %zu", documents.items[1].line);
        return source ? error_prefix(err, "error parsing %s", source) : -1;
    }
    *ret_value = documents.len ? STEAL(documents.items[0].value) : json_new_object();
    return 0;
}

// --- writing -----------------------------------------------------------------------------------------------------------

struct writer {
    yaml_emitter_t emitter;
    struct str *out;
};

static int append_output(void *context, unsigned char *bytes, size_t len) {
    str_append_n(context, bytes, len);
    return 1;
}

// Takes the event, whether it worked or not; only memory can fail, as the events come in the right order.
static void emit(struct writer *w, yaml_event_t *event, int initialized) {
    if (!initialized || !yaml_emitter_emit(&w->emitter, event))
        abort();
}

static void emit_scalar(struct writer *w, const char *text, size_t len, yaml_scalar_style_t style) {
    yaml_event_t event;
    emit(w, &event, yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)len, 1, 1, style));
}

static void emit_valid_string(struct writer *w, const char *text, size_t len) {
    yaml_scalar_style_t style = YAML_PLAIN_SCALAR_STYLE;
    if (memchr(text, '\n', len))
        style = YAML_LITERAL_SCALAR_STYLE;
    else if (yaml_scalar_is_ambiguous(text, len))
        style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    emit_scalar(w, text, len, style);
}

// libyaml refuses what is not UTF-8: such bytes become U+FFFD.
static void emit_string(struct writer *w, const char *text, size_t len) {
    const unsigned char *s = (const unsigned char *)text;
    size_t good = 0;
    for (size_t n; good < len && (n = json_scan_utf8(s + good, len - good)) > 0;)
        good += n;
    if (good == len) {
        emit_valid_string(w, text, len);
        return;
    }
    AUTO_STR fixed = {0};
    for (size_t i = 0; i < len;) {
        size_t n = json_scan_utf8(s + i, len - i);
        if (n)
            str_append_n(&fixed, text + i, n);
        else
            str_append(&fixed, "\xef\xbf\xbd");
        i += n ? n : 1;
    }
    emit_valid_string(w, fixed.data, fixed.len);
}

// A double as kubectl shows it: what it makes of the JSON text of that number when reading it as YAML.
static void emit_double(struct writer *w, double number) {
    AUTO_STR text = {0};
    json_number_append(number, &text);
    struct yaml_scalar scalar = yaml_scalar_resolve(text.data, text.len);
    str_clear(&text);
    if (scalar.kind == YAML_SCALAR_INT)
        str_append_int(&text, scalar.integer);
    else if (scalar.kind == YAML_SCALAR_UINT)
        str_append_uint(&text, scalar.natural);
    else
        json_number_append_g(number, &text);
    emit_scalar(w, text.data, text.len, YAML_PLAIN_SCALAR_STYLE);
}

static void write_value(struct writer *w, const struct json *value);

static void write_object(struct writer *w, const struct json *object) {
    yaml_event_t event;
    struct ptr_vec keys = {0};
    for (struct json_iter it = json_iter(object); json_iter_next(&it);)
        ptr_vec_push(&keys, (void *)(uintptr_t)it.key);
    ptr_vec_sort(&keys, yaml_key_compare);
    emit(w, &event, yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
    for (size_t i = 0; i < keys.len; i++) {
        const char *key = keys.items[i];
        emit_string(w, key, strlen(key));
        write_value(w, json_get(object, key));
    }
    emit(w, &event, yaml_mapping_end_event_initialize(&event));
    ptr_vec_free(&keys);
}

static void write_array(struct writer *w, const struct json *array) {
    yaml_event_t event;
    emit(w, &event, yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
    for (size_t i = 0; i < json_len(array); i++)
        write_value(w, json_at(array, i));
    emit(w, &event, yaml_sequence_end_event_initialize(&event));
}

static void write_value(struct writer *w, const struct json *value) {
    char number[32];
    switch (json_kind_of(value)) {
    case JSON_NULL:
        emit_scalar(w, "null", 4, YAML_PLAIN_SCALAR_STYLE);
        break;
    case JSON_BOOL:
        emit_scalar(w, json_bool(value, false) ? "true" : "false", json_bool(value, false) ? 4 : 5, YAML_PLAIN_SCALAR_STYLE);
        break;
    case JSON_INT:
        snprintf(number, sizeof(number), "%lld", (long long)json_int(value, 0));
        emit_scalar(w, number, strlen(number), YAML_PLAIN_SCALAR_STYLE);
        break;
    case JSON_DOUBLE:
        emit_double(w, json_double(value, 0));
        break;
    case JSON_STRING:
        emit_string(w, json_string(value), json_string_len(value));
        break;
    case JSON_ARRAY:
        write_array(w, value);
        break;
    case JSON_OBJECT:
        write_object(w, value);
        break;
    }
}

void yaml_write(const struct json *value, struct str *out) {
    struct writer w = {.out = out};
    yaml_event_t event;
    if (!yaml_emitter_initialize(&w.emitter))
        abort();
    yaml_emitter_set_output(&w.emitter, append_output, out);
    yaml_emitter_set_unicode(&w.emitter, 1);
    emit(&w, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(&w, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    write_value(&w, value);
    emit(&w, &event, yaml_document_end_event_initialize(&event, 1));
    w.emitter.open_ended = 0; // no "..." behind a literal that keeps its line ends, as go-yaml
    emit(&w, &event, yaml_stream_end_event_initialize(&event));
    yaml_emitter_delete(&w.emitter);
}
