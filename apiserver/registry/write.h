// SPDX-License-Identifier: Apache-2.0
// The one path that every write of an object takes: decode, field validation, defaults, mutating admission, strategy, validation, validating
// admission, storage.
#ifndef CUBE_APISERVER_REGISTRY_WRITE_H
#define CUBE_APISERVER_REGISTRY_WRITE_H

#include "apiserver/registry/current.h"
#include "apiserver/registry/decode.h"
#include "apiserver/registry/registry_state.h"
#include "apiserver/registry/strategy.h"

// One request that writes, over all its attempts.
struct write {
    struct registry *registry;
    const struct registry_request *request;
    const struct strategy *strategy;
    struct strategy_context context;
    struct str_list *warnings; // NULL from the second attempt on: each warning is given once
    char **made_name;          // if set, receives the name of what could not be made because it was taken; malloc'd
};

void write_begin(struct write *write, struct registry *registry, const struct registry_request *request);
// What the next attempt starts with.
void write_next_attempt(struct write *write);

// Where the wanted object comes from: a body, a patch of the current one, a scale. make is called once an attempt; current is NULL where
// there is no object. The result is of the resource's kind and pruned.
struct write_source {
    int (*make)(struct write_source *source, const struct write *write, const struct json *current, struct json **ret_object,
                struct error **err);
    bool creates; // it can make an object where there is none
};

enum write_outcome {
    WRITE_DONE,    // result is filled
    WRITE_REFUSED, // *err says why; decided on `current`, storage was not touched
    WRITE_FAILED,  // storage failed: *err; not to be repeated
    WRITE_LOST,    // somebody else changed the object since: met->current is what there is now (nothing is told about a create)
};

// One attempt on the current state (object NULL: create).
enum write_outcome write_object(struct write *write, struct write_source *source, const struct current *current,
                                struct registry_result *ret_result, struct storage_result *met, struct error **err);
// The end of it: stores what is ready. No-ops, dry runs and the removal of what only its finalizers held are seen to here.
enum write_outcome write_store(struct write *write, struct json *object, const struct current *current,
                               struct registry_result *ret_result, struct storage_result *met, struct error **err);
// For answers that write nothing: whether `current` is what storage has. WRITE_LOST: met->current is that.
enum write_outcome write_confirm(const struct write *write, const struct current *current, struct storage_result *met,
                                 struct error **err);
// Attempts until one is done or refused on the state that storage has. 404 if there is none and the source or the kind does not make it.
int write_existing(struct write *write, struct write_source *source, struct registry_result *ret_result,
                   struct error **err) MUST_CHECK;

// Runs admission on any tree. old may be NULL.
int write_admit(const struct write *write, enum admission_operation operation, struct json *object, const struct json *old,
                struct error **err) MUST_CHECK;
int write_admit_validate(const struct write *write, enum admission_operation operation, struct json *object,
                         const struct json *old, struct error **err) MUST_CHECK;

// The object's name and namespace must be those of the URL; 400 as upstream. An absent namespace is filled in.
int write_check_name(const struct write *write, struct json *object, struct error **err) MUST_CHECK;

#endif
