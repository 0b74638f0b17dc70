// SPDX-License-Identifier: Apache-2.0
// The parts of metadata that belong to the server.
#include "apiserver/registry/write_metadata.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/base/time_format.h"

// As upstream's name generator: the result fits a label.
#define GENERATED_SUFFIX 5
#define GENERATED_BASE_MAX (63 - GENERATED_SUFFIX)

static int match_namespace(const struct write *write, struct json *object, struct error **err) {
    const char *wanted = registry_namespace(write->request);
    const char *found = meta_namespace(object);
    if (!wanted[0])
        json_remove(json_get(object, "metadata"), "namespace");
    else if (!found[0])
        json_set_string(json_get(object, "metadata"), "namespace", wanted);
    else if (!str_equal(wanted, found))
        return status_bad_request(err, "the namespace of the provided object does not match the namespace sent on the request");
    return 0;
}

int write_check_name(const struct write *write, struct json *object, struct error **err) {
    json_ensure_object(object, "metadata");
    const char *wanted = write->request->name;
    const char *found = meta_name(object);
    const char *ns = registry_namespace(write->request);
    if (!found[0])
        return status_bad_request(err, "the name of the object (%s based on URL) was undeterminable: name must be provided",
                                  wanted);
    if (!str_equal(found, wanted))
        return status_bad_request(err, "the name of the object (%s) does not match the name on the URL (%s)", found, wanted);
    const char *found_ns = meta_namespace(object);
    if (ns[0] && found_ns[0] && !str_equal(ns, found_ns))
        return status_bad_request(err, "the namespace of the object (%s) does not match the namespace on the request (%s)",
                                  found_ns, ns);
    return match_namespace(write, object, err);
}

int write_metadata_uid_conflict(const struct resource *resource, const char *ns, const char *name, const char *wanted,
                                const char *found, struct error **err) {
    AUTO_STR key = {0};
    AUTO_STR cause = {0};
    registry_append_key(resource, ns, name, &key);
    str_printf(&cause,
               "StorageError: invalid object, Code: 4, Key: %s, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID "
               "in precondition: %s, UID in object meta: %s",
               str_text(&key), wanted, found);
    return status_conflict(err, resource, name, str_text(&cause));
}

int write_metadata_begin(const struct write *write, struct json *object, const struct json *old, struct error **err) {
    static const char *const wiped[] = {"selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"};
    struct json *metadata = json_ensure_object(object, "metadata");
    if (match_namespace(write, object, err) < 0)
        return -1;
    if (old) {
        strategy_copy_member(metadata, json_get(old, "metadata"), "managedFields");
        return 0;
    }
    if (!str_empty(write->request->name) && meta_uid(object)[0])
        return write_metadata_uid_conflict(write->request->resource, registry_namespace(write->request), write->request->name,
                                           meta_uid(object), "", err);
    char uid[UUID_TEXT_SIZE];
    char now[TIME_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(wiped); i++)
        json_remove(metadata, wiped[i]);
    random_uuid(write->registry->setup.random, uid);
    json_set_string(metadata, "uid", uid);
    json_set_string(metadata, "creationTimestamp", time_format_seconds(write->context.now, now));
    return 0;
}

// Upstream prints the missing version as an unsigned number in hexadecimal.
static int version_missing(const struct write *write, const char *name, struct error **err) {
    AUTO_FIELD_ERRORS errors = {0};
    field_errors_invalid_int(&errors, "metadata.resourceVersion", 0, "must be specified for an update");
    free(errors.items[0].message);
    errors.items[0].message = alloc_string("Invalid value: 0x0: must be specified for an update");
    const struct resource *resource = write->request->resource;
    return status_invalid_kind(err, resource->group, resource->plural, name, &errors);
}

int write_metadata_check_version(const struct write *write, const struct json *object, const struct current *current,
                                 struct error **err) {
    const struct resource *resource = write->request->resource;
    const char *text = meta_resource_version(object);
    uint64_t version = 0;
    if (!current->object) {
        // A PUT that creates may carry the version of an object that is gone.
        if (str_empty(write->request->name) && text[0] && !str_equal(text, "0"))
            return error_set_api(err, 500, NULL, "resourceVersion should not be set on objects to be created");
        return 0;
    }
    const char *uid = meta_uid(object);
    if (uid[0] && !str_equal(uid, current->object->uid))
        return write_metadata_uid_conflict(resource, current->object->ns, current->object->name, uid, current->object->uid, err);
    if (registry_parse_version(text, &version, err) < 0)
        return -1;
    if (version == 0)
        return write->strategy->refuse_unconditional_update ? version_missing(write, current->object->name, err) : 0;
    if (version != current->revision)
        return status_conflict(err, resource, current->object->name, STATUS_CONFLICT_MODIFIED);
    return 0;
}

void write_metadata_prepare_create(const struct write *write, struct json *object) {
    struct json *metadata = json_get(object, "metadata");
    const char *base = json_get_text(metadata, "generateName");
    if (!meta_name(object)[0] && base[0]) {
        char suffix[GENERATED_SUFFIX + 1];
        AUTO_STR name = {0};
        random_name_suffix(write->registry->setup.random, suffix, GENERATED_SUFFIX);
        str_append_n(&name, base, MIN(strlen(base), (size_t)GENERATED_BASE_MAX));
        str_append(&name, suffix);
        json_set_string(metadata, "name", str_text(&name));
    }
    json_remove(metadata, "resourceVersion");
    json_remove(metadata, "generation");
    if (write->strategy->generation)
        json_set_int(metadata, "generation", 1);
}

void write_metadata_prepare_update(const struct write *write, struct json *object, const struct json *old) {
    (void)write;
    struct json *metadata = json_get(object, "metadata");
    const struct json *old_metadata = json_get(old, "metadata");
    strategy_copy_member(metadata, old_metadata, "generation");
    strategy_copy_member(metadata, old_metadata, "creationTimestamp");
    if (!meta_uid(object)[0])
        strategy_copy_member(metadata, old_metadata, "uid");
    if (json_get(old_metadata, "deletionTimestamp"))
        strategy_copy_member(metadata, old_metadata, "deletionTimestamp");
    if (json_get(old_metadata, "deletionGracePeriodSeconds") && !json_get(metadata, "deletionGracePeriodSeconds"))
        strategy_copy_member(metadata, old_metadata, "deletionGracePeriodSeconds");
}

void write_metadata_bump_generation(const struct write *write, struct json *object, const struct json *old) {
    if (write->strategy->generation && !json_equal(json_get(object, "spec"), json_get(old, "spec")))
        json_set_int(json_get(object, "metadata"), "generation", meta_generation(old) + 1);
}
