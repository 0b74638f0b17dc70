// SPDX-License-Identifier: Apache-2.0
// The decode check: wrong types are refused in upstream's words, unknown fields removed and told, special scalars made canonical.
#include <inttypes.h>
#include <string.h>

#include "common/api/quantity.h"
#include "common/api/schema.h"
#include "common/api/schema_time.h"
#include "common/base/alloc.h"
#include "common/base/encoding.h"
#include "common/base/time_format.h"

struct decode {
    struct str path;    // spec.containers[0].name: for unknown fields
    struct str go_path; // spec.containers.name: for type errors
    const char *go_struct;
    struct str_list *unknown; // may be NULL
    bool any_bytes;           // strings may hold NUL: they are a user's data, which nobody compares or makes names of
    struct error **err;
};

// *ret_new is set to a value that is to take this one's place.
static int check_value(struct decode *d, const struct schema_type *type, struct json *value, struct json **ret_new);

// Go's name of the type.
static void append_go_type(const struct schema_type *type, struct str *out) {
    static const char *const names[] = {
        [SCHEMA_STRING] = "string",
        [SCHEMA_INT32] = "int32",
        [SCHEMA_INT64] = "int64",
        [SCHEMA_NUMBER] = "float64",
        [SCHEMA_BOOL] = "bool",
        [SCHEMA_ANY] = "runtime.RawExtension",
        [SCHEMA_QUANTITY] = "resource.Quantity",
        [SCHEMA_INT_OR_STRING] = "intstr.IntOrString",
        [SCHEMA_TIME] = "v1.Time",
        [SCHEMA_MICROTIME] = "v1.MicroTime",
        [SCHEMA_BYTES] = "[]uint8",
        [SCHEMA_OBJECT] = "map[string]interface {}",
    };
    for (; type->kind == SCHEMA_LIST || type->kind == SCHEMA_MAP; type = type->element)
        str_append(out, type->kind == SCHEMA_LIST ? "[]" : "map[string]");
    const char *dot = type->name ? strrchr(type->name, '.') : NULL;
    if (dot)
        str_printf(out, "v1.%s", dot + 1);
    else
        str_append(out, type->alias ? type->alias : names[type->kind]);
}

static const char *go_value(const struct json *value) {
    static const char *const names[] = {
        [JSON_NULL] = "null",     [JSON_BOOL] = "bool",   [JSON_INT] = "number",   [JSON_DOUBLE] = "number",
        [JSON_STRING] = "string", [JSON_ARRAY] = "array", [JSON_OBJECT] = "object"};
    return names[json_kind_of(value)];
}

static int type_error(struct decode *d, const struct schema_type *type, const struct json *value, bool with_number) {
    AUTO_STR name = {0};
    append_go_type(type, &name);
    CLEANUP(free_ptr) char *number = with_number ? json_text(value) : NULL;
    if (!d->go_path.len)
        return error_set(d->err, "json: cannot unmarshal %s into Go value of type %s", go_value(value), str_text(&name));
    return error_set(d->err, "json: cannot unmarshal %s%s%s into Go struct field %s.%s of type %s", go_value(value),
                     number ? " " : "", number ? number : "", d->go_struct, str_text(&d->go_path), str_text(&name));
}

static int holds_nul(struct decode *d, const struct schema_type *type) {
    AUTO_STR name = {0};
    append_go_type(type, &name);
    return error_set(d->err, "json: cannot unmarshal string with \\u0000 into Go struct field %s.%s of type %s", d->go_struct,
                     str_text(&d->go_path), str_text(&name));
}

static int check_integer(struct decode *d, const struct schema_type *type, const struct json *value) {
    enum json_kind kind = json_kind_of(value);
    if (kind != JSON_INT)
        return type_error(d, type, value, kind == JSON_DOUBLE);
    int64_t number = json_int(value, 0);
    if (type->kind == SCHEMA_INT32 && (number < INT32_MIN || number > INT32_MAX))
        return type_error(d, type, value, true);
    return 0;
}

// Types that unmarshal themselves in upstream: their errors do not name the field.
static int self_error(struct decode *d, const struct json *value, const char *go_type) {
    return error_set(d->err, "json: cannot unmarshal %s into Go value of type %s", go_value(value), go_type);
}

static int check_quantity(struct decode *d, const struct json *value, struct json **ret_new) {
    struct quantity q;
    if (quantity_from_json(value, &q, d->err) < 0)
        return -1;
    CLEANUP(free_ptr) char *text = quantity_text(&q);
    if (!str_equal(text, json_string(value)))
        *ret_new = json_new_string(text);
    return 0;
}

