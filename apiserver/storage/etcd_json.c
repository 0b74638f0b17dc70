// SPDX-License-Identifier: Apache-2.0
// Writing requests to etcd's JSON gateway, and a table-driven reader of its answers.
#include "apiserver/storage/etcd_json.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/encoding.h"
#include "common/data/json.h"

// --- requests ------------------------------------------------------------------------------------------------------------------------

static void write_bytes(struct str *out, const char *name, const void *bytes, size_t len) {
    str_printf(out, "\"%s\":\"", name);
    base64_encode(out, bytes, len);
    str_append_char(out, '"');
}

static void write_key(struct str *out, const char *key) {
    write_bytes(out, "key", key, strlen(key));
}

// Everything that begins with the prefix: up to the prefix with its last byte counted up. Ours never end in 0xff.
static void write_range_end(struct str *out, const char *prefix) {
    AUTO_STR end = {0};
    str_append(&end, prefix);
    end.data[end.len - 1]++;
    str_append_char(out, ',');
    write_bytes(out, "range_end", end.data, end.len);
}

void etcd_json_get(struct str *out, const char *key) {
    str_append_char(out, '{');
    write_key(out, key);
    str_append_char(out, '}');
}

void etcd_json_list(struct str *out, const struct storage_list_options *options) {
    str_append_char(out, '{');
    if (options->after && strcmp(options->after, options->prefix) > 0)
        write_bytes(out, "key", options->after, strlen(options->after) + 1); // the next possible key: it and a NUL
    else
        write_key(out, options->prefix);
    write_range_end(out, options->prefix);
    if (options->limit)
        str_printf(out, ",\"limit\":\"%zu\"", options->limit);
    if (options->revision)
        str_printf(out, ",\"revision\":\"%llu\"", (unsigned long long)options->revision);
    if (options->keys_only)
        str_append(out, ",\"keys_only\":true");
    if (options->count_only)
        str_append(out, ",\"count_only\":true");
    str_append_char(out, '}');
}

void etcd_json_revision(struct str *out) {
    str_append_char(out, '{');
    write_bytes(out, "key", "", 1);
    str_append(out, ",\"count_only\":true}");
}

static void write_put(struct str *out, const char *key, const char *bytes, size_t len, uint64_t lease) {
    str_append_char(out, '{');
    write_key(out, key);
    str_append_char(out, ',');
    write_bytes(out, "value", bytes, len);
    if (lease)
        str_printf(out, ",\"lease\":\"%llu\"", (unsigned long long)lease);
    str_append_char(out, '}');
}

void etcd_json_put(struct str *out, const char *key, const char *bytes, size_t len) {
    write_put(out, key, bytes, len, 0);
}

static void write_compare(struct str *out, const char *key, const char *target, const char *member, uint64_t value) {
    str_append(out, "{\"compare\":[{");
    write_key(out, key);
    str_printf(out, ",\"target\":\"%s\",\"result\":\"EQUAL\",\"%s\":\"%llu\"}]", target, member, (unsigned long long)value);
}

static void write_failure_get(struct str *out, const char *key) {
    str_append(out, ",\"failure\":[{\"request_range\":");
    etcd_json_get(out, key);
    str_append(out, "}]");
}

void etcd_json_create(struct str *out, const struct storage_write *write, uint64_t lease) {
    str_reserve(out, write->len / 3 * 4 + 512);
    write_compare(out, write->key, "MOD", "mod_revision", 0);
    str_append(out, ",\"success\":[{\"request_put\":");
    write_put(out, write->key, write->bytes, write->len, lease);
    str_append(out, "}]}");
}

void etcd_json_update(struct str *out, const struct storage_write *write, uint64_t lease) {
    str_reserve(out, write->len / 3 * 4 + 512);
    write_compare(out, write->key, "MOD", "mod_revision", write->expected);
    str_append(out, ",\"success\":[{\"request_put\":");
    write_put(out, write->key, write->bytes, write->len, lease);
    str_append(out, "}]");
    write_failure_get(out, write->key);
    str_append_char(out, '}');
}

void etcd_json_remove(struct str *out, const struct storage_write *write) {
    write_compare(out, write->key, "MOD", "mod_revision", write->expected);
    str_append(out, ",\"success\":[{\"request_delete_range\":");
    etcd_json_get(out, write->key);
    str_append(out, "}]");
    write_failure_get(out, write->key);
    str_append_char(out, '}');
}

