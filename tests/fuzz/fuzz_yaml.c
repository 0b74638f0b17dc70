// SPDX-License-Identifier: Apache-2.0
// Whatever yaml_parse accepts, yaml_write can print.
#include <stdlib.h>

#include "common/data/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(yaml_documents_free) struct yaml_documents documents = {0};
    if (yaml_parse((const char *)data, size, "x", &documents, NULL) < 0)
        return 0;
    for (size_t i = 0; i < documents.len; i++) {
        AUTO_STR text = {0};
        yaml_write(documents.items[i].value, &text);
        if (text.len == 0)
            abort();
    }
    return 0;
}
