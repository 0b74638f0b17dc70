// SPDX-License-Identifier: Apache-2.0
// The data of config maps and secrets from --from-literal, --from-file and --from-env-file.
#ifndef CUBE_CUBECTL_CREATE_DATA_H
#define CUBE_CUBECTL_CREATE_DATA_H

#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/json.h"

struct create_data {
    struct str_list literals, files, env_files;
};

// Fills object.data (config maps: text, and what is no UTF-8 as base64 in binaryData; secrets: all as base64). A key that comes twice is
// an error that names the object. kind is "ConfigMap" or "Secret".
int create_data_fill(const struct create_data *data, const char *kind, const char *name, struct json *object,
                     struct error **err) MUST_CHECK;

#endif
