// SPDX-License-Identifier: Apache-2.0
// The one path that every write of an object takes.
#include "apiserver/registry/write.h"

#include <string.h>

#include "apiserver/registry/write_metadata.h"
#include "common/api/defaults.h"
#include "common/api/meta.h"
#include "common/api/status.h"
#include "common/api/validation.h"
#include "common/base/alloc.h"

void write_begin(struct write *write, struct registry *registry, const struct registry_request *request) {
    *write = (struct write){
        .registry = registry,
        .request = request,
        .strategy = strategy_of(request->resource),
        .context = {.resource = request->resource,
                    .subresource = registry_subresource(request),
                    .now = clock_wall(registry->setup.clock),
                    .event_ttl = registry->setup.event_ttl},
        .warnings = request->warnings,
    };
}

void write_next_attempt(struct write *write) {
    write->warnings = NULL;
}

// --- the steps -----------------------------------------------------------------------------------------------------------
static struct admission_attributes attributes_of(const struct write *write, enum admission_operation operation,
                                                 struct json *object, const struct json *old) {
    const struct registry_request *request = write->request;
    const char *name = str_empty(request->name) ? meta_name(object) : request->name;
    return (struct admission_attributes){.operation = operation,
                                         .resource = request->resource,
                                         .subresource = registry_subresource(request),
                                         .ns = registry_namespace(request),
                                         .name = name,
                                         .object = object,
                                         .old_object = old,
                                         .user = request->user,
                                         .dry_run = request->dry_run,
                                         .warnings = write->warnings};
}

int write_admit(const struct write *write, enum admission_operation operation, struct json *object, const struct json *old,
                struct error **err) {
    if (!write->registry->admission)
        return 0;
    struct admission_attributes attributes = attributes_of(write, operation, object, old);
    return admission_chain_mutate(write->registry->admission, &attributes, err);
}

int write_admit_validate(const struct write *write, enum admission_operation operation, struct json *object,
                         const struct json *old, struct error **err) {
    if (!write->registry->admission)
        return 0;
    struct admission_attributes attributes = attributes_of(write, operation, object, old);
    return admission_chain_validate(write->registry->admission, &attributes, err);
}

static bool is_whole_object(const struct write *write) {
    return write->context.subresource[0] == '\0' || str_equal(write->context.subresource, "scale");
}

static void prepare_create(const struct write *write, struct json *object) {
    write_metadata_prepare_create(write, object);
    if (write->strategy->prepare_create)
        write->strategy->prepare_create(&write->context, object);
    else
        json_remove(object, "status");
}

static void copy_all_but_status(struct json *object, const struct json *old) {
    static const char *const kept[] = {"kind", "apiVersion", "metadata", "status"};
    AUTO_STR_LIST keys = {0};
    for (struct json_iter it = json_iter(object); json_iter_next(&it);)
        str_list_add(&keys, it.key);
    for (struct json_iter it = json_iter(old); json_iter_next(&it);)
        if (!json_has(object, it.key))
            str_list_add(&keys, it.key);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        str_list_remove(&keys, kept[i]);
    for (size_t i = 0; i < keys.len; i++)
        strategy_copy_member(object, old, keys.items[i]);
}

static void prepare_update(const struct write *write, struct json *object, const struct json *old) {
    write_metadata_prepare_update(write, object, old);
    if (is_whole_object(write)) {
        if (write->strategy->prepare_update)
            write->strategy->prepare_update(&write->context, object, old);
        else
            strategy_copy_member(object, old, "status");
        write_metadata_bump_generation(write, object, old);
        return;
    }
    if (str_equal(write->context.subresource, "status"))
        copy_all_but_status(object, old);
    if (write->strategy->prepare_subresource)
        write->strategy->prepare_subresource(&write->context, object, old);
}

