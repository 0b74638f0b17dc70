// SPDX-License-Identifier: Apache-2.0
// RFC 6902 JSON patches. The operations work on one copy of the document; what they may add to it is bounded in size and depth.
#include "common/data/json_patch.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

#define MAX_DEPTH 128
#define MAX_COPIED_BYTES ((size_t)3 * 1024 * 1024)

struct patching {
    struct json *document; // owned
    size_t copied_bytes;
    struct error **err;
};

// The container that holds a path's last token, and this token. depth is the container's own level.
struct place {
    struct json *container; // NULL if the document has no such path
    struct str token;
    size_t depth;
};

#define AUTO_PLACE CLEANUP(place_free) struct place

static void place_free(struct place *place) {
    str_free(&place->token);
}

// --- paths -------------------------------------------------------------------------------------------------------------

void json_patch_append_token(struct str *pointer, const char *key) {
    str_append_char(pointer, '/');
    for (; *key; key++) {
        if (*key == '~')
            str_append(pointer, "~0");
        else if (*key == '/')
            str_append(pointer, "~1");
        else
            str_append_char(pointer, *key);
    }
}

static void decode_token(struct str *token, const char *text, size_t len) {
    str_clear(token);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '~' && i + 1 < len && (text[i + 1] == '0' || text[i + 1] == '1'))
            str_append_char(token, text[++i] == '0' ? '~' : '/');
        else
            str_append_char(token, text[i]);
    }
}

// Counts from the end if it is negative, as upstream does. ret_index is below len + extra.
static int array_index(const struct json *array, const char *token, size_t extra, size_t *ret_index, struct error **err) {
    int64_t index;
    int64_t len = (int64_t)(json_len(array) + extra);
    const char *digits = token[0] == '+' ? token + 1 : token;
    if (*digits < '0' || *digits > '9' ? *token != '-' || !str_to_int64(token, &index) : !str_to_int64(digits, &index))
        return error_set(err, "strconv.Atoi: parsing \"%s\": invalid syntax", token);
    if (index >= len || index < -len)
        return error_set(err, "Unable to access invalid index: %lld: invalid index referenced", (long long)index);
    *ret_index = (size_t)(index < 0 ? index + len : index);
    return 0;
}

// A key that is absent counts as null, an index out of range is an error: upstream does so.
static int get_member(const struct json *container, const char *token, struct json **ret_value, struct error **err) {
    size_t index;
    if (json_is_array(container)) {
        if (array_index(container, token, 0, &index, err) < 0)
            return -1;
        *ret_value = json_at(container, index);
        return 0;
    }
    *ret_value = json_get(container, token);
    return 0;
}

// Nothing (or a scalar) on the way leaves the container NULL.
static struct place find_place(const struct patching *p, const char *path) {
    struct place place = {0};
    const char *slash = strchr(path, '/');
    struct json *container = slash ? p->document : NULL;
    while (container) {
        const char *start = slash + 1;
        slash = strchr(start, '/');
        decode_token(&place.token, start, slash ? (size_t)(slash - start) : strlen(start));
        if (!slash)
            break;
        struct json *next = NULL;
        if (get_member(container, str_text(&place.token), &next, NULL) < 0)
            next = NULL;
        container = json_is_object(next) || json_is_array(next) ? next : NULL;
        place.depth++;
    }
    place.container = container;
    return place;
}

// --- changing the document ---------------------------------------------------------------------------------------------

static size_t height(const struct json *value) {
    size_t highest = 0;
    for (struct json_iter it = json_iter(value); json_iter_next(&it);)
        highest = MAX(highest, height(it.value));
    for (size_t i = 0; i < json_len(value); i++)
        highest = MAX(highest, height(json_at(value, i)));
    return json_is_object(value) || json_is_array(value) ? highest + 1 : 0;
}

static int add_member(const struct place *place, struct json *take_value, struct error **err) {
    AUTO_JSON value = take_value;
    AUTO_ERROR cause = NULL;
    size_t index;
    const char *token = str_text(&place->token);
    if (place->depth + 1 + height(value) > MAX_DEPTH)
        return error_set(err, "exceeded max depth");
    if (json_is_object(place->container)) {
        json_set(place->container, token, STEAL(value));
    } else if (str_equal(token, "-")) {
        json_append(place->container, STEAL(value));
    } else {
        if (array_index(place->container, token, 1, &index, &cause) < 0) {
            if (str_starts(error_message(cause), "strconv"))
                error_prefix(&cause, "value was not a proper array index: '%s'", token);
            return error_move(err, &cause);
        }
        json_insert(place->container, index, STEAL(value));
    }
    return 0;
}

