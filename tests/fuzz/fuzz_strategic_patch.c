// SPDX-License-Identifier: Apache-2.0
// Strategic merge patches on a pod: original and patch are the two lines of the input. Also the decode check, defaults and three-way patch.
#include <stdlib.h>
#include <string.h>

#include "common/api/defaults.h"
#include "common/api/resources.h"
#include "common/api/strategic_patch.h"
#include "common/api/validation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    AUTO_JSON original = NULL;
    AUTO_JSON patch = NULL;
    AUTO_JSON result = NULL;
    AUTO_JSON back = NULL;
    AUTO_ERROR err = NULL;
    if (!end || json_parse((const char *)data, (size_t)(end - data), NULL, &original, NULL) < 0 ||
        json_parse((const char *)end + 1, size - (size_t)(end - data) - 1, NULL, &patch, NULL) < 0)
        return 0;
    const struct schema_type *type = resource_pods()->type;
    if (strategic_patch_apply(type, original, patch, &result, &err) < 0)
        return 0;
    if (strategic_patch_three_way(type, original, result, original, &back, NULL) < 0)
        abort();
    if (schema_check_and_prune(type, result, NULL, NULL) < 0)
        return 0;
    defaults_apply(resource_pods(), result);
    AUTO_FIELD_ERRORS errors = {0};
    validation_create(resource_pods(), result, &errors);
    return 0;
}
