// SPDX-License-Identifier: Apache-2.0
// Storage in memory, with revisions, history, compaction, expiry and watches as etcd has them: for tests and the simulation.
#ifndef CUBE_APISERVER_STORAGE_MEMORY_H
#define CUBE_APISERVER_STORAGE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "apiserver/storage/storage.h"
#include "common/base/clock.h"

// Starts at revision 1, as an empty etcd. The clock ends ttls and bounds waits.
struct storage *memory_storage_new(struct clock *clock);

// --- what happens to an etcd, on demand -------------------------------------------------------------------------------------
// Every call fails with 503 until it is switched off again; watches end with an error.
void memory_storage_set_down(struct storage *storage, bool down);
// Forgets history before the revision.
void memory_storage_compact(struct storage *storage, uint64_t revision);
// All watches break, as if the connection was lost.
void memory_storage_break_watches(struct storage *storage);
// Watches that stand now bring nothing any more and do not end, as over a connection that hangs. New ones work.
void memory_storage_hang_watches(struct storage *storage);
// Goes back to what was there at the revision, as a restored backup does: later revisions never happened. Watches break.
void memory_storage_restore(struct storage *storage, uint64_t revision);

#endif
