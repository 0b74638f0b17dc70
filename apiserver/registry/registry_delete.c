// SPDX-License-Identifier: Apache-2.0
// DELETE of one object and of what a selection finds: preconditions, the mark (delete_mark.h), removal, the answer.
#include <stdlib.h>

#include "apiserver/registry/delete_mark.h"
#include "apiserver/registry/write.h"
#include "common/api/meta.h"
#include "common/api/status.h"
#include "common/base/alloc.h"

struct deletion {
    struct write write;
    const struct registry_delete_options *options;
    enum delete_decision decision; // of this attempt
};

// Fields of a precondition that failed, and how upstream says so.
static int precondition_failed(const struct deletion *deletion, const char *what, const char *advice, const char *wanted,
                               const char *found, struct error **err) {
    const struct resource *resource = deletion->write.request->resource;
    const char *name = deletion->write.request->name;
    AUTO_STR cause = {0};
    if (deletion->write.strategy->held) {
        str_printf(&cause, "Precondition failed: %s in precondition: %s, %s in object meta: %s", what, wanted, what, found);
        return status_conflict(err, resource, name, str_text(&cause));
    }
    AUTO_ERROR error = NULL;
    str_printf(&cause, "the %s in the precondition (%s) does not match the %s in record (%s). %s", what, wanted, what, found,
               advice);
    // Upstream names the kind here, not the resource.
    error_set_api(&error, 409, "Conflict", "Operation cannot be fulfilled on %s%s%s \"%s\": %s", resource->kind,
                  resource->group[0] ? "." : "", resource->group, name, str_text(&cause));
    error_set_details(error, resource->group[0] ? resource->group : NULL, resource->kind, name);
    return error_move(err, &error);
}

static int check_preconditions(const struct deletion *deletion, const struct current *current, struct error **err) {
    const char *uid = deletion->options->precondition_uid;
    const char *version = deletion->options->precondition_resource_version;
    const char *found = meta_resource_version(current->tree);
    if (uid && !str_equal(uid, current->object->uid))
        return precondition_failed(deletion, "UID", "The object might have been deleted and then recreated", uid,
                                   current->object->uid, err);
    if (version && !str_equal(version, found))
        return precondition_failed(deletion, "ResourceVersion", "The object might have been modified", version, found, err);
    return 0;
}

static void answer_object(const struct deletion *deletion, const struct object *object, bool removed,
                          struct registry_result *ret_result) {
    ret_result->code = !removed && deletion->options->orphan_dependents == 0 ? 202 : 200;
    ret_result->object = object_ref(object);
}

// The answer of a removal, and of a request that found the deletion under way.
static void answer_removed(const struct deletion *deletion, const struct object *object, bool removed,
                           struct registry_result *ret_result) {
    if (deletion->write.strategy->returns_deleted || (!removed && deletion->write.strategy->held)) {
        answer_object(deletion, object, removed, ret_result);
        return;
    }
    AUTO_JSON status = status_success(deletion->write.request->resource, object->name, object->uid);
    ret_result->code = !removed && deletion->options->orphan_dependents == 0 ? 202 : 200;
    ret_result->status = json_text(status);
}

// Removes `object`, which is at `revision`. WRITE_LOST: met->current is what is there instead.
static enum write_outcome remove_object(struct deletion *deletion, const struct object *object, uint64_t revision,
                                        struct registry_result *ret_result, struct storage_result *met, struct error **err) {
    struct registry *registry = deletion->write.registry;
    if (deletion->write.request->dry_run) {
        answer_removed(deletion, object, true, ret_result);
        return WRITE_DONE;
    }
    AUTO_STR key = {0};
    registry_append_key(deletion->write.request->resource, object->ns, object->name, &key);
    struct storage_write to_remove = {.key = str_text(&key), .expected = revision, .deadline = deletion->write.request->deadline};
    if (storage_remove(registry->setup.storage, &to_remove, met, err) < 0)
        return WRITE_FAILED;
    if (!met->succeeded)
        return WRITE_LOST;
    AUTO_OBJECT last = object_with_version(object, met->revision);
    answer_removed(deletion, last, true, ret_result);
    return WRITE_DONE;
}

