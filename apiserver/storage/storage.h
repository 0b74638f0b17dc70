// SPDX-License-Identifier: Apache-2.0
// The storage seam: a revisioned key-value store with compare-and-swap, paged ranges and one watch of a whole prefix.
//
// etcd.h talks to a real etcd, memory.h keeps everything in memory; both behave alike (tests/unit/apiserver/storage/conformance.h). All calls
// block and may be made from several threads at once.
//
// Errors are API errors that can go to the client as they are:
//   the deadline passed                     504 Timeout
//   no endpoint can be reached              503 ServiceUnavailable
//   etcd says that it is not available      503 ServiceUnavailable, etcd's text: "etcdserver: request timed out"
//   etcd answered with another error        500, no reason, etcd's text (as upstream)
//   the revision has been compacted         410 Expired
//   the revision is still to come           504 Timeout, cause ResourceVersionTooLarge
// After a 5xx a write may or may not have been applied. It is never repeated here.
#ifndef CUBE_APISERVER_STORAGE_STORAGE_H
#define CUBE_APISERVER_STORAGE_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/net/transport.h"

// A key with its value at one revision. key and bytes are owned and NUL-terminated; bytes hold no resourceVersion.
struct storage_item {
    char *key; // NULL: there is no such key
    char *bytes;
    size_t len;
    uint64_t mod_revision;
    uint64_t create_revision;
};

void storage_item_free(struct storage_item *item); // frees and zeroes
#define AUTO_STORAGE_ITEM CLEANUP(storage_item_free) struct storage_item

// Keys in ascending order of their bytes.
struct storage_list {
    struct storage_item *items;
    size_t len;
    size_t cap;
    bool more;         // there are keys behind the last item
    uint64_t total;    // keys from the start of this page to the end of the prefix, this page included
    uint64_t revision; // the store's revision that the answer shows: the one asked for, else the newest
};

void storage_list_free(struct storage_list *list); // frees and zeroes
#define AUTO_STORAGE_LIST CLEANUP(storage_list_free) struct storage_list

struct storage_list_options {
    const char *prefix; // "/registry/pods/default/": mind the last slash
    const char *after;  // only keys greater than this one; NULL: all of the prefix
    size_t limit;       // 0: no bound
    uint64_t revision;  // 0: the newest
    bool keys_only;     // bytes are empty
    bool count_only;    // no items, only total and revision
    int64_t deadline;   // monotonic nanoseconds of the store's clock; 0: the store's default (the request timeout)
};

struct storage_write {
    const char *key;
    const char *bytes; // not for remove
    size_t len;
    uint64_t expected; // update, remove: the mod_revision that the key must have
    int64_t ttl;       // nanoseconds after which the key vanishes by itself; 0: never
    int64_t deadline;  // as above
};

// What a write met. succeeded false: nothing was written, because the comparison failed; then `current` is what is there now (key NULL:
// nothing). create leaves `current` empty: it failed because the key exists.
struct storage_result {
    bool succeeded;
    uint64_t revision; // of the write, or the store's newest
    struct storage_item current;
};

void storage_result_free(struct storage_result *result); // frees and zeroes
#define AUTO_STORAGE_RESULT CLEANUP(storage_result_free) struct storage_result

enum storage_event_type { STORAGE_PUT, STORAGE_DELETE };

// All pointers are borrowed for the callback. A deletion has no bytes; previous is only there if it was asked for.
struct storage_event {
    enum storage_event_type type;
    bool created; // a put of a key that was not there
    const char *key;
    const char *bytes;
    size_t len;
    const char *previous; // NULL: none or not asked for
    size_t previous_len;
    uint64_t mod_revision;
};

struct storage_watch {
    const char *prefix;
    uint64_t start_revision; // the first revision wanted; may lie in the future
    bool previous;           // events carry the value before
    // The watch stands: from now on nothing will be missed. May be NULL. Called on the watching thread.
    void (*on_start)(void *context);
    // Events in order of their revisions; all events of a revision come in one call. count 0 is progress: everything up to `revision`
    // has been delivered. Return false to end the watch.
    bool (*on_events)(void *context, const struct storage_event *events, size_t count, uint64_t revision);
    void *context;
    struct stream_stop *stop; // may be NULL; see storage_interrupt
};

// What the store is, for metrics and for what it can do.
struct storage_status {
    char version[32]; // "3.4.23"; "memory"
    uint64_t revision;
    uint64_t db_size;        // bytes
    uint64_t db_size_in_use; // bytes
};

