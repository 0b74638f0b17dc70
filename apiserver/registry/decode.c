// SPDX-License-Identifier: Apache-2.0
// Decoding of request bodies and patch results.
#include "apiserver/registry/decode.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/base/encoding.h"
#include "common/data/yaml.h"

struct decode_target decode_target_of_resource(const struct resource *resource) {
    return (struct decode_target){resource->group, resource->version, resource->kind, resource->type};
}

struct decode_target decode_target_of_subresource(const struct resource *resource, const char *subresource) {
    const struct resource_subresource *row = str_empty(subresource) ? NULL : resource_subresource(resource, subresource);
    if (!row)
        return decode_target_of_resource(resource);
    return (struct decode_target){row->group, row->version, row->kind, row->type};
}

// The first 30 bytes of a body that is no object of any kind, as upstream shows them.
static void append_summary(const struct registry_body *body, struct str *out) {
    size_t len = MIN(body->len, 30);
    if (body->len == 0) {
        str_append(out, "<empty>");
        return;
    }
    if (body->bytes[0] == '{')
        str_append_n(out, body->bytes, len);
    else
        hex_encode(out, body->bytes, len);
    if (body->len > 30)
        str_append(out, " ...");
}

static int unrecognized(const struct registry_body *body, const struct decode_target *target, const char *cause,
                        struct error **err) {
    AUTO_STR summary = {0};
    append_summary(body, &summary);
    return status_bad_request(err, "the object provided is unrecognized (must be of type %s): %s (%s)", target->kind, cause,
                              str_text(&summary));
}

static int parse(const struct registry_body *body, const struct decode_target *target, struct str_list *duplicates,
                 struct json **ret_tree, struct error **err) {
    AUTO_ERROR cause = NULL;
    int result;
    if (body->yaml)
        result = yaml_parse_one(body->bytes, body->len, "body", ret_tree, &cause);
    else
        result = json_parse(body->bytes, body->len, &(struct json_limits){.allow_duplicates = true, .duplicates = duplicates},
                            ret_tree, &cause);
    if (result == 0)
        return 0;
    if (cause->code)
        return error_move(err, &cause);
    AUTO_STR text = {0};
    str_printf(&text, "couldn't get version/kind; json parse error: %s", error_message(cause));
    return unrecognized(body, target, str_text(&text), err);
}

// The name of upstream's internal package of a group: its first part, "core" for "".
static char *package_of_group(const char *group) {
    const char *dot = strchr(group, '.');
    if (group[0] == '\0')
        return alloc_string("core");
    return dot ? alloc_string_n(group, (size_t)(dot - group)) : alloc_string(group);
}

static int wrong_kind(const struct decode_target *target, const char *version, const char *kind, bool known, struct error **err) {
    CLEANUP(free_ptr) char *package = package_of_group(target->group);
    if (!known)
        return status_bad_request(err,
                                  "%s in version \"%s\" cannot be handled as a %s: no kind \"%s\" is registered for version "
                                  "\"%s\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
                                  kind, version, target->kind, kind, version);
    return status_bad_request(err,
                              "%s in version \"%s\" cannot be handled as a %s: converting (%s.%s) to (%s.%s): unknown conversion",
                              kind, version, target->kind, version, kind, package, target->kind);
}

static int check_kind(const struct json *tree, const struct decode_target *target, struct error **err) {
    const char *api_version = json_get_text(tree, "apiVersion");
    const char *kind = json_get_text(tree, "kind");
    CLEANUP(free_ptr) char *group = NULL;
    CLEANUP(free_ptr) char *version = NULL;
    if (api_version[0] && !resource_split_api_version(api_version, &group, &version))
        return status_bad_request(err, "%s in version \"\" cannot be handled as a %s: unexpected GroupVersion string: %s", kind,
                                  target->kind, api_version);
    bool same_version = !api_version[0] || (str_equal(group, target->group) && str_equal(version, target->version));
    bool same_kind = !kind[0] || str_equal(kind, target->kind);
    if (same_version && same_kind)
        return 0;
    if (same_kind) {
        const char *slash = target->group[0] ? "/" : "";
        return status_bad_request(err, "the API version in the data (%s) does not match the expected API version (%s%s%s)",
                                  api_version, target->group, slash, target->version);
    }
    const char *given = version ? version : target->version;
    bool known = resources_find_kind(group ? group : target->group, given, kind) != NULL;
    return wrong_kind(target, given, kind, known, err);
}

