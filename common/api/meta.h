// SPDX-License-Identifier: Apache-2.0
// metadata of an object tree: reading and writing what every kind has, owner references, finalizers, conditions.
#ifndef CUBE_COMMON_API_META_H
#define CUBE_COMMON_API_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/data/json.h"

// Borrowed text, "" where absent.
const char *meta_name(const struct json *object);
const char *meta_namespace(const struct json *object);
const char *meta_uid(const struct json *object);
const char *meta_resource_version(const struct json *object);
int64_t meta_generation(const struct json *object);
bool meta_deleting(const struct json *object);
const char *meta_label(const struct json *object, const char *key);           // NULL if absent
const char *meta_annotation(const struct json *object, const char *key);      // NULL if absent
void meta_set_label(struct json *object, const char *key, const char *value); // NULL value removes
void meta_set_annotation(struct json *object, const char *key, const char *value);
bool meta_has_finalizer(const struct json *object, const char *finalizer);
bool meta_add_finalizer(struct json *object, const char *finalizer);    // false: it was there
bool meta_remove_finalizer(struct json *object, const char *finalizer); // false: it was not there
// Wall nanoseconds; 0 if absent or malformed.
int64_t meta_creation_time(const struct json *object);
int64_t meta_deletion_time(const struct json *object);
// The owner reference with controller: true; NULL if none. Borrowed.
struct json *meta_controller(const struct json *object);
bool meta_owned_by(const struct json *object, const char *uid); // any owner reference with this uid
// A new ownerReferences entry with controller and blockOwnerDeletion set to true.
struct json *meta_new_controller_reference(const char *api_version, const char *kind, const char *name, const char *uid);

// status.conditions (or any such array): the entry of this type; NULL if none.
struct json *meta_condition(const struct json *object, const char *type);
bool meta_condition_is(const struct json *object, const char *type, const char *status);
// Puts a condition {type, status, reason, message, lastTransitionTime}; lastTransitionTime moves only when status changes. Returns
// whether anything changed. reason and message may be NULL (removed).
bool meta_set_condition(struct json *object, const char *type, const char *status, const char *reason, const char *message,
                        int64_t now);

#endif
