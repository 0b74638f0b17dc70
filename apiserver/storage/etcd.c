// SPDX-License-Identifier: Apache-2.0
// Storage in etcd: every operation is one request to the JSON gateway.
#include "apiserver/storage/etcd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apiserver/storage/etcd_internal.h"
#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/base/vec.h"
#include "common/net/http_client.h"

static struct etcd *etcd_of(struct storage *storage) {
    return CONTAINER_OF(storage, struct etcd, storage);
}

static struct storage_item take_first(struct etcd_answer *answer) {
    struct storage_item item = {0};
    if (answer->kvs.len) {
        item = answer->kvs.items[0];
        answer->kvs.items[0] = (struct storage_item){0};
    }
    return item;
}

static int etcd_get(struct storage *storage, const char *key, int64_t deadline, struct storage_item *ret_item,
                    uint64_t *ret_revision, struct error **err) {
    AUTO_STR body = {0};
    AUTO_ETCD_ANSWER answer = {0};
    etcd_json_get(&body, key);
    if (etcd_call(etcd_of(storage), &etcd_range, &body, deadline, &answer, err) < 0)
        return -1;
    *ret_item = take_first(&answer);
    if (ret_revision)
        *ret_revision = answer.revision;
    return 0;
}

static int etcd_revision(struct storage *storage, int64_t deadline, uint64_t *ret_revision, struct error **err) {
    AUTO_STR body = {0};
    AUTO_ETCD_ANSWER answer = {0};
    etcd_json_revision(&body);
    if (etcd_call(etcd_of(storage), &etcd_range, &body, deadline, &answer, err) < 0)
        return -1;
    *ret_revision = answer.revision;
    return 0;
}

static int etcd_list(struct storage *storage, const struct storage_list_options *options, struct storage_list *ret_list,
                     struct error **err) {
    AUTO_STR body = {0};
    AUTO_ETCD_ANSWER answer = {0};
    AUTO_ERROR failure = NULL;
    etcd_json_list(&body, options);
    if (etcd_call(etcd_of(storage), &etcd_range, &body, options->deadline, &answer, &failure) < 0) {
        // A revision to come: etcd does not say which one it has.
        uint64_t current = 0;
        if (options->revision && error_has_code(failure, 504) && failure->cause_count &&
            etcd_revision(storage, options->deadline, &current, NULL) == 0)
            return status_resource_version_too_large(err, options->revision, current);
        return error_move(err, &failure);
    }
    *ret_list = answer.kvs;
    answer.kvs = (struct storage_list){0};
    ret_list->more = answer.more;
    ret_list->total = answer.count;
    ret_list->revision = options->revision ? options->revision : answer.revision;
    return 0;
}

static int txn(struct etcd *etcd, const struct str *body, int64_t deadline, struct storage_result *ret_result,
               struct error **err) {
    AUTO_ETCD_ANSWER answer = {0};
    if (etcd_call(etcd, &etcd_txn, body, deadline, &answer, err) < 0)
        return -1;
    *ret_result = (struct storage_result){.succeeded = answer.succeeded, .revision = answer.revision};
    if (!answer.succeeded)
        ret_result->current = take_first(&answer);
    return 0;
}

typedef void write_json(struct str *out, const struct storage_write *write, uint64_t lease);

static int put_txn(struct etcd *etcd, const struct storage_write *write, write_json *json, struct storage_result *ret_result,
                   struct error **err) {
    uint64_t lease = 0;
    if (write->ttl > 0 && etcd_lease_get(etcd, write->ttl, write->deadline, &lease, err) < 0)
        return -1;
    AUTO_STR body = {0};
    json(&body, write, lease);
    return txn(etcd, &body, write->deadline, ret_result, err);
}

static int etcd_create(struct storage *storage, const struct storage_write *write, struct storage_result *ret_result,
                       struct error **err) {
    return put_txn(etcd_of(storage), write, etcd_json_create, ret_result, err);
}

static int etcd_update(struct storage *storage, const struct storage_write *write, struct storage_result *ret_result,
                       struct error **err) {
    return put_txn(etcd_of(storage), write, etcd_json_update, ret_result, err);
}

static int etcd_remove(struct storage *storage, const struct storage_write *write, struct storage_result *ret_result,
                       struct error **err) {
    AUTO_STR body = {0};
    etcd_json_remove(&body, write);
    return txn(etcd_of(storage), &body, write->deadline, ret_result, err);
}

static int etcd_touch(struct storage *storage, const char *key, int64_t deadline, uint64_t *ret_revision, struct error **err) {
    AUTO_STR body = {0};
    AUTO_ETCD_ANSWER answer = {0};
    etcd_json_put(&body, key, "", 0);
    if (etcd_call(etcd_of(storage), &etcd_put, &body, deadline, &answer, err) < 0)
        return -1;
    if (ret_revision)
        *ret_revision = answer.revision;
    return 0;
}