// Strict decoding's findings: the unknown fields first, then what was duplicate.
static void join_problems(struct str_list *unknown, const struct str_list *duplicates) {
    for (size_t i = 0; i < duplicates->len; i++) {
        AUTO_STR text = {0};
        str_printf(&text, "duplicate field \"%s\"", duplicates->items[i]);
        str_list_add(unknown, str_text(&text));
    }
}

static void add_warnings(struct str_list *warnings, const struct str_list *problems) {
    for (size_t i = 0; warnings && i < problems->len; i++)
        if (!str_list_contains(warnings, problems->items[i]))
            str_list_add(warnings, problems->items[i]);
}

static void set_kind(const struct decode_target *target, struct json *object) {
    AUTO_STR api_version = {0};
    if (target->group[0])
        str_printf(&api_version, "%s/", target->group);
    str_append(&api_version, target->version);
    schema_set_kind(object, str_text(&api_version), target->kind);
}

int decode_body(const struct registry_body *body, const struct decode_target *target, enum registry_field_validation validation,
                struct str_list *warnings, struct json **ret_object, struct error **err) {
    AUTO_STR_LIST duplicates = {0};
    AUTO_STR_LIST problems = {0};
    AUTO_JSON tree = NULL;
    if (parse(body, target, &duplicates, &tree, err) < 0)
        return -1;
    if (!json_is_object(tree))
        return unrecognized(body, target,
                            "couldn't get version/kind; json parse error: json: cannot unmarshal value into Go value of type "
                            "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string "
                            "\"json:\\\"kind,omitempty\\\"\" }",
                            err);
    if (check_kind(tree, target, err) < 0)
        return -1;
    set_kind(target, tree);
    if (target->type && schema_check_and_prune(target->type, tree, &problems, err) < 0)
        return -1;
    join_problems(&problems, &duplicates);
    if (problems.len && validation == REGISTRY_VALIDATION_STRICT)
        return schema_strict_error(&problems, target->type, err);
    if (validation == REGISTRY_VALIDATION_WARN)
        add_warnings(warnings, &problems);
    *ret_object = STEAL(tree);
    return 0;
}

// A patch result's error without what upstream says of request bodies only.
static const char *bare_cause(const struct error *cause) {
    const char *message = error_message(cause);
    const char *handled = strstr(message, "cannot be handled as a ");
    const char *colon = handled ? strstr(handled, ": ") : NULL;
    return colon ? colon + 2 : message;
}

static int patch_invalid(const char *shown, const char *cause, struct error **err) {
    AUTO_FIELD_ERRORS errors = {0};
    field_errors_invalid_text(&errors, "patch", shown, cause);
    return status_invalid_kind(err, "", "", "", &errors);
}

int decode_patched(struct json *object, const struct decode_target *target, const struct decode_patch *patch,
                   enum registry_field_validation validation, struct str_list *warnings, struct error **err) {
    AUTO_STR_LIST found = {0};
    AUTO_ERROR cause = NULL;
    if (check_kind(object, target, &cause) < 0)
        return patch_invalid(patch->shown, bare_cause(cause), err);
    set_kind(target, object);
    if (target->type && schema_check_and_prune(target->type, object, &found, &cause) < 0)
        return patch_invalid(patch->shown, bare_cause(cause), err);
    join_problems(&found, patch->duplicates);
    if (found.len && validation == REGISTRY_VALIDATION_STRICT) {
        AUTO_ERROR strict = NULL;
        schema_strict_error(&found, target->type, &strict);
        return patch_invalid(patch->shown, error_message(strict), err);
    }
    if (validation == REGISTRY_VALIDATION_WARN)
        add_warnings(warnings, &found);
    return 0;
}