void etcd_json_compact_claim(struct str *out, const char *key, uint64_t version, const char *value, const char *also_key) {
    write_compare(out, key, "VERSION", "version", version);
    str_append(out, ",\"success\":[{\"request_put\":");
    write_put(out, key, value, strlen(value), 0);
    str_append_char(out, '}');
    if (also_key) {
        str_append(out, ",{\"request_put\":");
        write_put(out, also_key, "", 0, 0);
        str_append_char(out, '}');
    }
    str_append_char(out, ']');
    write_failure_get(out, key);
    str_append_char(out, '}');
}

void etcd_json_compact(struct str *out, uint64_t revision) {
    str_printf(out, "{\"revision\":\"%llu\"}", (unsigned long long)revision);
}

void etcd_json_lease_grant(struct str *out, int64_t seconds) {
    str_printf(out, "{\"TTL\":\"%lld\"}", (long long)seconds);
}

void etcd_json_watch(struct str *out, const char *prefix, uint64_t start_revision, bool previous) {
    str_append(out, "{\"create_request\":{");
    write_key(out, prefix);
    write_range_end(out, prefix);
    str_printf(out, ",\"start_revision\":\"%llu\",\"progress_notify\":true", (unsigned long long)start_revision);
    if (previous)
        str_append(out, ",\"prev_kv\":true");
    str_append(out, "}}");
}

// --- reading: a cursor over the text -----------------------------------------------------------------------------------------------

#define MAX_DEPTH 16

struct cursor {
    const char *at;
    const char *end;
    int depth;
};

// The inside of a string as it stands in the text.
struct raw {
    const char *text;
    size_t len;
    bool escaped;
};

static void skip_space(struct cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\r' || *c->at == '\t'))
        c->at++;
}

// The next character that counts; 0 at the end.
static char peek(struct cursor *c) {
    skip_space(c);
    return c->at < c->end ? *c->at : '\0';
}

static bool accept(struct cursor *c, char expected) {
    if (peek(c) != expected)
        return false;
    c->at++;
    return true;
}

static bool read_raw(struct cursor *c, struct raw *ret_raw) {
    if (!accept(c, '"'))
        return false;
    const char *start = c->at;
    bool escaped = false;
    for (;;) {
        const char *quote = memchr(c->at, '"', (size_t)(c->end - c->at));
        if (!quote)
            return false;
        const char *backslash = memchr(c->at, '\\', (size_t)(quote - c->at));
        if (!backslash) {
            *ret_raw = (struct raw){start, (size_t)(quote - start), escaped};
            c->at = quote + 1;
            return true;
        }
        escaped = true;
        if (backslash + 2 > c->end)
            return false;
        c->at = backslash + 2;
    }
}

// A number or a literal.
static struct raw read_bare(struct cursor *c) {
    skip_space(c);
    const char *start = c->at;
    while (c->at < c->end && !strchr(",]} \n\r\t", *c->at))
        c->at++;
    return (struct raw){.text = start, .len = (size_t)(c->at - start)};
}

static bool raw_is(const struct raw *raw, const char *text) {
    return raw->len == strlen(text) && memcmp(raw->text, text, raw->len) == 0;
}

// Calls each(cursor, name, context) with the cursor at every member's value; it must read the value.
typedef bool read_member(struct cursor *c, const struct raw *name, void *context);

static bool read_object(struct cursor *c, read_member *each, void *context) {
    if (++c->depth > MAX_DEPTH || !accept(c, '{'))
        return false;
    if (peek(c) != '}') {
        do {
            struct raw name;
            if (!read_raw(c, &name) || !accept(c, ':') || !each(c, &name, context))
                return false;
        } while (accept(c, ','));
    }
    c->depth--;
    return accept(c, '}');
}

typedef bool read_element(struct cursor *c, void *context);

static bool read_array(struct cursor *c, read_element *each, void *context) {
    if (++c->depth > MAX_DEPTH || !accept(c, '['))
        return false;
    if (peek(c) != ']') {
        do {
            if (!each(c, context))
                return false;
        } while (accept(c, ','));
    }
    c->depth--;
    return accept(c, ']');
}

static bool skip_value(struct cursor *c);

static bool skip_member(struct cursor *c, const struct raw *name UNUSED, void *context UNUSED) {
    return skip_value(c);
}

static bool skip_element(struct cursor *c, void *context UNUSED) {
    return skip_value(c);
}

static bool skip_value(struct cursor *c) {
    struct raw raw;
    switch (peek(c)) {
    case '{':
        return read_object(c, skip_member, NULL);
    case '[':
        return read_array(c, skip_element, NULL);
    case '"':
        return read_raw(c, &raw);
    default:
        return read_bare(c).len > 0;
    }
}

