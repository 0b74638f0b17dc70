// SPDX-License-Identifier: Apache-2.0
// What a delete makes of an object before (or instead of) removing it: grace periods, the collector's finalizers, the deletion mark.
#ifndef CUBE_APISERVER_REGISTRY_DELETE_MARK_H
#define CUBE_APISERVER_REGISTRY_DELETE_MARK_H

#include "apiserver/registry/registry.h"
#include "apiserver/registry/strategy.h"

enum delete_decision {
    DELETE_PENDING,   // it is being deleted already and this request changes nothing
    DELETE_KEEP,      // write the marked object; finalizers or the grace period hold it
    DELETE_AND_WRITE, // write it, so that watchers see the mark, and then remove it
    DELETE_NOW,       // remove it
};

// Pure: marks `object` (a copy of the current one) as upstream's BeforeDelete and updateForGracefulDeletionAndFinalizers do.
enum delete_decision delete_mark(const struct strategy *strategy, const struct registry_delete_options *options, int64_t now,
                                 struct json *object);

#endif