static int remove_member(const struct place *place, struct error **err) {
    size_t index;
    const char *token = str_text(&place->token);
    if (json_is_object(place->container)) {
        if (!json_has(place->container, token))
            return error_set(err, "Unable to remove nonexistent key: %s: missing value", token);
        json_remove(place->container, token);
        return 0;
    }
    if (array_index(place->container, token, 0, &index, err) < 0)
        return -1;
    json_delete(place->container, index);
    return 0;
}

// --- the operations ----------------------------------------------------------------------------------------------------

static int apply_add(struct patching *p, const struct json *operation, const char *path) {
    AUTO_PLACE place = find_place(p, path);
    if (!place.container)
        return error_set(p->err, "add operation does not apply: doc is missing path: \"%s\": missing value", path);
    if (add_member(&place, json_clone(json_get(operation, "value")), p->err) < 0)
        return error_prefix(p->err, "error in add for path: '%s'", path);
    return 0;
}

static int apply_remove(struct patching *p, const struct json *operation UNUSED, const char *path) {
    AUTO_PLACE place = find_place(p, path);
    if (!place.container)
        return error_set(p->err, "remove operation does not apply: doc is missing path: \"%s\": missing value", path);
    if (remove_member(&place, p->err) < 0)
        return error_prefix(p->err, "error in remove for path: '%s'", path);
    return 0;
}

static int replace_document(struct patching *p, const struct json *value) {
    if (!json_is_object(value) && !json_is_array(value))
        return error_set(p->err, "replace operation value must be object or array");
    if (height(value) > MAX_DEPTH)
        return error_set(p->err, "exceeded max depth");
    json_unref(p->document);
    p->document = json_clone(value);
    return 0;
}

static int apply_replace(struct patching *p, const struct json *operation, const char *path) {
    const struct json *value = json_get(operation, "value");
    struct json *old;
    size_t index;
    if (*path == '\0')
        return replace_document(p, value);
    AUTO_PLACE place = find_place(p, path);
    if (!place.container)
        return error_set(p->err, "replace operation does not apply: doc is missing path: %s: missing value", path);
    const char *token = str_text(&place.token);
    if (get_member(place.container, token, &old, NULL) < 0)
        return error_set(p->err, "replace operation does not apply: doc is missing key: %s: missing value", path);
    if (place.depth + 1 + height(value) > MAX_DEPTH)
        return error_set(p->err, "error in remove for path: '%s': exceeded max depth", path);
    if (json_is_object(place.container))
        json_set(place.container, token, json_clone(value));
    else if (array_index(place.container, token, 0, &index, p->err) < 0)
        return -1;
    else
        json_replace(place.container, index, json_clone(value));
    return 0;
}

static int apply_move(struct patching *p, const struct json *operation, const char *path) {
    const char *from = json_get_string(operation, "from");
    struct json *found;
    if (!from)
        return error_set(p->err, "move operation failed to decode from: operation, missing from field: missing value");
    AUTO_PLACE source = find_place(p, from);
    if (!source.container)
        return error_set(p->err, "move operation does not apply: doc is missing from path: %s: missing value", from);
    if (get_member(source.container, str_text(&source.token), &found, p->err) < 0)
        return error_prefix(p->err, "error in move for path: '%s'", str_text(&source.token));
    AUTO_JSON value = json_ref(found);
    if (remove_member(&source, p->err) < 0)
        return error_prefix(p->err, "error in move for path: '%s'", str_text(&source.token));
    AUTO_PLACE target = find_place(p, path);
    if (!target.container)
        return error_set(p->err, "move operation does not apply: doc is missing destination path: %s: missing value", path);
    if (add_member(&target, STEAL(value), p->err) < 0)
        return error_prefix(p->err, "error in move for path: '%s'", path);
    return 0;
}

static int charge_copy(struct patching *p, const struct json *value) {
    AUTO_STR text = {0};
    json_write(value, &text);
    p->copied_bytes += text.len;
    if (p->copied_bytes <= MAX_COPIED_BYTES)
        return 0;
    return error_set_api(p->err, 413, "RequestEntityTooLarge",
                         "Unable to complete the copy, the accumulated size increase of copy is %zu, exceeding the limit %zu",
                         p->copied_bytes, MAX_COPIED_BYTES);
}

static int apply_copy(struct patching *p, const struct json *operation, const char *path) {
    const char *from = json_get_string(operation, "from");
    struct json *value;
    if (!from)
        return error_set(p->err, "copy operation failed to decode from: operation, missing from field: missing value");
    AUTO_PLACE source = find_place(p, from);
    if (!source.container)
        return error_set(p->err, "copy operation does not apply: doc is missing from path: %s: missing value", from);
    if (get_member(source.container, str_text(&source.token), &value, p->err) < 0)
        return error_prefix(p->err, "error in copy for from: '%s'", from);
    AUTO_PLACE target = find_place(p, path);
    if (!target.container)
        return error_set(p->err, "copy operation does not apply: doc is missing destination path: %s: missing value", path);
    if (charge_copy(p, value) < 0)
        return -1;
    if (add_member(&target, json_clone(value), p->err) < 0)
        return error_prefix(p->err, "error while adding value during copy");
    return 0;
}

