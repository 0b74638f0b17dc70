// SPDX-License-Identifier: Apache-2.0
// Requests to etcd's JSON gateway and its answers: the only file that knows how they are written.
//
// etcd ignores unknown request fields without a word and leaves out zero values in answers, so both are handled in one place each and tested
// against a real etcd. Answers are read by one pass over the text: values of up to 1.5 MB are decoded from base64 in place, no tree.
#ifndef CUBE_APISERVER_STORAGE_ETCD_JSON_H
#define CUBE_APISERVER_STORAGE_ETCD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apiserver/storage/storage.h"
#include "common/base/error.h"
#include "common/base/str.h"

// --- requests: all append a whole JSON document --------------------------------------------------------------------------------

void etcd_json_get(struct str *out, const char *key);
void etcd_json_list(struct str *out, const struct storage_list_options *options);
// A linearizable range that touches no key: for the revision in its header.
void etcd_json_revision(struct str *out);
void etcd_json_put(struct str *out, const char *key, const char *bytes, size_t len);
// lease 0: none.
void etcd_json_create(struct str *out, const struct storage_write *write, uint64_t lease);
void etcd_json_update(struct str *out, const struct storage_write *write, uint64_t lease);
void etcd_json_remove(struct str *out, const struct storage_write *write);
// If version(key) is this one: put value to it, and an empty value to also_key (may be NULL). Else get it.
void etcd_json_compact_claim(struct str *out, const char *key, uint64_t version, const char *value, const char *also_key);
void etcd_json_compact(struct str *out, uint64_t revision);
void etcd_json_lease_grant(struct str *out, int64_t seconds);
void etcd_json_watch(struct str *out, const char *prefix, uint64_t start_revision, bool previous);

// --- answers -----------------------------------------------------------------------------------------------------------------------

struct etcd_event {
    bool deleted;
    struct storage_item item;     // of a deletion: only key and mod_revision
    struct storage_item previous; // key NULL: none
};

// Everything that any answer or stream message can hold; what was not there is zero.
struct etcd_answer {
    uint64_t revision; // header.revision
    bool succeeded;
    bool more;
    uint64_t count;
    struct storage_list kvs; // range, or the range in a txn's failure branch; only items, len, cap
    uint64_t key_version;    // "version" of the last of kvs
    uint64_t lease;
    // watch
    struct etcd_event *events;
    size_t event_count;
    size_t event_cap;
    bool created;
    bool canceled;
    uint64_t compact_revision;
    // maintenance
    char *version;
    uint64_t db_size;
    uint64_t db_size_in_use;
    // errors; the text is error_text or message, whichever is there
    uint64_t code; // gRPC's; 0: none
    bool failed;   // there was an "error" member
    char *error_text;
    char *message;
};

// One JSON document (white space around it is fine). Errors: anything that is not JSON of the expected shape; answer must be freed then, too.
int etcd_json_read(const char *text, size_t len, struct etcd_answer *answer, struct error **err) MUST_CHECK;
void etcd_answer_free(struct etcd_answer *answer); // frees and zeroes
#define AUTO_ETCD_ANSWER CLEANUP(etcd_answer_free) struct etcd_answer

#endif
