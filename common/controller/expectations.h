// SPDX-License-Identifier: Apache-2.0
// What a controller has asked for and not yet seen: until then its informer is behind and it must not ask again.
#ifndef CUBE_COMMON_CONTROLLER_EXPECTATIONS_H
#define CUBE_COMMON_CONTROLLER_EXPECTATIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/clock.h"

struct expectations;

struct expectations *expectations_new(struct clock *clock);
void expectations_free(struct expectations *e);
// Nothing is outstanding for the key, or what is has been so for five minutes.
bool expectations_satisfied(struct expectations *e, const char *key);
void expectations_expect_creations(struct expectations *e, const char *key, int count);
// uids of the objects that are going to be deleted; each is lowered once, however often its deletion is seen.
void expectations_expect_deletions(struct expectations *e, const char *key, const char *const *uids, size_t count);
void expectations_creation_observed(struct expectations *e, const char *key); // also when a create failed
void expectations_deletion_observed(struct expectations *e, const char *key, const char *uid);
void expectations_delete(struct expectations *e, const char *key);

#endif
