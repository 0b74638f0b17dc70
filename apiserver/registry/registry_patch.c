// SPDX-License-Identifier: Apache-2.0
// PATCH: JSON, merge and strategic merge patches, applied to the current object as clients see it, then the path of an update.
#include <stdlib.h>
#include <string.h>

#include "apiserver/registry/scale.h"
#include "apiserver/registry/write.h"
#include "common/api/status.h"
#include "common/api/strategic_patch.h"
#include "common/base/alloc.h"
#include "common/data/json_patch.h"
#include "common/data/merge_patch.h"

struct patch_source {
    struct write_source source;
    enum registry_patch_type type;
    struct json *patch;         // parsed once
    struct str_list duplicates; // keys that the patch itself has twice
};

// --- upstream's %+v of a decoded patch, for its errors ---------------------------------------------------------------------
static void append_go_value(const struct json *value, struct str *out);

static void append_go_map(const struct json *value, struct str *out) {
    AUTO_STR_LIST keys = {0};
    for (struct json_iter it = json_iter(value); json_iter_next(&it);)
        str_list_add(&keys, it.key);
    str_list_sort(&keys);
    str_append(out, "map[");
    for (size_t i = 0; i < keys.len; i++) {
        str_printf(out, "%s%s:", i ? " " : "", keys.items[i]);
        append_go_value(json_get(value, keys.items[i]), out);
    }
    str_append_char(out, ']');
}

static void append_go_value(const struct json *value, struct str *out) {
    switch (json_kind_of(value)) {
    case JSON_NULL:
        str_append(out, "<nil>");
        break;
    case JSON_BOOL:
        str_append(out, json_bool(value, false) ? "true" : "false");
        break;
    case JSON_STRING:
        str_append_n(out, json_string(value), json_string_len(value));
        break;
    case JSON_INT:
    case JSON_DOUBLE:
        json_append_number(value, out);
        break;
    case JSON_OBJECT:
        append_go_map(value, out);
        break;
    case JSON_ARRAY:
        str_append_char(out, '[');
        for (size_t i = 0; i < json_len(value); i++) {
            if (i)
                str_append_char(out, ' ');
            append_go_value(json_at(value, i), out);
        }
        str_append_char(out, ']');
        break;
    }
}

// --- applying ------------------------------------------------------------------------------------------------------------
// An operation that does not apply: upstream hides the cause behind a general message.
static int hide_cause(struct error **failed, struct error **err) {
    if (error_has_code(*failed, 422)) {
        free((*failed)->message);
        (*failed)->message = alloc_string("the server rejected our request due to an error in our request");
    }
    return error_move(err, failed);
}

static int apply(const struct patch_source *patch, const struct decode_target *target, const struct json *original,
                 struct json **ret_object, struct error **err) {
    AUTO_ERROR failed = NULL;
    switch (patch->type) {
    case REGISTRY_PATCH_JSON:
        return json_patch_apply(original, patch->patch, ret_object, &failed) < 0 ? hide_cause(&failed, err) : 0;
    case REGISTRY_PATCH_MERGE:
        *ret_object = merge_patch_apply(original, patch->patch);
        return 0;
    case REGISTRY_PATCH_STRATEGIC:
        return strategic_patch_apply(target->type, original, patch->patch, ret_object, err);
    case REGISTRY_PATCH_APPLY:
        break;
    }
    return status_unsupported_media_type(err, "server-side apply is not supported by this server yet");
}

static void append_shown(const struct patch_source *patch, const struct json *patched, struct str *out) {
    if (patch->type == REGISTRY_PATCH_STRATEGIC)
        append_go_value(patch->patch, out);
    else
        json_write(patched, out);
}

static int make_from_patch(struct write_source *source, const struct write *write, const struct json *current,
                           struct json **ret_object, struct error **err) {
    struct patch_source *patch = CONTAINER_OF(source, struct patch_source, source);
    const struct registry_request *request = write->request;
    struct decode_target target = decode_target_of_subresource(request->resource, request->subresource);
    AUTO_JSON scale = NULL;
    AUTO_JSON patched = NULL;
    AUTO_STR shown = {0};
    if (scale_is(request) && scale_of(current, &scale, err) < 0)
        return -1;
    if (apply(patch, &target, scale ? scale : current, &patched, err) < 0)
        return -1;
    if (!json_is_object(patched))
        return status_bad_request(err, "the patched object is no JSON object");
    append_shown(patch, patched, &shown);
    struct decode_patch about = {.duplicates = &patch->duplicates, .shown = str_text(&shown)};
    if (decode_patched(patched, &target, &about, request->field_validation, write->warnings, err) < 0 ||
        write_check_name(write, patched, err) < 0)
        return -1;
    if (scale_is(request))
        return scale_apply(write, patched, current, ret_object, err);
    *ret_object = STEAL(patched);
    return 0;
}

static int parse_patch(struct patch_source *patch, const struct registry_body *body, struct error **err) {
    AUTO_ERROR cause = NULL;
    struct json_limits limits = {.allow_duplicates = true, .duplicates = &patch->duplicates};
    if (json_parse(body->bytes, body->len, &limits, &patch->patch, &cause) < 0)
        return cause->code ? error_move(err, &cause) : status_bad_request(err, "%s", error_message(cause));
    if (patch->type == REGISTRY_PATCH_JSON || json_is_object(patch->patch))
        return 0;
    static const char *const kinds[] = {"null", "bool", "number", "number", "string", "array", "object"};
    return status_bad_request(err, "json: cannot unmarshal %s into Go value of type map[string]interface {}",
                              kinds[json_kind_of(patch->patch)]);
}

int registry_patch(struct registry *registry, const struct registry_request *request, enum registry_patch_type type,
                   const struct registry_body *body, struct registry_result *ret_result, struct error **err) {
    struct write write;
    struct patch_source patch = {.source = {.make = make_from_patch}, .type = type};
    AUTO_REGISTRY_RESULT result = {0};
    write_begin(&write, registry, request);
    int failed = parse_patch(&patch, body, err);
    if (!failed)
        failed = write_existing(&write, &patch.source, &result, err);
    if (!failed)
        failed = scale_answer(request, &result, err);
    json_unref(patch.patch);
    str_list_free(&patch.duplicates);
    if (failed)
        return -1;
    *ret_result = result;
    result = (struct registry_result){0};
    return 0;
}
