// SPDX-License-Identifier: Apache-2.0
// Cells that no path gives: computed for a kind by its own file. This is the one list of them.
#include "apiserver/table_kinds.h"

#include "common/api/resources.h"
#include "common/base/macro.h"
#include "common/base/str.h"
#include "common/base/time_format.h"

static const struct table_kind *const kinds[] = {
    &table_pod, &table_node, &table_replicaset, &table_event, &table_configmap, &table_secret, &table_serviceaccount,
};

const struct table_kind *table_kind_of(const struct resource *resource) {
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_equal(kinds[i]->plural, resource->plural) && str_equal(kinds[i]->group, resource->group))
            return kinds[i];
    return NULL;
}

const struct table_kind *const *table_kinds_all(size_t *ret_count) {
    *ret_count = ARRAY_LEN(kinds);
    return kinds;
}

const char *table_age(const char *timestamp, int64_t now, char *buffer) {
    int64_t then = 0;
    if (str_empty(timestamp) || !time_parse(timestamp, &then))
        return TABLE_UNKNOWN;
    return duration_format_age(now - then, buffer);
}
