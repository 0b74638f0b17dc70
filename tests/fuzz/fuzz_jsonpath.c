// SPDX-License-Identifier: Apache-2.0
// Any template compiles or fails, and evaluates or fails, on a document with all kinds of values.
#include "common/base/alloc.h"
#include "common/data/jsonpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char document[] = "{\"a\":{\"b\":[1,2.5,\"x\",null,true,{\"a\":\"y\",\"b\":[]}],\"c\":[[1,2],[3]]},\"s\":\"t\"}";
    CLEANUP(free_ptr) char *template = alloc_string_n((const char *)data, size);
    AUTO_JSON root = NULL;
    AUTO_JSONPATH path = NULL;
    AUTO_STR out = {0};
    if (json_parse(document, sizeof(document) - 1, NULL, &root, NULL) < 0 || jsonpath_compile(template, &path, NULL) < 0)
        return 0;
    if (jsonpath_print(path, root, size & 1, &out, NULL) < 0)
        return 0; // a failure is fine, only crashes are not
    return 0;
}
