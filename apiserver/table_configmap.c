// SPDX-License-Identifier: Apache-2.0
// Cells of config maps: how many entries they hold.
#include "apiserver/table_kinds.h"
#include "common/base/macro.h"

static void configmap_cells(const struct json *object, int64_t now UNUSED, struct json *cells) {
    json_set_int(cells, "data",
                 (int64_t)(json_object_size(json_get(object, "data")) + json_object_size(json_get(object, "binaryData"))));
}

const struct table_kind table_configmap = {"", "configmaps", configmap_cells, NULL};