// int64 and uint64 come as strings, int32 as numbers.
static bool read_uint(struct cursor *c, uint64_t *ret_value) {
    struct raw raw;
    if (peek(c) != '"')
        raw = read_bare(c);
    else if (!read_raw(c, &raw))
        return false;
    char digits[24];
    if (raw.len == 0 || raw.len >= sizeof(digits))
        return false;
    memcpy(digits, raw.text, raw.len);
    digits[raw.len] = '\0';
    int64_t negative;
    if (str_to_uint64(digits, ret_value))
        return true;
    *ret_value = 0; // "-1", as watch_id may be
    return str_to_int64(digits, &negative);
}

static bool read_bool(struct cursor *c, bool *ret_value) {
    struct raw raw = read_bare(c);
    *ret_value = raw_is(&raw, "true");
    return *ret_value || raw_is(&raw, "false");
}

static bool read_text(struct cursor *c, char **ret_text) {
    struct raw raw;
    if (!read_raw(c, &raw))
        return false;
    free(*ret_text);
    *ret_text = NULL;
    if (!raw.escaped) {
        *ret_text = alloc_string_n(raw.text, raw.len);
        return true;
    }
    AUTO_JSON value = NULL;
    if (json_parse(raw.text - 1, raw.len + 2, NULL, &value, NULL) < 0)
        return false;
    *ret_text = alloc_string(json_string(value));
    return true;
}

static bool read_bytes(struct cursor *c, char **ret_bytes, size_t *ret_len) {
    struct raw raw;
    AUTO_STR bytes = {0};
    if (!read_raw(c, &raw) || !base64_decode(&bytes, raw.text, raw.len))
        return false;
    free(*ret_bytes);
    *ret_len = bytes.len;
    *ret_bytes = str_take(&bytes);
    return true;
}

// --- key-value pairs and events ------------------------------------------------------------------------------------------------------

struct kv_reader {
    struct storage_item *item;
    uint64_t version;
};

static bool read_kv_member(struct cursor *c, const struct raw *name, void *context) {
    struct kv_reader *reader = context;
    struct storage_item *item = reader->item;
    size_t key_len = 0;
    if (raw_is(name, "key"))
        return read_bytes(c, &item->key, &key_len);
    if (raw_is(name, "value"))
        return read_bytes(c, &item->bytes, &item->len);
    if (raw_is(name, "mod_revision"))
        return read_uint(c, &item->mod_revision);
    if (raw_is(name, "create_revision"))
        return read_uint(c, &item->create_revision);
    if (raw_is(name, "version"))
        return read_uint(c, &reader->version);
    return skip_value(c);
}

static bool read_kv(struct cursor *c, struct storage_item *item, uint64_t *ret_version) {
    struct kv_reader reader = {.item = item};
    if (!read_object(c, read_kv_member, &reader))
        return false;
    // Empty values are left out.
    if (!item->key)
        item->key = alloc_string("");
    if (!item->bytes)
        item->bytes = alloc_string("");
    if (ret_version)
        *ret_version = reader.version;
    return true;
}

static bool read_kvs_element(struct cursor *c, void *context) {
    struct etcd_answer *answer = context;
    struct storage_list *kvs = &answer->kvs;
    if (kvs->len == kvs->cap) {
        kvs->cap = kvs->cap ? 2 * kvs->cap : 1;
        kvs->items = alloc_resize(kvs->items, kvs->cap, sizeof(*kvs->items));
    }
    kvs->items[kvs->len] = (struct storage_item){0};
    return read_kv(c, &kvs->items[kvs->len++], &answer->key_version);
}

static bool read_event_member(struct cursor *c, const struct raw *name, void *context) {
    struct etcd_event *event = context;
    struct raw type;
    if (raw_is(name, "kv"))
        return read_kv(c, &event->item, NULL);
    if (raw_is(name, "prev_kv"))
        return read_kv(c, &event->previous, NULL);
    if (!raw_is(name, "type"))
        return skip_value(c);
    if (!read_raw(c, &type))
        return false;
    event->deleted = raw_is(&type, "DELETE");
    return true;
}

static bool read_event(struct cursor *c, void *context) {
    struct etcd_answer *answer = context;
    if (answer->event_count == answer->event_cap) {
        answer->event_cap = answer->event_cap ? 2 * answer->event_cap : 1;
        answer->events = alloc_resize(answer->events, answer->event_cap, sizeof(*answer->events));
    }
    struct etcd_event *event = &answer->events[answer->event_count++];
    *event = (struct etcd_event){0};
    return read_object(c, read_event_member, event) && event->item.key;
}

