// SPDX-License-Identifier: Apache-2.0
// Cells of service accounts: how many secrets they name.
#include "apiserver/table_kinds.h"
#include "common/base/macro.h"

static void serviceaccount_cells(const struct json *object, int64_t now UNUSED, struct json *cells) {
    json_set_int(cells, "secrets", (int64_t)json_len(json_get(object, "secrets")));
}

const struct table_kind table_serviceaccount = {"", "serviceaccounts", serviceaccount_cells, NULL};