// Writes the marked object, and then removes it if nothing holds it.
static enum write_outcome store_mark(struct deletion *deletion, struct json *marked, const struct current *current,
                                     struct registry_result *ret_result, struct storage_result *met, struct error **err) {
    AUTO_REGISTRY_RESULT written = {0};
    enum write_outcome outcome = write_store(&deletion->write, marked, current, &written, met, err);
    if (outcome != WRITE_DONE)
        return outcome;
    if (deletion->decision == DELETE_KEEP) {
        answer_object(deletion, written.object, false, ret_result);
        return WRITE_DONE;
    }
    const struct object *object = written.object;
    // met keeps the update's item only where it lost.
    storage_result_free(met);
    outcome = remove_object(deletion, object, object->resource_version, ret_result, met, err);
    if (outcome == WRITE_LOST && !met->current.key) {
        // Somebody else removed it in between: what was wanted has happened.
        answer_removed(deletion, object, true, ret_result);
        return WRITE_DONE;
    }
    return outcome;
}

static enum write_outcome attempt(struct deletion *deletion, const struct current *current, struct registry_result *ret_result,
                                  struct storage_result *met, struct error **err) {
    if (check_preconditions(deletion, current, err) < 0 ||
        write_admit_validate(&deletion->write, ADMISSION_DELETE, NULL, current->tree, err) < 0)
        return WRITE_REFUSED;
    AUTO_JSON marked = json_clone(current->tree);
    deletion->decision = delete_mark(deletion->write.strategy, deletion->options, deletion->write.context.now, marked);
    enum write_outcome outcome = WRITE_DONE;
    switch (deletion->decision) {
    case DELETE_PENDING:
        outcome = write_confirm(&deletion->write, current, met, err);
        if (outcome == WRITE_DONE)
            answer_removed(deletion, current->object, false, ret_result);
        return outcome;
    case DELETE_NOW:
        return remove_object(deletion, current->object, current->revision, ret_result, met, err);
    case DELETE_KEEP:
    case DELETE_AND_WRITE:
        break;
    }
    return store_mark(deletion, marked, current, ret_result, met, err);
}

static int delete_admitted(struct deletion *deletion, struct registry_result *ret_result, struct error **err) {
    struct write *write = &deletion->write;
    const struct registry_request *request = write->request;
    AUTO_CURRENT current = {0};
    if (registry_check_name(request, err) < 0 || current_load(&current, write->registry, request, request->name, err) < 0)
        return -1;
    for (;; write_next_attempt(write)) {
        AUTO_STORAGE_RESULT met = {0};
        AUTO_ERROR failed = NULL;
        if (!current.object)
            return status_not_found(err, request->resource, request->name);
        switch (attempt(deletion, &current, ret_result, &met, &failed)) {
        case WRITE_DONE:
            return 0;
        case WRITE_FAILED:
            return error_move(err, &failed);
        case WRITE_REFUSED:
            if (!current_was_stale(&current, write->registry, request, request->name))
                return error_move(err, &failed);
            break;
        case WRITE_LOST:
            if (current_take_item(&current, request->resource, &met.current, err) < 0)
                return -1;
            break;
        }
    }
}

int registry_delete(struct registry *registry, const struct registry_request *request,
                    const struct registry_delete_options *options, struct registry_result *ret_result, struct error **err) {
    struct registry_request effective = *request;
    effective.dry_run |= options->dry_run;
    struct deletion deletion = {.options = options};
    write_begin(&deletion.write, registry, &effective);
    if (write_admit(&deletion.write, ADMISSION_DELETE, NULL, NULL, err) < 0)
        return -1;
    return delete_admitted(&deletion, ret_result, err);
}

int registry_delete_collection(struct registry *registry, const struct registry_request *request,
                               const struct registry_delete_options *options, const struct registry_list_options *selection,
                               struct registry_list *ret_list, struct error **err) {
    AUTO_REGISTRY_LIST found = {0};
    struct registry_request effective = *request;
    effective.dry_run |= options->dry_run;
    struct deletion collection = {.options = options};
    write_begin(&collection.write, registry, &effective);
    if (write_admit(&collection.write, ADMISSION_DELETE, NULL, NULL, err) < 0 ||
        registry_list(registry, request, selection, &found, err) < 0)
        return -1;
    for (size_t i = 0; i < found.len; i++) {
        AUTO_REGISTRY_RESULT result = {0};
        AUTO_ERROR failed = NULL;
        struct registry_request one = effective;
        one.ns = found.items[i]->ns;
        one.name = found.items[i]->name;
        struct deletion deletion = {.options = options};
        write_begin(&deletion.write, registry, &one);
        // What is gone already was to go anyway.
        if (delete_admitted(&deletion, &result, &failed) < 0 && !error_is(failed, "NotFound"))
            return error_move(err, &failed);
    }
    *ret_list = found;
    found = (struct registry_list){0};
    return 0;
}
