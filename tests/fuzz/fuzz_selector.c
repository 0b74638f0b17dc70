// SPDX-License-Identifier: Apache-2.0
// Label and field selectors: what parses prints a text that parses and prints the same.
#include <stdlib.h>
#include <string.h>

#include "common/api/selector.h"
#include "common/base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(free_ptr) char *text = alloc_string_n((const char *)data, size);
    AUTO_SELECTOR selector = NULL;
    AUTO_SELECTOR again = NULL;
    AUTO_ERROR err = NULL;
    AUTO_STR first = {0};
    AUTO_STR second = {0};
    if (selector_parse(text, &selector, &err) == 0) {
        selector_append_text(selector, &first);
        if (selector_parse(str_text(&first), &again, NULL) < 0)
            abort();
        selector_append_text(again, &second);
        if (!str_equal(str_text(&first), str_text(&second)))
            abort();
    }
    AUTO_FIELD_SELECTOR fields = NULL;
    AUTO_FIELD_SELECTOR fields_again = NULL;
    AUTO_STR third = {0};
    if (field_selector_parse(text, &fields, NULL) == 0) {
        field_selector_append_text(fields, &third);
        if (field_selector_parse(str_text(&third), &fields_again, NULL) < 0)
            abort();
    }
    return 0;
}
