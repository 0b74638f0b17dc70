// SPDX-License-Identifier: Apache-2.0
// What a delete makes of an object before (or instead of) removing it.
#include "apiserver/registry/delete_mark.h"

#include "common/api/meta.h"
#include "common/base/clock.h"
#include "common/base/time_format.h"

#define FINALIZER_ORPHAN "orphan"
#define FINALIZER_FOREGROUND "foregroundDeletion"

static void set_deletion(struct json *object, int64_t when, int64_t grace) {
    char text[TIME_TEXT_SIZE];
    struct json *metadata = json_get(object, "metadata");
    json_set_string(metadata, "deletionTimestamp", time_format_seconds(when, text));
    json_set_int(metadata, "deletionGracePeriodSeconds", grace);
}

// The observers of an object that keeps a generation see its deletion as a change.
static void bump_generation(struct json *object) {
    if (meta_generation(object) > 0)
        json_set_int(json_get(object, "metadata"), "generation", meta_generation(object) + 1);
}

enum grace { GRACE_NONE, GRACE_SET, GRACE_PENDING };

// Upstream's BeforeDelete for kinds with grace periods.
static enum grace mark_graceful(const struct strategy *strategy, int64_t requested, int64_t now, struct json *object) {
    int64_t left = json_find_int(object, "metadata.deletionGracePeriodSeconds", 0);
    if (!strategy->grace_seconds)
        return GRACE_NONE;
    if (!meta_deleting(object)) {
        int64_t grace = strategy->grace_seconds(object, requested);
        set_deletion(object, now + grace * SECOND, grace);
        bump_generation(object);
        return GRACE_SET;
    }
    if (left == 0)
        return GRACE_NONE;
    // Only a shorter period may be asked for.
    if (requested < 0 || requested >= left)
        return GRACE_PENDING;
    set_deletion(object, meta_deletion_time(object) + (requested - left) * SECOND, requested);
    return GRACE_SET;
}

static bool wants(const struct strategy *strategy, const struct registry_delete_options *options, const struct json *object,
                  bool orphan) {
    if (strategy->dependents == STRATEGY_DEPENDENTS_UNSUPPORTED)
        return false;
    if (options->orphan_dependents >= 0)
        return orphan && options->orphan_dependents;
    if (options->propagation_policy)
        return str_equal(options->propagation_policy, orphan ? "Orphan" : "Foreground");
    // What an earlier request decided outweighs the kind's default.
    for (size_t i = 0; i < json_len(json_find(object, "metadata.finalizers")); i++) {
        const char *finalizer = json_string(json_at(json_find(object, "metadata.finalizers"), i));
        if (str_equal(finalizer, FINALIZER_ORPHAN))
            return orphan;
        if (str_equal(finalizer, FINALIZER_FOREGROUND))
            return !orphan;
    }
    return orphan && strategy->dependents == STRATEGY_DEPENDENTS_ORPHAN;
}

// true: the finalizers are others now.
static bool set_finalizers(const struct strategy *strategy, const struct registry_delete_options *options, struct json *object) {
    bool orphan = wants(strategy, options, object, true);
    bool foreground = wants(strategy, options, object, false);
    bool changed = orphan ? meta_add_finalizer(object, FINALIZER_ORPHAN) : meta_remove_finalizer(object, FINALIZER_ORPHAN);
    changed |=
        foreground ? meta_add_finalizer(object, FINALIZER_FOREGROUND) : meta_remove_finalizer(object, FINALIZER_FOREGROUND);
    return changed;
}

// Kinds with finalizers of their own (namespaces) are marked by the first delete and removed by a later one.
static enum delete_decision mark_held(const struct strategy *strategy, const struct registry_delete_options *options, int64_t now,
                                      struct json *object) {
    char text[TIME_TEXT_SIZE];
    if (meta_deleting(object))
        return strategy->held(object) ? DELETE_PENDING : DELETE_NOW;
    json_set_string(json_get(object, "metadata"), "deletionTimestamp", time_format_seconds(now, text));
    strategy->mark_deleted(object);
    set_finalizers(strategy, options, object);
    return DELETE_KEEP;
}

static void mark_without_grace(struct json *object, int64_t now) {
    bool in_past = meta_deleting(object) && meta_deletion_time(object) <= now;
    int64_t when = in_past ? meta_deletion_time(object) : now;
    if (!meta_deleting(object))
        bump_generation(object);
    set_deletion(object, when, 0);
}

enum delete_decision delete_mark(const struct strategy *strategy, const struct registry_delete_options *options, int64_t now,
                                 struct json *object) {
    if (strategy->held) {
        enum delete_decision decision = mark_held(strategy, options, now, object);
        if (decision != DELETE_NOW)
            return decision;
    }
    enum grace grace = mark_graceful(strategy, options->grace_period_seconds, now, object);
    if (grace == GRACE_PENDING)
        return DELETE_PENDING;
    bool changed = set_finalizers(strategy, options, object);
    bool held = json_len(json_find(object, "metadata.finalizers")) > 0;
    if (grace == GRACE_NONE && !held)
        return changed ? DELETE_AND_WRITE : DELETE_NOW;
    if (grace == GRACE_NONE)
        mark_without_grace(object, now);
    if (held)
        return DELETE_KEEP;
    return json_find_int(object, "metadata.deletionGracePeriodSeconds", 0) > 0 ? DELETE_KEEP : DELETE_AND_WRITE;
}
