// SPDX-License-Identifier: Apache-2.0
// What the scheduler knows of nodes and of the pods on them, the ones included whose binding is still on its way (assumed pods).
//
// Not locked: the scheduler holds its own lock around every call.
#ifndef CUBE_SCHEDULER_CACHE_H
#define CUBE_SCHEDULER_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/api/object.h"
#include "scheduler/plugins/node_info.h"

struct cache;

struct cache *cache_new(void);
void cache_free(struct cache *cache);
// true: something changed that may let a waiting pod run (a new node; labels, taints, allocatable, unschedulable of a known one).
bool cache_set_node(struct cache *cache, const struct object *node);
void cache_remove_node(struct cache *cache, const char *name);
// A pod that is bound: new, or the confirmation of an assumed one.
void cache_add_pod(struct cache *cache, const struct object *pod);
// Reserves the node's resources for a pod before its binding is written.
void cache_assume_pod(struct cache *cache, const struct object *pod, const char *node);
// The binding failed: takes the pod out unless it has been seen bound meanwhile.
void cache_forget_pod(struct cache *cache, const char *uid);
// true: it was there (bound or assumed).
bool cache_remove_pod(struct cache *cache, const char *uid);
// The nodes that are known, in a stable order; valid until the next change.
struct node_info *const *cache_nodes(const struct cache *cache, size_t *ret_count);
// Node name -> number of pods that this controller owns there; NULL: none. Valid until the next change.
const struct map *cache_owner_spread(const struct cache *cache, const char *controller_uid);

#endif