static int validate(const struct write *write, const struct json *object, const struct json *old, struct error **err) {
    AUTO_FIELD_ERRORS errors = {0};
    const struct resource *resource = write->request->resource;
    if (!old)
        validation_create(resource, object, &errors);
    else if (is_whole_object(write))
        validation_update(resource, object, old, &errors);
    else
        validation_update_status(resource, object, old, &errors);
    return errors.len ? status_invalid(err, resource, meta_name(object), &errors) : 0;
}

enum write_outcome write_object(struct write *write, struct write_source *source, const struct current *current,
                                struct registry_result *ret_result, struct storage_result *met, struct error **err) {
    const struct json *old = current->tree;
    enum admission_operation operation = old ? ADMISSION_UPDATE : ADMISSION_CREATE;
    AUTO_JSON object = NULL;

    // Decoding and field validation are the source's.
    if (source->make(source, write, old, &object, err) < 0)
        return WRITE_REFUSED;
    defaults_apply(write->request->resource, object);
    if (write_metadata_begin(write, object, old, err) < 0)
        return WRITE_REFUSED;
    if (write_admit(write, operation, object, old, err) < 0)
        return WRITE_REFUSED;
    if (write_metadata_check_version(write, object, current, err) < 0)
        return WRITE_REFUSED;
    if (old)
        prepare_update(write, object, old);
    else
        prepare_create(write, object);
    if (validate(write, object, old, err) < 0)
        return WRITE_REFUSED;
    if (write_admit_validate(write, operation, object, old, err) < 0)
        return WRITE_REFUSED;
    return write_store(write, object, current, ret_result, met, err);
}

// --- storing -------------------------------------------------------------------------------------------------------------
// What only deletion waits for is gone: the last finalizer went, and no grace period runs.
static bool is_finished(const struct write *write, const struct json *object, const struct json *old) {
    const struct json *metadata = json_get(object, "metadata");
    if (json_len(json_get(metadata, "finalizers")) > 0 || !meta_deleting(old))
        return false;
    if (json_find_int(old, "metadata.deletionGracePeriodSeconds", 0) > 0)
        return false;
    return !write->strategy->held || !write->strategy->held(object);
}

// The stored form: without resourceVersion. NULL and *err if the tree has become unusable, which admission may do.
static struct object *stored_form(const struct write *write, struct json *object, struct error **err) {
    struct object *stored = NULL;
    json_remove(json_get(object, "metadata"), "resourceVersion");
    if (object_new(object, write->request->resource, &stored, err) < 0)
        return NULL;
    return stored;
}

static struct storage_write storage_write_of(const struct write *write, const char *key, const struct object *stored,
                                             const struct current *current) {
    return (struct storage_write){
        .key = key,
        .bytes = stored->json,
        .len = stored->len,
        .expected = current->revision,
        .ttl = write->strategy->ttl ? write->strategy->ttl(&write->context) : 0,
        .deadline = write->request->deadline,
    };
}

static void answer(struct registry_result *ret_result, int code, const struct object *stored, uint64_t revision) {
    ret_result->code = code;
    ret_result->object = revision ? object_with_version(stored, revision) : object_ref(stored);
}

static enum write_outcome lost_create(const struct write *write, const struct object *stored) {
    if (write->made_name)
        *write->made_name = alloc_string(stored->name);
    return WRITE_LOST;
}

// A create that must not happen: whether it would have.
static enum write_outcome create_dry(const struct write *write, const struct storage_write *to_write, const struct object *stored,
                                     struct registry_result *ret_result, struct error **err) {
    AUTO_STORAGE_ITEM item = {0};
    if (storage_get(write->registry->setup.storage, to_write->key, to_write->deadline, &item, NULL, err) < 0)
        return WRITE_FAILED;
    if (item.key)
        return lost_create(write, stored);
    answer(ret_result, 201, stored, 0);
    return WRITE_DONE;
}

