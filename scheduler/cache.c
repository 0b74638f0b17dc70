// SPDX-License-Identifier: Apache-2.0
// Nodes by name, pods by UID, and per owner how many pods it has on each node.
#include "scheduler/cache.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/map.h"

struct cached_pod {
    struct pod_view *view;
    char *node;
    bool assumed;
};

struct cache {
    struct map nodes;     // name -> struct node_info
    struct ptr_vec known; // those with a view
    struct map pods;      // uid -> struct cached_pod
    struct map owners;    // controller uid -> struct map (node -> count)
};

static void cached_pod_free(void *value) {
    struct cached_pod *pod = value;
    pod_view_free(pod->view);
    free(pod->node);
    free(pod);
}

static void node_free(void *value) {
    node_info_free(value);
}

static void counts_free(void *value) {
    map_free(value);
    free(value);
}

struct cache *cache_new(void) {
    struct cache *cache = alloc_zero(sizeof(*cache));
    cache->nodes = MAP_OWNING(node_free);
    cache->pods = MAP_OWNING(cached_pod_free);
    cache->owners = MAP_OWNING(counts_free);
    return cache;
}

void cache_free(struct cache *cache) {
    if (!cache)
        return;
    map_free(&cache->nodes);
    map_free(&cache->pods);
    map_free(&cache->owners);
    ptr_vec_free(&cache->known);
    free(cache);
}

static struct node_info *node_of(struct cache *cache, const char *name) {
    struct node_info *node = map_get(&cache->nodes, name);
    if (!node) {
        node = node_info_new(name);
        map_put(&cache->nodes, name, node);
    }
    return node;
}

static bool same_for_scheduling(const struct object *old, const struct object *new) {
    static const char *const paths[] = {"spec", "metadata.labels", "status.allocatable"};
    AUTO_JSON before = object_tree(old);
    AUTO_JSON after = object_tree(new);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        const struct json *a = json_find(before, paths[i]);
        const struct json *b = json_find(after, paths[i]);
        if ((a || b) && !(a && b && json_equal(a, b)))
            return false;
    }
    return true;
}

bool cache_set_node(struct cache *cache, const struct object *object) {
    struct node_info *node = node_of(cache, object->name);
    bool changed = !node->view || !same_for_scheduling(node->view->object, object);
    if (!node->view)
        ptr_vec_push(&cache->known, node);
    node_view_free(node->view);
    node->view = node_view_new(object);
    return changed;
}

// A node without a view and without pods is of no use to anybody.
static void drop_if_empty(struct cache *cache, struct node_info *node) {
    if (node->view || node->pods.len > 0)
        return;
    map_remove(&cache->nodes, node->name);
    node_info_free(node);
}

void cache_remove_node(struct cache *cache, const char *name) {
    struct node_info *node = map_get(&cache->nodes, name);
    if (!node)
        return;
    for (size_t i = 0; i < cache->known.len; i++) {
        if (cache->known.items[i] == node) {
            ptr_vec_remove(&cache->known, i);
            break;
        }
    }
    node_view_free(node->view);
    node->view = NULL;
    drop_if_empty(cache, node);
}

static void count_owner(struct cache *cache, const struct cached_pod *pod, int change) {
    const char *owner = pod->view->object->controller_uid;
    if (!owner)
        return;
    struct map *counts = map_get(&cache->owners, owner);
    if (!counts) {
        counts = alloc_zero(sizeof(*counts));
        map_put(&cache->owners, owner, counts);
    }
    size_t count = (size_t)map_get(counts, pod->node) + (size_t)change;
    if (count > 0)
        map_put(counts, pod->node, (void *)count);
    else
        map_remove(counts, pod->node);
    if (counts->len == 0) {
        map_remove(&cache->owners, owner);
        counts_free(counts);
    }
}

static void put_pod(struct cache *cache, const struct object *object, const char *node, bool assumed) {
    struct cached_pod *pod = alloc_zero(sizeof(*pod));
    *pod = (struct cached_pod){.view = pod_view_new(object), .node = alloc_string(node), .assumed = assumed};
    map_put(&cache->pods, object->uid, pod);
    node_info_add_pod(node_of(cache, node), pod->view);
    count_owner(cache, pod, 1);
}

void cache_add_pod(struct cache *cache, const struct object *object) {
    const char *node = object_field(object, "spec.nodeName");
    struct cached_pod *pod = map_get(&cache->pods, object->uid);
    // Requests, ports and owner of a bound pod do not change; its status, which does, is none of the scheduler's business.
    if (pod && str_equal(pod->node, node)) {
        pod->assumed = false;
        return;
    }
    cache_remove_pod(cache, object->uid);
    put_pod(cache, object, node, false);
}

void cache_assume_pod(struct cache *cache, const struct object *object, const char *node) {
    cache_remove_pod(cache, object->uid);
    put_pod(cache, object, node, true);
}

void cache_forget_pod(struct cache *cache, const char *uid) {
    const struct cached_pod *pod = map_get(&cache->pods, uid);
    if (pod && pod->assumed)
        cache_remove_pod(cache, uid);
}

bool cache_remove_pod(struct cache *cache, const char *uid) {
    struct cached_pod *pod = map_remove(&cache->pods, uid);
    if (!pod)
        return false;
    count_owner(cache, pod, -1);
    struct node_info *node = map_get(&cache->nodes, pod->node);
    node_info_remove_pod(node, pod->view);
    drop_if_empty(cache, node);
    cached_pod_free(pod);
    return true;
}

struct node_info *const *cache_nodes(const struct cache *cache, size_t *ret_count) {
    *ret_count = cache->known.len;
    return (struct node_info *const *)cache->known.items;
}

const struct map *cache_owner_spread(const struct cache *cache, const char *controller_uid) {
    return controller_uid ? map_get(&cache->owners, controller_uid) : NULL;
}
