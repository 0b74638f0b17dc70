// SPDX-License-Identifier: Apache-2.0
// The part of the storage seam that all stores share: calls through the table, results, common errors.
#include "apiserver/storage/storage.h"

#include <stdlib.h>

#include "common/api/status.h"

void storage_item_free(struct storage_item *item) {
    free(item->key);
    free(item->bytes);
    *item = (struct storage_item){0};
}

void storage_list_free(struct storage_list *list) {
    for (size_t i = 0; i < list->len; i++)
        storage_item_free(&list->items[i]);
    free(list->items);
    *list = (struct storage_list){0};
}

void storage_result_free(struct storage_result *result) {
    storage_item_free(&result->current);
    *result = (struct storage_result){0};
}

int storage_get(struct storage *storage, const char *key, int64_t deadline, struct storage_item *ret_item, uint64_t *ret_revision,
                struct error **err) {
    return storage->ops->get(storage, key, deadline, ret_item, ret_revision, err);
}

int storage_list(struct storage *storage, const struct storage_list_options *options, struct storage_list *ret_list,
                 struct error **err) {
    return storage->ops->list(storage, options, ret_list, err);
}

int storage_create(struct storage *storage, const struct storage_write *write, struct storage_result *ret_result,
                   struct error **err) {
    return storage->ops->create(storage, write, ret_result, err);
}

int storage_update(struct storage *storage, const struct storage_write *write, struct storage_result *ret_result,
                   struct error **err) {
    return storage->ops->update(storage, write, ret_result, err);
}

int storage_remove(struct storage *storage, const struct storage_write *write, struct storage_result *ret_result,
                   struct error **err) {
    return storage->ops->remove(storage, write, ret_result, err);
}

int storage_revision(struct storage *storage, int64_t deadline, uint64_t *ret_revision, struct error **err) {
    return storage->ops->revision(storage, deadline, ret_revision, err);
}

int storage_touch(struct storage *storage, const char *key, int64_t deadline, uint64_t *ret_revision, struct error **err) {
    return storage->ops->touch(storage, key, deadline, ret_revision, err);
}

int storage_watch(struct storage *storage, const struct storage_watch *watch, struct error **err) {
    return storage->ops->watch(storage, watch, err);
}

void storage_interrupt(struct storage *storage) {
    if (storage->ops->interrupt)
        storage->ops->interrupt(storage);
}

int storage_compact_step(struct storage *storage, const char *progress_key, struct error **err) {
    return storage->ops->compact_step(storage, progress_key, err);
}

int storage_get_status(struct storage *storage, int64_t deadline, struct storage_status *ret_status, struct error **err) {
    return storage->ops->status(storage, deadline, ret_status, err);
}

int storage_check(struct storage *storage, int64_t deadline, struct error **err) {
    return storage->ops->check(storage, deadline, err);
}

void storage_free(struct storage *storage) {
    if (storage)
        storage->ops->free(storage);
}

void storage_freep(struct storage **storage) {
    storage_free(*storage);
}

int storage_error_compacted(struct error **err) {
    return status_expired(err, "The resourceVersion for the provided list is too old.");
}

int storage_error_deadline(struct error **err) {
    return status_timeout(err, "request did not complete within requested timeout - context deadline exceeded", 0);
}
