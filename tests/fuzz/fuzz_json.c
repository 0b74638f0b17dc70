// SPDX-License-Identifier: Apache-2.0
// What json_parse accepts must read back as the same value from the text that json_write makes of it.
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/data/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_JSON value = NULL;
    AUTO_JSON again = NULL;
    AUTO_STR text = {0};
    if (json_parse((const char *)data, size, NULL, &value, NULL) < 0)
        return 0;
    json_write(value, &text);
    if (json_parse(text.data, text.len, &(struct json_limits){.max_bytes = SIZE_MAX}, &again, NULL) < 0 ||
        !json_equal(value, again))
        abort();
    return 0;
}