// --- answers -----------------------------------------------------------------------------------------------------------------------------

enum field_type { FIELD_UINT, FIELD_BOOL, FIELD_TEXT, FIELD_KVS, FIELD_EVENTS, FIELD_NESTED, FIELD_ERROR };

// Names mean the same wherever they stand, so that one table does for all answers: what is nested fills the same struct.
static const struct field {
    const char *name;
    enum field_type type;
    size_t offset;
} fields[] = {
    {"header", FIELD_NESTED, 0},
    {"revision", FIELD_UINT, offsetof(struct etcd_answer, revision)},
    {"kvs", FIELD_KVS, 0},
    {"events", FIELD_EVENTS, 0},
    {"count", FIELD_UINT, offsetof(struct etcd_answer, count)},
    {"more", FIELD_BOOL, offsetof(struct etcd_answer, more)},
    {"succeeded", FIELD_BOOL, offsetof(struct etcd_answer, succeeded)},
    {"responses", FIELD_NESTED, 0},
    {"response_put", FIELD_NESTED, 0},
    {"response_range", FIELD_NESTED, 0},
    {"response_delete_range", FIELD_NESTED, 0},
    {"result", FIELD_NESTED, 0},
    {"created", FIELD_BOOL, offsetof(struct etcd_answer, created)},
    {"canceled", FIELD_BOOL, offsetof(struct etcd_answer, canceled)},
    {"compact_revision", FIELD_UINT, offsetof(struct etcd_answer, compact_revision)},
    {"ID", FIELD_UINT, offsetof(struct etcd_answer, lease)},
    {"version", FIELD_TEXT, offsetof(struct etcd_answer, version)},
    {"dbSize", FIELD_UINT, offsetof(struct etcd_answer, db_size)},
    {"dbSizeInUse", FIELD_UINT, offsetof(struct etcd_answer, db_size_in_use)},
    {"error", FIELD_ERROR, 0},
    {"message", FIELD_TEXT, offsetof(struct etcd_answer, message)},
    {"cancel_reason", FIELD_TEXT, offsetof(struct etcd_answer, message)},
    {"code", FIELD_UINT, offsetof(struct etcd_answer, code)},
    {"grpc_code", FIELD_UINT, offsetof(struct etcd_answer, code)},
};

static bool read_answer(struct cursor *c, void *context);

static bool read_field(struct cursor *c, const struct field *field, struct etcd_answer *answer) {
    void *member = (char *)answer + field->offset;
    switch (field->type) {
    case FIELD_UINT:
        return read_uint(c, member);
    case FIELD_BOOL:
        return read_bool(c, member);
    case FIELD_TEXT:
        return read_text(c, member);
    case FIELD_KVS:
        return read_array(c, read_kvs_element, answer);
    case FIELD_EVENTS:
        return read_array(c, read_event, answer);
    case FIELD_NESTED:
        return peek(c) == '[' ? read_array(c, read_answer, answer) : read_answer(c, answer);
    case FIELD_ERROR: // a text in unary answers, an object in streams
        answer->failed = true;
        return peek(c) == '"' ? read_text(c, &answer->error_text) : read_answer(c, answer);
    }
    return false;
}

static bool read_answer_member(struct cursor *c, const struct raw *name, void *context) {
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (raw_is(name, fields[i].name))
            return read_field(c, &fields[i], context);
    return skip_value(c);
}

static bool read_answer(struct cursor *c, void *context) {
    return read_object(c, read_answer_member, context);
}

int etcd_json_read(const char *text, size_t len, struct etcd_answer *answer, struct error **err) {
    struct cursor cursor = {.at = text, .end = text + len};
    if (!read_answer(&cursor, answer) || peek(&cursor) != '\0' || cursor.at != cursor.end)
        return error_set(err, "etcd's answer is malformed at byte %zu of %zu", (size_t)(cursor.at - text), len);
    return 0;
}

void etcd_answer_free(struct etcd_answer *answer) {
    storage_list_free(&answer->kvs);
    for (size_t i = 0; i < answer->event_count; i++) {
        storage_item_free(&answer->events[i].item);
        storage_item_free(&answer->events[i].previous);
    }
    free(answer->events);
    free(answer->version);
    free(answer->error_text);
    free(answer->message);
    *answer = (struct etcd_answer){0};
}
