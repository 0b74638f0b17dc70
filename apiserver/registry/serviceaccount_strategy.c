// SPDX-License-Identifier: Apache-2.0
// How service accounts are written: references to secrets keep their name only.
#include "apiserver/registry/serviceaccount_strategy.h"

#include "common/base/str.h"

static void clean_secrets(struct json *account) {
    struct json *secrets = json_get(account, "secrets");
    for (size_t i = 0; i < json_len(secrets); i++) {
        struct json *name_only = json_new_object();
        json_set_string(name_only, "name", json_get_text(json_at(secrets, i), "name"));
        json_replace(secrets, i, name_only);
    }
}

static void prepare_create(const struct strategy_context *context, struct json *account) {
    (void)context;
    clean_secrets(account);
}

static void prepare_update(const struct strategy_context *context, struct json *account, const struct json *old) {
    (void)context;
    (void)old;
    clean_secrets(account);
}

const struct strategy serviceaccount_strategy = {
    .group = "",
    .resource = "serviceaccounts",
    .returns_deleted = true,
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
};
