// SPDX-License-Identifier: Apache-2.0
// Validation of whole objects: metadata rules, and the rules of each kind that need several fields (one validation_<kind>.c each).
//
// Everything here runs after schema_validate, which knows the rules of single fields.
#ifndef CUBE_COMMON_API_VALIDATION_H
#define CUBE_COMMON_API_VALIDATION_H

#include <stdbool.h>

#include "common/api/field_errors.h"
#include "common/api/resources.h"
#include "common/data/json.h"

// How a resource's names must look (nodes: subdomain, namespaces: label, ...): NULL if fine, else the message.
const char *validation_name(const struct resource *resource, const char *name);
// metadata alone: name, generateName, namespace present or absent, labels, annotations and their size, finalizers, owner references.
void validation_object_meta(const struct resource *resource, const struct json *object, struct field_errors *errors);
// metadata against the stored one: name, uid, creationTimestamp, deletionTimestamp immutable; no finalizers added while deleting; ...
void validation_object_meta_update(const struct json *object, const struct json *old, struct field_errors *errors);

// Everything about a new object: schema_validate, metadata, the kind's rules. Also right for PUT of objects that have no update rules.
void validation_create(const struct resource *resource, const struct json *object, struct field_errors *errors);
// The same for an update, with the rules for what may change.
void validation_update(const struct resource *resource, const struct json *object, const struct json *old,
                       struct field_errors *errors);
// An update through the status subresource (spec is already the old one's).
void validation_update_status(const struct resource *resource, const struct json *object, const struct json *old,
                              struct field_errors *errors);
// The Binding that POST pods/<name>/binding takes.
void validation_binding(const struct json *binding, struct field_errors *errors);

#endif