static int check_time(struct decode *d, const struct schema_type *type, const struct json *value, struct json **ret_new) {
    const char *text = json_string(value);
    if (!text)
        return self_error(d, value, "string");
    bool micro = type->kind == SCHEMA_MICROTIME;
    int64_t wall;
    if (!time_parse(text, &wall))
        return schema_time_error(text, micro, d->err);
    char buffer[TIME_TEXT_SIZE];
    const char *canonical = micro ? time_format_micro(wall, buffer) : time_format_seconds(wall, buffer);
    if (!str_equal(canonical, text))
        *ret_new = json_new_string(canonical);
    return 0;
}

static int check_bytes(struct decode *d, const struct schema_type *type, const struct json *value, struct json **ret_new) {
    const char *text = json_string(value);
    if (!text)
        return type_error(d, type, value, false);
    AUTO_STR plain = {0}; // Go's decoder skips line ends
    for (const char *p = text; *p; p++)
        if (*p != '\n' && *p != '\r')
            str_append_char(&plain, *p);
    AUTO_STR bytes = {0};
    if (!base64_decode(&bytes, str_text(&plain), plain.len)) {
        size_t good = strspn(str_text(&plain), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
        return error_set(d->err, "illegal base64 data at input byte %zu", good == plain.len ? good - good % 4 : good);
    }
    if (plain.len != json_string_len(value))
        *ret_new = json_new_string(str_text(&plain));
    return 0;
}

// What stands for null in a list or map: Go's zero value.
static struct json *zero_value(const struct schema_type *type) {
    switch (type->kind) {
    case SCHEMA_STRING:
    case SCHEMA_BYTES:
        return json_new_string("");
    case SCHEMA_INT32:
    case SCHEMA_INT64:
    case SCHEMA_NUMBER:
    case SCHEMA_INT_OR_STRING:
        return json_new_int(0);
    case SCHEMA_BOOL:
        return json_new_bool(false);
    case SCHEMA_QUANTITY:
        return json_new_string("0");
    case SCHEMA_OBJECT:
    case SCHEMA_MAP:
        return json_new_object();
    case SCHEMA_LIST:
        return json_new_array();
    case SCHEMA_ANY:
    case SCHEMA_TIME:
    case SCHEMA_MICROTIME:
        break;
    }
    return NULL;
}

static int check_list(struct decode *d, const struct schema_type *type, struct json *value) {
    if (!json_is_array(value))
        return type_error(d, type, value, false);
    for (size_t i = 0; i < json_len(value); i++) {
        struct json *element = json_at(value, i);
        struct json *fresh = element || type->element->nullable ? NULL : zero_value(type->element);
        size_t mark = field_path_push_index(&d->path, i);
        if (element && check_value(d, type->element, element, &fresh) < 0)
            return -1;
        str_truncate(&d->path, mark);
        if (fresh)
            json_replace(value, i, fresh);
    }
    return 0;
}

// Maps of free text. Everywhere else a NUL would end the text early for whoever checks it.
static bool holds_any_bytes(const struct str *path) {
    static const char *const fields[] = {"annotations", "data", "stringData"};
    const char *dot = strrchr(str_text(path), '.');
    const char *field = dot ? dot + 1 : str_text(path);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (str_equal(field, fields[i]))
            return true;
    return false;
}

static int check_map(struct decode *d, const struct schema_type *type, struct json *value) {
    if (!json_is_object(value))
        return type_error(d, type, value, false);
    d->any_bytes = holds_any_bytes(&d->go_path);
    for (struct json_iter it = json_iter(value); json_iter_next(&it);) {
        struct json *fresh = it.value || type->element->nullable ? NULL : zero_value(type->element);
        size_t mark = field_path_push(&d->path, it.key);
        if (it.value && check_value(d, type->element, it.value, &fresh) < 0)
            return -1;
        str_truncate(&d->path, mark);
        if (fresh)
            json_set(value, it.key, fresh);
    }
    d->any_bytes = false;
    return 0;
}

static bool is_empty_collection(const struct schema_type *type, const struct json *value) {
    return (type->kind == SCHEMA_LIST && json_len(value) == 0) || (type->kind == SCHEMA_MAP && json_object_size(value) == 0);
}

static int check_member(struct decode *d, const struct schema_field *field, struct json *object, struct json *value) {
    size_t mark = field_path_push(&d->path, field->name);
    size_t go_mark = field_path_push(&d->go_path, field->name);
    struct json *fresh = NULL;
    if (check_value(d, field->type, value, &fresh) < 0)
        return -1;
    str_truncate(&d->path, mark);
    str_truncate(&d->go_path, go_mark);
    if (fresh)
        json_set(object, field->name, fresh);
    else if (!field->required && is_empty_collection(field->type, value))
        json_remove(object, field->name);
    return 0;
}

static void tell_unknown(struct decode *d, const char *name) {
    if (!d->unknown)
        return;
    size_t mark = field_path_push(&d->path, name);
    str_list_take(d->unknown, alloc_printf("unknown field \"%s\"", str_text(&d->path)));
    str_truncate(&d->path, mark);
}

static int check_object(struct decode *d, const struct schema_type *type, struct json *object) {
    if (!json_is_object(object))
        return type_error(d, type, object, false);
    const char *outer = d->go_struct;
    const char *dot = type->name ? strrchr(type->name, '.') : NULL;
    if (dot)
        d->go_struct = dot + 1;
    for (struct json_iter it = json_iter(object); json_iter_next(&it);) {
        const struct schema_field *field = schema_find(type, it.key);
        if (!field && type->preserve_unknown)
            continue;
        if (!field) {
            tell_unknown(d, it.key);
            json_remove(object, it.key);
        } else if (!it.value) {
            if (!field->type->nullable)
                json_remove(object, it.key);
        } else if (check_member(d, field, object, it.value) < 0) {
            return -1;
        }
    }
    d->go_struct = outer;
    return 0;
}

static int check_value(struct decode *d, const struct schema_type *type, struct json *value, struct json **ret_new) {
    enum json_kind kind = json_kind_of(value);
    bool free_text = d->any_bytes && type->kind == SCHEMA_STRING;
    if (kind == JSON_STRING && !free_text && strlen(json_string(value)) != json_string_len(value))
        return holds_nul(d, type);
    switch (type->kind) {
    case SCHEMA_STRING:
        return kind == JSON_STRING ? 0 : type_error(d, type, value, false);
    case SCHEMA_INT32:
    case SCHEMA_INT64:
        return check_integer(d, type, value);
    case SCHEMA_NUMBER:
        return kind == JSON_INT || kind == JSON_DOUBLE ? 0 : type_error(d, type, value, false);
    case SCHEMA_BOOL:
        return kind == JSON_BOOL ? 0 : type_error(d, type, value, false);
    case SCHEMA_INT_OR_STRING:
        if (kind == JSON_INT && (json_int(value, 0) < INT32_MIN || json_int(value, 0) > INT32_MAX))
            return error_set(d->err, "json: cannot unmarshal number %" PRId64 " into Go value of type int32", json_int(value, 0));
        return kind == JSON_INT || kind == JSON_STRING ? 0 : self_error(d, value, "int32");
    case SCHEMA_QUANTITY:
        return check_quantity(d, value, ret_new);
    case SCHEMA_TIME:
    case SCHEMA_MICROTIME:
        return check_time(d, type, value, ret_new);
    case SCHEMA_BYTES:
        return check_bytes(d, type, value, ret_new);
    case SCHEMA_LIST:
        return check_list(d, type, value);
    case SCHEMA_MAP:
        return check_map(d, type, value);
    case SCHEMA_OBJECT:
        return check_object(d, type, value);
    case SCHEMA_ANY:
        break;
    }
    return 0;
}

// `Pod in version "v1" cannot be handled as a Pod: ...`, 400.
static int decode_error(const struct schema_type *type, const char *message, struct error **err) {
    const char *kind = type->gvk_kind ? type->gvk_kind : type->name ? strrchr(type->name, '.') + 1 : "object";
    return error_set_api(err, 400, "BadRequest", "%s in version \"%s\" cannot be handled as a %s: %s", kind,
                         type->gvk_version ? type->gvk_version : "v1", kind, message);
}

int schema_check_and_prune(const struct schema_type *type, struct json *object, struct str_list *unknown, struct error **err) {
    AUTO_ERROR problem = NULL;
    struct decode d = {.go_struct = "", .unknown = unknown, .err = &problem};
    struct json *fresh = NULL;
    int result = check_value(&d, type, object, &fresh);
    json_unref(fresh);
    str_free(&d.path);
    str_free(&d.go_path);
    return result < 0 ? decode_error(type, error_message(problem), err) : 0;
}

int schema_strict_error(const struct str_list *problems, const struct schema_type *type, struct error **err) {
    CLEANUP(free_ptr) char *joined = str_list_join(problems, ", ");
    CLEANUP(free_ptr) char *message = alloc_printf("strict decoding error: %s", joined);
    return decode_error(type, message, err);
}
