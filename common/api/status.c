// SPDX-License-Identifier: Apache-2.0
// Makes API errors in upstream's words and turns them into metav1.Status and back.
#include "common/api/status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/api/resources.h"
#include "common/base/alloc.h"

// Sets code, reason and message, and the resource's details. The message is taken.
static int set(struct error **err, int code, const char *reason, const struct resource *resource, const char *name,
               char *take_message) {
    CLEANUP(free_ptr) char *message = take_message;
    error_set_api(err, code, reason, "%s", message);
    if (err && resource)
        error_set_details(*err, *resource->group ? resource->group : NULL, resource->plural, str_empty(name) ? NULL : name);
    return -1;
}

static char *resource_name(const struct resource *resource) {
    struct str text = {0};
    resource_append_name(resource, &text);
    return str_take(&text);
}

int status_not_found(struct error **err, const struct resource *resource, const char *name) {
    CLEANUP(free_ptr) char *what = resource_name(resource);
    return set(err, 404, "NotFound", resource, name, alloc_printf("%s \"%s\" not found", what, name));
}

int status_already_exists(struct error **err, const struct resource *resource, const char *name) {
    CLEANUP(free_ptr) char *what = resource_name(resource);
    return set(err, 409, "AlreadyExists", resource, name, alloc_printf("%s \"%s\" already exists", what, name));
}

int status_conflict(struct error **err, const struct resource *resource, const char *name, const char *cause) {
    CLEANUP(free_ptr) char *what = resource_name(resource);
    return set(err, 409, "Conflict", resource, name,
               alloc_printf("Operation cannot be fulfilled on %s \"%s\": %s", what, name, cause));
}

int status_invalid_kind(struct error **err, const char *group, const char *kind, const char *name,
                        const struct field_errors *errors) {
    AUTO_STR text = {0};
    str_printf(&text, "%s%s%s \"%s\" is invalid", kind, *group ? "." : "", group, name ? name : "");
    if (errors->len) {
        str_append(&text, ": ");
        field_errors_append_text(errors, &text);
    }
    error_set_api(err, 422, "Invalid", "%s", str_text(&text));
    if (!err)
        return -1;
    error_set_details(*err, *group ? group : NULL, kind, str_empty(name) ? NULL : name);
    for (size_t i = 0; i < errors->len; i++)
        error_add_cause(*err, errors->items[i].reason, errors->items[i].field, "%s", errors->items[i].message);
    return -1;
}

int status_invalid(struct error **err, const struct resource *resource, const char *name, const struct field_errors *errors) {
    return status_invalid_kind(err, resource->group, resource->kind, name, errors);
}

int status_forbidden(struct error **err, const struct resource *resource, const char *name, const char *cause) {
    if (!resource)
        return set(err, 403, "Forbidden", NULL, NULL, alloc_printf("forbidden: %s", cause));
    CLEANUP(free_ptr) char *what = resource_name(resource);
    return set(err, 403, "Forbidden", resource, name,
               str_empty(name) ? alloc_printf("%s is forbidden: %s", what, cause)
                               : alloc_printf("%s \"%s\" is forbidden: %s", what, name, cause));
}

int status_unauthorized(struct error **err) {
    return error_set_api(err, 401, "Unauthorized", "Unauthorized");
}

int status_method_not_supported(struct error **err, const struct resource *resource, const char *action) {
    CLEANUP(free_ptr) char *what = resource_name(resource);
    return set(err, 405, "MethodNotAllowed", resource, NULL,
               alloc_printf("%s is not supported on resources of kind \"%s\"", action, what));
}

// The constructors that take a format differ in code and reason only.
static int set_formatted(struct error **err, int code, const char *reason, const char *prefix, const char *format, va_list args)
    PRINTF_LIKE(5, 0);
static int set_formatted(struct error **err, int code, const char *reason, const char *prefix, const char *format, va_list args) {
    CLEANUP(free_ptr) char *text = alloc_vprintf(format, args);
    return error_set_api(err, code, reason, "%s%s", prefix, text);
}

