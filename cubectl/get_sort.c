// SPDX-License-Identifier: Apache-2.0
// Sorting by a field.
#include "cubectl/get_sort.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/quantity.h"
#include "common/base/alloc.h"
#include "common/data/jsonpath.h"

struct entry {
    struct json *item;  // a reference
    struct json *value; // a reference; NULL: lacks it
    size_t position;
};

static int compare_values(const struct json *a, const struct json *b) {
    if (!a || !b)
        return (a != NULL) - (b != NULL);
    if (json_is_string(a) && json_is_string(b)) {
        struct quantity qa, qb;
        if (quantity_parse(json_string(a), &qa, NULL) == 0 && quantity_parse(json_string(b), &qb, NULL) == 0)
            return quantity_compare(&qa, &qb);
        return strverscmp(json_string(a), json_string(b));
    }
    if (json_kind_of(a) == JSON_BOOL)
        return (int)json_bool(a, false) - (int)json_bool(b, false);
    double x = json_double(a, 0), y = json_double(b, 0);
    return (x > y) - (x < y);
}

static int compare(const void *left, const void *right) {
    const struct entry *a = left, *b = right;
    int order = compare_values(a->value, b->value);
    return order != 0 ? order : (a->position > b->position) - (a->position < b->position);
}

int get_sort(struct json *array, const char *member, const char *path, struct error **err) {
    AUTO_JSONPATH compiled = NULL;
    if (jsonpath_compile_path(path, &compiled, err) < 0)
        return -1;
    size_t count = json_len(array);
    struct entry *entries = alloc_array(count, sizeof(*entries));
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        struct json *item = json_at(array, i);
        AUTO_JSONPATH_VALUES values = {0};
        entries[i] = (struct entry){json_ref(item), NULL, i};
        if (jsonpath_find(compiled, member ? json_get(item, member) : item, true, &values, NULL) == 0 && values.len > 0 &&
            values.items[0]) {
            entries[i].value = json_ref(values.items[0]);
            found++;
        }
    }
    qsort(entries, count, sizeof(*entries), compare);
    for (size_t i = 0; i < count; i++) {
        json_replace(array, i, entries[i].item);
        json_unref(entries[i].value);
    }
    free(entries);
    if (count > 0 && found == 0)
        return error_set(err, "couldn't find any field with path \"%s\" in the list of objects", path);
    return 0;
}
