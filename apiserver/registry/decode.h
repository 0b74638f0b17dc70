// SPDX-License-Identifier: Apache-2.0
// Decoding of request bodies and patch results: kind check, strict or lenient field validation, upstream's messages.
#ifndef CUBE_APISERVER_REGISTRY_DECODE_H
#define CUBE_APISERVER_REGISTRY_DECODE_H

#include "apiserver/registry/registry.h"
#include "common/api/resources.h"
#include "common/data/json.h"

// The kind that a body must be.
struct decode_target {
    const char *group;
    const char *version;
    const char *kind;
    const struct schema_type *type; // NULL: unknown, nothing is checked
};

struct decode_target decode_target_of_resource(const struct resource *resource);
struct decode_target decode_target_of_subresource(const struct resource *resource, const char *subresource);

// A body to a tree of exactly the target's kind: kind and apiVersion first, unknown fields pruned and, by the mode, ignored, put into warnings
// (may be NULL) or refused. All errors are 400 BadRequest.
int decode_body(const struct registry_body *body, const struct decode_target *target, enum registry_field_validation validation,
                struct str_list *warnings, struct json **ret_object, struct error **err) MUST_CHECK;

struct decode_patch {
    const struct str_list *duplicates; // keys that the patch itself has twice
    const char *shown;                 // how upstream prints the value in errors
};

// What a patch made of an object, in place. Errors are 422 Invalid of field "patch".
int decode_patched(struct json *object, const struct decode_target *target, const struct decode_patch *patch,
                   enum registry_field_validation validation, struct str_list *warnings, struct error **err) MUST_CHECK;

#endif
