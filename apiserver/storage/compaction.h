// SPDX-License-Identifier: Apache-2.0
// Periodic compaction of the store: one thread that calls storage_compact_step.
#ifndef CUBE_APISERVER_STORAGE_COMPACTION_H
#define CUBE_APISERVER_STORAGE_COMPACTION_H

#include <stdint.h>

#include "apiserver/storage/storage.h"
#include "common/base/clock.h"

struct compaction;

// interval in nanoseconds (--etcd-compaction-interval), not 0. progress_key: see storage_compact_step; may be NULL. Failures are logged once until it
// works again.
struct compaction *compaction_start(struct storage *storage, struct clock *clock, int64_t interval, const char *progress_key);
void compaction_stop(struct compaction *compaction); // and frees it; NULL is fine

#endif
