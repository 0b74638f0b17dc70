// SPDX-License-Identifier: Apache-2.0
// The continue tokens of paged lists, interchangeable with upstream's: base64 of {"v":"meta.k8s.io/v1","rv":N,"start":"..."}.
#ifndef CUBE_APISERVER_REGISTRY_CONTINUE_TOKEN_H
#define CUBE_APISERVER_REGISTRY_CONTINUE_TOKEN_H

#include <stdint.h>

#include "common/base/error.h"
#include "common/base/macro.h"

// The token of the page behind the key `after` (relative to the list's prefix). revision -1: go on with the newest state. malloc'd.
char *continue_token_encode(const char *after, int64_t revision);
// *ret_after is malloc'd. 400 BadRequest `invalid continue token: ...` or `continue key is not valid: ...` as upstream.
int continue_token_decode(const char *token, char **ret_after, int64_t *ret_revision, struct error **err) MUST_CHECK;

#endif