static enum write_outcome store_created(const struct write *write, const struct storage_write *to_write,
                                        const struct object *stored, struct registry_result *ret_result,
                                        struct storage_result *met, struct error **err) {
    if (write->request->dry_run)
        return create_dry(write, to_write, stored, ret_result, err);
    if (storage_create(write->registry->setup.storage, to_write, met, err) < 0)
        return WRITE_FAILED;
    if (!met->succeeded)
        return lost_create(write, stored);
    answer(ret_result, 201, stored, met->revision);
    return WRITE_DONE;
}

enum write_outcome write_confirm(const struct write *write, const struct current *current, struct storage_result *met,
                                 struct error **err) {
    if (!current->from_cache || write->request->dry_run)
        return WRITE_DONE;
    AUTO_STR key = {0};
    registry_append_key(write->request->resource, current->object->ns, current->object->name, &key);
    if (storage_get(write->registry->setup.storage, str_text(&key), write->request->deadline, &met->current, NULL, err) < 0)
        return WRITE_FAILED;
    return met->current.key && met->current.mod_revision == current->revision ? WRITE_DONE : WRITE_LOST;
}

enum write_outcome write_store(struct write *write, struct json *object, const struct current *current,
                               struct registry_result *ret_result, struct storage_result *met, struct error **err) {
    struct storage *storage = write->registry->setup.storage;
    bool finished = current->object && is_finished(write, object, current->tree);
    if (current->object) {
        json_set_string(json_get(object, "metadata"), "resourceVersion", meta_resource_version(current->tree));
        if (!finished && !write->strategy->ttl && json_equal(object, current->tree)) {
            // Nothing would change: the answer is what there is, once that is sure to be storage's state.
            enum write_outcome outcome = write_confirm(write, current, met, err);
            if (outcome == WRITE_DONE)
                *ret_result = (struct registry_result){.code = 200, .object = object_ref(current->object)};
            return outcome;
        }
    }
    AUTO_OBJECT stored = stored_form(write, object, err);
    if (!stored)
        return WRITE_REFUSED;
    AUTO_STR key = {0};
    registry_append_key(write->request->resource, stored->ns, stored->name, &key);
    struct storage_write to_write = storage_write_of(write, str_text(&key), stored, current);
    if (!current->object)
        return store_created(write, &to_write, stored, ret_result, met, err);
    if (write->request->dry_run) {
        answer(ret_result, 200, stored, current->revision);
        return WRITE_DONE;
    }
    int failed = finished ? storage_remove(storage, &to_write, met, err) : storage_update(storage, &to_write, met, err);
    if (failed < 0)
        return WRITE_FAILED;
    if (!met->succeeded)
        return WRITE_LOST;
    // A removed object keeps its last version in the answer, as upstream's does.
    answer(ret_result, 200, stored, finished ? current->revision : met->revision);
    return WRITE_DONE;
}

// --- attempts ------------------------------------------------------------------------------------------------------------
int write_existing(struct write *write, struct write_source *source, struct registry_result *ret_result, struct error **err) {
    const struct registry_request *request = write->request;
    bool may_create = source->creates && write->strategy->allow_create_on_update && !write->context.subresource[0];
    AUTO_CURRENT current = {0};
    if (registry_check_name(request, err) < 0 || current_load(&current, write->registry, request, request->name, err) < 0)
        return -1;
    for (;; write_next_attempt(write)) {
        AUTO_ERROR failed = NULL;
        AUTO_STORAGE_RESULT met = {0};
        if (!current.object && !may_create)
            return status_not_found(err, request->resource, request->name);
        switch (write_object(write, source, &current, ret_result, &met, &failed)) {
        case WRITE_DONE:
            return 0;
        case WRITE_FAILED:
            return error_move(err, &failed);
        case WRITE_REFUSED:
            if (!current_was_stale(&current, write->registry, request, request->name))
                return error_move(err, &failed);
            break;
        case WRITE_LOST:
            // A create that lost tells nothing about the winner.
            if (!current.object) {
                if (current_load_stored(&current, write->registry, request, request->name, err) < 0)
                    return -1;
            } else if (current_take_item(&current, request->resource, &met.current, err) < 0) {
                return -1;
            }
            break;
        }
    }
}