// As json_equal, but numbers are compared by value: 3 equals 3.0.
static bool same_value(const struct json *a, const struct json *b) {
    enum json_kind a_kind = json_kind_of(a), b_kind = json_kind_of(b);
    if ((a_kind == JSON_INT && b_kind == JSON_DOUBLE) || (a_kind == JSON_DOUBLE && b_kind == JSON_INT))
        return json_double(a, 0) == json_double(b, 0);
    if (a_kind != b_kind || json_len(a) != json_len(b) || json_object_size(a) != json_object_size(b))
        return false;
    if (a_kind != JSON_ARRAY && a_kind != JSON_OBJECT)
        return json_equal(a, b);
    for (size_t i = 0; i < json_len(a); i++)
        if (!same_value(json_at(a, i), json_at(b, i)))
            return false;
    for (struct json_iter it = json_iter(a); json_iter_next(&it);)
        if (!json_has(b, it.key) || !same_value(it.value, json_get(b, it.key)))
            return false;
    return true;
}

static int apply_test(struct patching *p, const struct json *operation, const char *path) {
    AUTO_PLACE place = {0};
    struct json *value = p->document;
    if (*path) {
        place = find_place(p, path);
        if (!place.container)
            return error_set(p->err, "test operation does not apply: is missing path: %s: missing value", path);
        if (get_member(place.container, str_text(&place.token), &value, p->err) < 0)
            return error_prefix(p->err, "error in test for path: '%s'", path);
    }
    if (!same_value(value, json_get(operation, "value")))
        return error_set(p->err, "testing value %s failed: test failed", path);
    return 0;
}

static const struct {
    const char *name;
    int (*apply)(struct patching *p, const struct json *operation, const char *path);
} operations[] = {
    {"add", apply_add},   {"remove", apply_remove}, {"replace", apply_replace},
    {"move", apply_move}, {"copy", apply_copy},     {"test", apply_test},
};

static int apply_operation(struct patching *p, const struct json *operation) {
    const char *name = json_get_string(operation, "op");
    const char *path = json_get_string(operation, "path");
    for (size_t i = 0; name && i < ARRAY_LEN(operations); i++) {
        if (!str_equal(operations[i].name, name))
            continue;
        if (!path)
            return error_set(p->err, "%s operation failed to decode path: %smissing value", name,
                             i < 2 || i == 4 ? "" : "operation missing path field: ");
        return operations[i].apply(p, operation, path);
    }
    return error_set(p->err, "Unexpected kind: %s", name ? name : "unknown");
}

static const char *go_kind(const struct json *value) {
    static const char *const names[] = {
        [JSON_NULL] = "null",     [JSON_BOOL] = "bool",   [JSON_INT] = "number",    [JSON_DOUBLE] = "number",
        [JSON_STRING] = "string", [JSON_ARRAY] = "array", [JSON_OBJECT] = "object",
    };
    return names[json_kind_of(value)];
}

static int check_patch(const struct json *patch, struct error **err) {
    if (!json_is_array(patch))
        return error_set_api(err, 400, "BadRequest", "json: cannot unmarshal %s into Go value of type jsonpatch.Patch",
                             go_kind(patch));
    size_t count = json_len(patch);
    if (count > JSON_PATCH_MAX_OPERATIONS)
        return error_set_api(err, 413, "RequestEntityTooLarge",
                             "Request entity too large: The allowed maximum operations in a JSON patch is %d, got %zu",
                             JSON_PATCH_MAX_OPERATIONS, count);
    for (size_t i = 0; i < count; i++)
        if (json_at(patch, i) && !json_is_object(json_at(patch, i)))
            return error_set_api(err, 400, "BadRequest", "json: cannot unmarshal %s into Go value of type jsonpatch.Operation",
                                 go_kind(json_at(patch, i)));
    return 0;
}

int json_patch_apply(const struct json *document, const struct json *patch, struct json **ret_document, struct error **err) {
    if (check_patch(patch, err) < 0)
        return -1;
    AUTO_ERROR problem = NULL;
    struct patching p = {.document = json_clone(document), .err = &problem};
    for (size_t i = 0; i < json_len(patch); i++) {
        if (apply_operation(&p, json_at(patch, i)) == 0)
            continue;
        json_unref(p.document);
        if (problem->code)
            return error_move(err, &problem);
        return error_set_api(err, 422, "Invalid", "%s", error_message(problem));
    }
    *ret_document = p.document;
    return 0;
}