int status_bad_request(struct error **err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int result = set_formatted(err, 400, "BadRequest", "", format, args);
    va_end(args);
    return result;
}

int status_expired(struct error **err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int result = set_formatted(err, 410, "Expired", "", format, args);
    va_end(args);
    return result;
}

int status_too_large(struct error **err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int result = set_formatted(err, 413, "RequestEntityTooLarge", "Request entity too large: ", format, args);
    va_end(args);
    return result;
}

int status_unsupported_media_type(struct error **err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int result = set_formatted(err, 415, "UnsupportedMediaType", "", format, args);
    va_end(args);
    return result;
}

int status_not_acceptable(struct error **err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int result = set_formatted(err, 406, "NotAcceptable", "", format, args);
    va_end(args);
    return result;
}

int status_internal(struct error **err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    CLEANUP(free_ptr) char *text = alloc_vprintf(format, args);
    va_end(args);
    error_set_api(err, 500, "InternalError", "Internal error occurred: %s", text);
    if (err)
        error_add_cause(*err, NULL, NULL, "%s", text);
    return -1;
}

int status_too_many_requests(struct error **err, const char *message, int retry_after_seconds) {
    error_set_api(err, 429, "TooManyRequests", "%s", message);
    if (err)
        (*err)->retry_after_seconds = retry_after_seconds;
    return -1;
}

int status_timeout(struct error **err, const char *message, int retry_after_seconds) {
    error_set_api(err, 504, "Timeout", "Timeout: %s", message);
    if (err)
        (*err)->retry_after_seconds = retry_after_seconds;
    return -1;
}

int status_resource_version_too_large(struct error **err, uint64_t wanted, uint64_t current) {
    CLEANUP(free_ptr) char *text = alloc_printf("Too large resource version: %" PRIu64 ", current: %" PRIu64, wanted, current);
    status_timeout(err, text, 1);
    if (err)
        error_add_cause(*err, "ResourceVersionTooLarge", NULL, "Too large resource version");
    return -1;
}

int status_service_unavailable(struct error **err, const char *message) {
    return error_set_api(err, 503, "ServiceUnavailable", "%s", message);
}

int status_no_such_path(struct error **err) {
    return error_set_api(err, 404, "NotFound", "the server could not find the requested resource");
}

// --- Status objects ------------------------------------------------------------------------------------------------------

static struct json *new_status(const char *status) {
    struct json *object = json_new_object();
    json_set_string(object, "kind", "Status");
    json_set_string(object, "apiVersion", "v1");
    json_set(object, "metadata", json_new_object());
    json_set_string(object, "status", status);
    return object;
}

static struct json *causes_of(const struct error *error) {
    struct json *causes = json_new_array();
    for (size_t i = 0; i < error->cause_count; i++) {
        struct json *cause = json_new_object();
        json_set_string(cause, "reason", error->causes[i].reason);
        json_set_string(cause, "message", error->causes[i].message);
        json_set_string(cause, "field", error->causes[i].field);
        json_append(causes, cause);
    }
    return causes;
}

static struct json *details_of(const struct error *error) {
    struct json *details = json_new_object();
    json_set_string(details, "name", error->name);
    json_set_string(details, "group", error->group);
    json_set_string(details, "kind", error->kind);
    json_set_string(details, "uid", error->uid);
    if (error->cause_count)
        json_set(details, "causes", causes_of(error));
    if (error->retry_after_seconds)
        json_set_int(details, "retryAfterSeconds", error->retry_after_seconds);
    return details;
}

struct json *status_from_error(const struct error *error) {
    struct json *object = new_status("Failure");
    if (!error || !error->code) {
        AUTO_STR message = {0};
        str_printf(&message, "Internal error occurred: %s", error_message(error));
        json_set_string(object, "message", str_text(&message));
        json_set_string(object, "reason", "InternalError");
        json_set_int(object, "code", 500);
        return object;
    }
    json_set_string(json_get(object, "metadata"), "continue", error->continue_token);
    json_set_string(object, "message", error->message);
    json_set_string(object, "reason", error->reason);
    AUTO_JSON details = details_of(error);
    if (json_object_size(details) || error->code == 404) // clients look into a NotFound's details without asking
        json_set(object, "details", json_ref(details));
    json_set_int(object, "code", error->code);
    return object;
}

