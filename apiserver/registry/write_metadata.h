// SPDX-License-Identifier: Apache-2.0
// The parts of metadata that belong to the server: names, uids, times, generations, and the optimistic lock.
#ifndef CUBE_APISERVER_REGISTRY_WRITE_METADATA_H
#define CUBE_APISERVER_REGISTRY_WRITE_METADATA_H

#include "apiserver/registry/write.h"

// Before admission. Create: what clients may not set is replaced by the server's values. Errors: namespace mismatch (400), a PUT of a uid that
// is not there (409).
int write_metadata_begin(const struct write *write, struct json *object, const struct json *old, struct error **err) MUST_CHECK;
// uid and resourceVersion of the wanted object against what there is; 409 Conflict, or 422 where a resourceVersion is needed.
int write_metadata_check_version(const struct write *write, const struct json *object, const struct current *current,
                                 struct error **err) MUST_CHECK;
// After mutating admission: the generated name, the first generation.
void write_metadata_prepare_create(const struct write *write, struct json *object);
// What no update may change is the old one's.
void write_metadata_prepare_update(const struct write *write, struct json *object, const struct json *old);
// One more if the spec is another.
void write_metadata_bump_generation(const struct write *write, struct json *object, const struct json *old);

// upstream's Conflict for a uid precondition that storage refused. Returns -1.
int write_metadata_uid_conflict(const struct resource *resource, const char *ns, const char *name, const char *wanted,
                                const char *found, struct error **err);

#endif