// Whoever wins the claim on the key's version compacts to the revision that it remembers from its last round; all remember this round's.
static int etcd_compact_step(struct storage *storage, const char *progress_key, struct error **err) {
    struct etcd *etcd = etcd_of(storage);
    uint64_t version = 0, revision = 0;
    LOCKED(&etcd->lock) {
        version = etcd->compact_version;
        revision = etcd->compact_revision;
    }
    AUTO_STR body = {0};
    AUTO_ETCD_ANSWER answer = {0};
    char value[24];
    snprintf(value, sizeof(value), "%llu", (unsigned long long)revision);
    etcd_json_compact_claim(&body, etcd->compact_key, version, value, progress_key);
    if (etcd_call(etcd, &etcd_txn, &body, 0, &answer, err) < 0)
        return -1;
    LOCKED(&etcd->lock) {
        etcd->compact_version = answer.succeeded ? version + 1 : answer.key_version;
        etcd->compact_revision = answer.revision;
    }
    if (!answer.succeeded || !revision)
        return 0;
    AUTO_STR compact = {0};
    AUTO_ETCD_ANSWER compacted = {0};
    AUTO_ERROR failure = NULL;
    etcd_json_compact(&compact, revision);
    if (etcd_call(etcd, &etcd_compaction, &compact, 0, &compacted, &failure) < 0 && !error_has_code(failure, 410))
        return error_move(err, &failure);
    return 0;
}

static int etcd_status(struct storage *storage, int64_t deadline, struct storage_status *ret_status, struct error **err) {
    AUTO_STR body = {0};
    AUTO_ETCD_ANSWER answer = {0};
    str_append(&body, "{}");
    if (etcd_call(etcd_of(storage), &etcd_maintenance_status, &body, deadline, &answer, err) < 0)
        return -1;
    *ret_status =
        (struct storage_status){.revision = answer.revision, .db_size = answer.db_size, .db_size_in_use = answer.db_size_in_use};
    snprintf(ret_status->version, sizeof(ret_status->version), "%s", answer.version ? answer.version : "");
    return 0;
}

static int etcd_check(struct storage *storage, int64_t deadline, struct error **err) {
    uint64_t revision = 0;
    return etcd_revision(storage, deadline, &revision, err);
}

static void etcd_free(struct storage *storage) {
    struct etcd *etcd = etcd_of(storage);
    for (size_t i = 0; etcd->owns_transports && i < etcd->transport_count; i++)
        transport_free(etcd->transports[i]);
    free(etcd->transports);
    free(etcd->compact_key);
    lock_destroy(&etcd->lease.lock);
    lock_destroy(&etcd->lock);
    cond_destroy(&etcd->call_done);
    free(etcd);
}

static const struct storage_ops etcd_ops = {
    .name = "etcd",
    .get = etcd_get,
    .list = etcd_list,
    .create = etcd_create,
    .update = etcd_update,
    .remove = etcd_remove,
    .revision = etcd_revision,
    .touch = etcd_touch,
    .watch = etcd_watch,
    .compact_step = etcd_compact_step,
    .status = etcd_status,
    .check = etcd_check,
    .free = etcd_free,
};

struct storage *etcd_storage_new(const struct etcd_config *config) {
    struct etcd *etcd = alloc_zero(sizeof(*etcd));
    etcd->storage.ops = &etcd_ops;
    etcd->clock = config->clock;
    etcd->transport_count = config->transport_count;
    etcd->transports = alloc_array(config->transport_count, sizeof(*etcd->transports));
    memcpy(etcd->transports, config->transports, config->transport_count * sizeof(*etcd->transports));
    etcd->owns_transports = config->take_transports;
    etcd->compact_key = alloc_string(config->compact_key ? config->compact_key : "compact_rev_key");
    etcd->request_timeout = config->request_timeout ? config->request_timeout : 20 * SECOND;
    etcd->endpoint_timeout = config->endpoint_timeout ? config->endpoint_timeout : 5 * SECOND;
    etcd->max_calls = config->max_calls ? config->max_calls : 32;
    lock_init(&etcd->lock, "etcd");
    lock_init(&etcd->lease.lock, "etcd lease");
    cond_init(&etcd->call_done);
    return &etcd->storage;
}

// A transport for each server, which goes on to the others only while it can't connect at all: that is safe for writes, too.
static int open_transports(const struct etcd_endpoints *endpoints, struct ptr_vec *transports, struct error **err) {
    struct ptr_vec servers = {0};
    size_t count = 0;
    while (endpoints->servers[count])
        count++;
    int result = 0;
    for (size_t i = 0; result == 0 && i < count; i++) {
        servers.len = 0;
        for (size_t k = 0; k < count; k++)
            ptr_vec_push(&servers, (void *)(uintptr_t)endpoints->servers[(i + k) % count]);
        ptr_vec_push(&servers, NULL);
        struct transport *transport = NULL;
        struct http_client_config config = {.endpoints = (const char *const *)servers.items,
                                            .ca_file = endpoints->ca_file,
                                            .certificate_file = endpoints->certificate_file,
                                            .key_file = endpoints->key_file,
                                            .connect_timeout = 5 * SECOND,
                                            .max_idle = 32};
        result = http_client_new(&config, &transport, err);
        if (result == 0)
            ptr_vec_push(transports, transport);
    }
    ptr_vec_free(&servers);
    return result;
}

int etcd_storage_open(const struct etcd_endpoints *endpoints, struct clock *clock, struct storage **ret_storage,
                      struct error **err) {
    struct ptr_vec transports = {0};
    int result = endpoints->servers && endpoints->servers[0] ? open_transports(endpoints, &transports, err)
                                                             : error_set(err, "--etcd-servers must be specified");
    if (result == 0)
        *ret_storage = etcd_storage_new(&(struct etcd_config){.transports = (struct transport *const *)transports.items,
                                                              .transport_count = transports.len,
                                                              .take_transports = true,
                                                              .request_timeout = endpoints->request_timeout,
                                                              .clock = clock});
    for (size_t i = 0; result < 0 && i < transports.len; i++)
        transport_free(transports.items[i]);
    ptr_vec_free(&transports);
    return result;
}
