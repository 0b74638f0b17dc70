// SPDX-License-Identifier: Apache-2.0
// Outstanding creations (a count) and deletions (a set of UIDs) per key.
#include "common/controller/expectations.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/lock.h"
#include "common/base/map.h"

#define EXPECTATIONS_TIMEOUT (5 * MINUTE)

struct expectation {
    int creations;
    struct map deletions; // UIDs; the value is the key's own marker
    int64_t set_at;       // monotonic
};

struct expectations {
    struct clock *clock;

    // under lock
    struct lock lock;
    struct map by_key;
};

static void expectation_free(void *value) {
    struct expectation *expectation = value;
    map_free(&expectation->deletions);
    free(expectation);
}

struct expectations *expectations_new(struct clock *clock) {
    struct expectations *e = alloc_zero(sizeof(*e));
    e->clock = clock;
    e->by_key = MAP_OWNING(expectation_free);
    lock_init(&e->lock, "expectations");
    return e;
}

void expectations_free(struct expectations *e) {
    if (!e)
        return;
    map_free(&e->by_key);
    lock_destroy(&e->lock);
    free(e);
}

bool expectations_satisfied(struct expectations *e, const char *key) {
    bool satisfied = true;
    LOCKED(&e->lock) {
        const struct expectation *expectation = map_get(&e->by_key, key);
        satisfied = !expectation || (expectation->creations <= 0 && expectation->deletions.len == 0) ||
                    clock_monotonic(e->clock) - expectation->set_at > EXPECTATIONS_TIMEOUT;
    }
    return satisfied;
}

static struct expectation *renew(struct expectations *e, const char *key) {
    lock_assert_held(&e->lock);
    struct expectation *expectation = alloc_zero(sizeof(*expectation));
    expectation->set_at = clock_monotonic(e->clock);
    map_put(&e->by_key, key, expectation);
    return expectation;
}

void expectations_expect_creations(struct expectations *e, const char *key, int count) {
    LOCKED(&e->lock) {
        renew(e, key)->creations = count;
    }
}

void expectations_expect_deletions(struct expectations *e, const char *key, const char *const *uids, size_t count) {
    LOCKED(&e->lock) {
        struct expectation *expectation = renew(e, key);
        for (size_t i = 0; i < count; i++)
            map_put(&expectation->deletions, uids[i], expectation);
    }
}

void expectations_creation_observed(struct expectations *e, const char *key) {
    LOCKED(&e->lock) {
        struct expectation *expectation = map_get(&e->by_key, key);
        if (expectation && expectation->creations > 0)
            expectation->creations--;
    }
}

void expectations_deletion_observed(struct expectations *e, const char *key, const char *uid) {
    LOCKED(&e->lock) {
        struct expectation *expectation = map_get(&e->by_key, key);
        if (expectation)
            map_remove(&expectation->deletions, uid);
    }
}

void expectations_delete(struct expectations *e, const char *key) {
    LOCKED(&e->lock) {
        struct expectation *expectation = map_remove(&e->by_key, key);
        if (expectation)
            expectation_free(expectation);
    }
}
