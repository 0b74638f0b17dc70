// SPDX-License-Identifier: Apache-2.0
// Quantities: the canonical text is a fixed point and means the same.
#include <stdlib.h>

#include "common/api/quantity.h"
#include "common/base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(free_ptr) char *text = alloc_string_n((const char *)data, size);
    struct quantity q;
    struct quantity again;
    AUTO_ERROR err = NULL;
    if (quantity_parse(text, &q, &err) < 0)
        return 0;
    CLEANUP(free_ptr) char *canonical = quantity_text(&q);
    if (quantity_parse(canonical, &again, NULL) < 0 || quantity_compare(&q, &again) != 0)
        abort();
    CLEANUP(free_ptr) char *second = quantity_text(&again);
    if (!str_equal(canonical, second))
        abort();
    quantity_value(&q);
    quantity_milli_value(&q);
    quantity_add(&again, &q);
    return 0;
}
