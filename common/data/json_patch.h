// SPDX-License-Identifier: Apache-2.0
// RFC 6902 JSON patches, applied with the rules and messages that upstream's API server shows.
#ifndef CUBE_COMMON_DATA_JSON_PATCH_H
#define CUBE_COMMON_DATA_JSON_PATCH_H

#include "common/base/error.h"
#include "common/data/json.h"

// More operations than this are refused.
#define JSON_PATCH_MAX_OPERATIONS 10000

// Applies `patch` (an array of operations) to a copy of `document`; both stay as they are. All or nothing.
//
// The errors carry what the API answers:
//   413 RequestEntityTooLarge  too many operations, or a result that grows beyond what a request body may hold
//   400 BadRequest             the patch is no array of objects
//   422 Invalid                an operation can't be applied (path missing, test failed, unknown op, ...); the message is the cause,
//                              such as `remove operation does not apply: doc is missing path: "/a": missing value`. Upstream's
//                              server replaces that message by `the server rejected our request due to an error in our request`.
int json_patch_apply(const struct json *document, const struct json *patch, struct json **ret_document,
                     struct error **err) MUST_CHECK;

// Appends the JSON pointer token of a key ("~" becomes "~0", "/" becomes "~1"), with the "/" before it.
void json_patch_append_token(struct str *pointer, const char *key);

#endif
