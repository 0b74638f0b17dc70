// SPDX-License-Identifier: Apache-2.0
// API errors in upstream's words, and metav1.Status to and from struct error.
//
// All constructors set *err (if err is not NULL) and return -1, so: return status_not_found(err, resource, name).
#ifndef CUBE_COMMON_API_STATUS_H
#define CUBE_COMMON_API_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/api/field_errors.h"
#include "common/base/error.h"
#include "common/data/json.h"

struct resource;

// `pods "x" not found` (404 NotFound), `replicasets.apps "x" not found`
int status_not_found(struct error **err, const struct resource *resource, const char *name);
// `pods "x" already exists` (409 AlreadyExists)
int status_already_exists(struct error **err, const struct resource *resource, const char *name);
// `Operation cannot be fulfilled on pods "x": <cause>` (409 Conflict)
int status_conflict(struct error **err, const struct resource *resource, const char *name, const char *cause);
// The cause above for a stale resourceVersion.
#define STATUS_CONFLICT_MODIFIED "the object has been modified; please apply your changes to the latest version and try again"
// `Pod "x" is invalid: spec.containers: Required value` (422 Invalid) with a cause for each field error.
int status_invalid(struct error **err, const struct resource *resource, const char *name, const struct field_errors *errors);
// For a kind that is no resource (DeleteOptions, Scale): group and kind as upstream names them.
int status_invalid_kind(struct error **err, const char *group, const char *kind, const char *name,
                        const struct field_errors *errors);
int status_bad_request(struct error **err, const char *format, ...) PRINTF_LIKE(2, 3); // 400 BadRequest
// `pods "x" is forbidden: <cause>` (403 Forbidden); name may be NULL: `pods is forbidden: <cause>`; resource NULL: `forbidden: <cause>`
int status_forbidden(struct error **err, const struct resource *resource, const char *name, const char *cause);
int status_unauthorized(struct error **err);                                                              // 401 `Unauthorized`
int status_method_not_supported(struct error **err, const struct resource *resource, const char *action); // 405
int status_expired(struct error **err, const char *format, ...) PRINTF_LIKE(2, 3);                        // 410 Expired
// 504 Timeout `Too large resource version: N, current: M` with cause ResourceVersionTooLarge and Retry-After 1.
int status_resource_version_too_large(struct error **err, uint64_t wanted, uint64_t current);
int status_too_large(struct error **err, const char *format, ...) PRINTF_LIKE(2, 3);              // 413 RequestEntityTooLarge
int status_unsupported_media_type(struct error **err, const char *format, ...) PRINTF_LIKE(2, 3); // 415
int status_not_acceptable(struct error **err, const char *format, ...) PRINTF_LIKE(2, 3);         // 406
int status_too_many_requests(struct error **err, const char *message, int retry_after_seconds);   // 429
int status_timeout(struct error **err, const char *message, int retry_after_seconds);             // 504 Timeout
int status_service_unavailable(struct error **err, const char *message);                          // 503
int status_internal(struct error **err, const char *format, ...) PRINTF_LIKE(2, 3); // 500 `Internal error occurred: ...`
// 404 for a path that nobody serves: `the server could not find the requested resource`
int status_no_such_path(struct error **err);

// The Status object of an error (code 0 becomes 500 InternalError `Internal error occurred: ...`). Never NULL.
struct json *status_from_error(const struct error *error);
// Success answers of delete: {"kind":"Status",...,"status":"Success","details":{name,group,kind,uid}}. name NULL: no details.
struct json *status_success(const struct resource *resource, const char *name, const char *uid);
bool status_is_status(const struct json *object); // kind Status of v1
// A Status with status Failure becomes an error; http_code is used where the Status has no code. Returns -1.
int status_to_error(const struct json *status, int http_code, struct error **err);
// For answers that are no Status: upstream client-go's wording by HTTP code. Returns -1.
int status_from_http(int http_code, const char *method, const char *body, struct error **err);

#endif