struct storage;

struct storage_ops {
    const char *name;
    int (*get)(struct storage *storage, const char *key, int64_t deadline, struct storage_item *ret_item, uint64_t *ret_revision,
               struct error **err);
    int (*list)(struct storage *storage, const struct storage_list_options *options, struct storage_list *ret_list,
                struct error **err);
    int (*create)(struct storage *storage, const struct storage_write *write, struct storage_result *ret_result,
                  struct error **err);
    int (*update)(struct storage *storage, const struct storage_write *write, struct storage_result *ret_result,
                  struct error **err);
    int (*remove)(struct storage *storage, const struct storage_write *write, struct storage_result *ret_result,
                  struct error **err);
    int (*revision)(struct storage *storage, int64_t deadline, uint64_t *ret_revision, struct error **err);
    int (*touch)(struct storage *storage, const char *key, int64_t deadline, uint64_t *ret_revision, struct error **err);
    int (*watch)(struct storage *storage, const struct storage_watch *watch, struct error **err);
    void (*interrupt)(struct storage *storage);
    int (*compact_step)(struct storage *storage, const char *progress_key, struct error **err);
    int (*status)(struct storage *storage, int64_t deadline, struct storage_status *ret_status, struct error **err);
    int (*check)(struct storage *storage, int64_t deadline, struct error **err);
    void (*free)(struct storage *storage);
};
struct storage {
    const struct storage_ops *ops;
};

// The value of one key, linearizable. A missing key is no error: ret_item->key is NULL. ret_revision (may be NULL) is the store's revision.
int storage_get(struct storage *storage, const char *key, int64_t deadline, struct storage_item *ret_item, uint64_t *ret_revision,
                struct error **err) MUST_CHECK;
// A page of a prefix. At revision 0 linearizable.
int storage_list(struct storage *storage, const struct storage_list_options *options, struct storage_list *ret_list,
                 struct error **err) MUST_CHECK;
// Writes if the key is not there.
int storage_create(struct storage *storage, const struct storage_write *write, struct storage_result *ret_result,
                   struct error **err) MUST_CHECK;
// Replaces if the key's mod_revision is the expected one. Without ttl a former ttl ends.
int storage_update(struct storage *storage, const struct storage_write *write, struct storage_result *ret_result,
                   struct error **err) MUST_CHECK;
// Deletes if the key's mod_revision is the expected one.
int storage_remove(struct storage *storage, const struct storage_write *write, struct storage_result *ret_result,
                   struct error **err) MUST_CHECK;
// The store's newest revision, linearizable and cheap.
int storage_revision(struct storage *storage, int64_t deadline, uint64_t *ret_revision, struct error **err) MUST_CHECK;
// Writes an empty value, whatever is there: makes a revision that a watch of the key's prefix will see.
int storage_touch(struct storage *storage, const char *key, int64_t deadline, uint64_t *ret_revision,
                  struct error **err) MUST_CHECK;
// Blocks and delivers events until the callback returns false or stop is set (0), or until the watch failed (-1): the connection broke, no
// leader, or 410 Expired when start_revision has been compacted. The caller starts again behind the last revision that it saw.
int storage_watch(struct storage *storage, const struct storage_watch *watch, struct error **err) MUST_CHECK;
// Makes watches look at their stop flag now; without it they do so within a second.
void storage_interrupt(struct storage *storage);
// One round of the compaction that the API servers on one store share (upstream's compact_rev_key protocol, docs/operations.md): to be called
// every --etcd-compaction-interval; history is then one to two intervals long. progress_key (may be NULL) is written in the
// same revision as the compaction key, so that watches of its prefix see that revision.
int storage_compact_step(struct storage *storage, const char *progress_key, struct error **err) MUST_CHECK;
int storage_get_status(struct storage *storage, int64_t deadline, struct storage_status *ret_status,
                       struct error **err) MUST_CHECK;
// Whether the store serves a linearizable read: what /readyz and /livez ask.
int storage_check(struct storage *storage, int64_t deadline, struct error **err) MUST_CHECK;
void storage_free(struct storage *storage); // NULL is fine
void storage_freep(struct storage **storage);
#define AUTO_STORAGE CLEANUP(storage_freep) struct storage *

// The errors that every implementation gives alike. All return -1.
int storage_error_compacted(struct error **err);
int storage_error_deadline(struct error **err);

#endif