struct json *status_success(const struct resource *resource, const char *name, const char *uid) {
    struct json *object = new_status("Success");
    if (!name)
        return object;
    struct json *details = json_new_object();
    json_set_string(details, "name", name);
    json_set_string(details, "group", *resource->group ? resource->group : NULL);
    json_set_string(details, "kind", resource->plural);
    json_set_string(details, "uid", uid);
    json_set(object, "details", details);
    return object;
}

bool status_is_status(const struct json *object) {
    return str_equal(json_get_string(object, "kind"), "Status") && str_equal(json_get_string(object, "apiVersion"), "v1");
}

static char *copy(const struct json *object, const char *key) {
    return alloc_string_or_null(json_get_string(object, key));
}

int status_to_error(const struct json *status, int http_code, struct error **err) {
    int code = (int)json_get_int(status, "code", 0);
    const char *reason = json_get_string(status, "reason");
    const char *message = json_get_text(status, "message");
    error_set_api(err, code ? code : http_code, reason, "%s", *message ? message : reason ? reason : "unknown");
    if (!err)
        return -1;
    const struct json *details = json_get(status, "details");
    struct error *error = *err;
    error->continue_token = copy(json_get(status, "metadata"), "continue");
    error->kind = copy(details, "kind");
    error->group = copy(details, "group");
    error->name = copy(details, "name");
    error->uid = copy(details, "uid");
    error->retry_after_seconds = (int)json_get_int(details, "retryAfterSeconds", 0);
    const struct json *causes = json_get(details, "causes");
    for (size_t i = 0; i < json_len(causes); i++) {
        const struct json *cause = json_at(causes, i);
        error_add_cause(error, json_get_string(cause, "reason"), json_get_string(cause, "field"), "%s",
                        json_get_text(cause, "message"));
    }
    return -1;
}

int status_from_http(int http_code, const char *method, const char *body, struct error **err) {
    static const struct {
        int code;
        const char *reason;
        const char *message;
    } rows[] = {
        {400, "BadRequest", "the server rejected our request for an unknown reason"},
        {401, "Unauthorized", "the server has asked for the client to provide credentials"},
        {404, "NotFound", "the server could not find the requested resource"},
        {405, "MethodNotAllowed", "the server does not allow this method on the requested resource"},
        {406, "NotAcceptable", "the server was unable to respond with a content type that the client supports"},
        {409, "Conflict", "the server reported a conflict"},
        {415, "UnsupportedMediaType", "the server was unable to respond with a content type that the client supports"},
        {422, "Invalid", "the server rejected our request due to an error in our request"},
        {429, "TooManyRequests", "the server has received too many requests and has asked us to try again later"},
        {503, "ServiceUnavailable", "the server is currently unable to handle the request"},
        {504, "Timeout",
         "the server was unable to return a response in the time allotted, but may still be processing the request"},
    };
    if (http_code == 403)
        return error_set_api(err, 403, "Forbidden", "%s", body && *body ? body : "forbidden");
    if (http_code == 409 && str_equal(method, "POST"))
        return error_set_api(err, 409, "AlreadyExists", "the server reported a conflict");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].code == http_code)
            return error_set_api(err, http_code, rows[i].reason, "%s", rows[i].message);
    if (http_code >= 500) {
        AUTO_STR quoted = {0};
        json_write_string(&quoted, body ? body : "");
        return error_set_api(err, http_code, "InternalError",
                             "an error on the server (%s) has prevented the request from succeeding", str_text(&quoted));
    }
    return error_set_api(err, http_code, "Unknown",
                         "the server responded with the status code %d but did not return more information", http_code);
}
