// SPDX-License-Identifier: Apache-2.0
// How secrets are written: stringData, which only exists in requests, goes into data.
#include "apiserver/registry/secret_strategy.h"

#include <string.h>

#include "common/base/encoding.h"
#include "common/base/str.h"

static void merge_string_data(struct json *secret) {
    const struct json *texts = json_get(secret, "stringData");
    for (struct json_iter it = json_iter(texts); json_iter_next(&it);) {
        AUTO_STR encoded = {0};
        if (it.value)
            base64_encode(&encoded, json_string(it.value), json_string_len(it.value));
        json_set_string(json_ensure_object(secret, "data"), it.key, str_text(&encoded));
    }
    json_remove(secret, "stringData");
}

static void prepare_create(const struct strategy_context *context, struct json *secret) {
    (void)context;
    merge_string_data(secret);
}

static void prepare_update(const struct strategy_context *context, struct json *secret, const struct json *old) {
    (void)context;
    merge_string_data(secret);
    if (!json_get_text(secret, "type")[0])
        strategy_copy_member(secret, old, "type");
}

const struct strategy secret_strategy = {
    .group = "",
    .resource = "secrets",
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
};
