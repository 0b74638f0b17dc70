// SPDX-License-Identifier: Apache-2.0
// Component configuration files (KubeletConfiguration, KubeSchedulerConfiguration): YAML or JSON onto a struct by a table.
#ifndef CUBE_COMMON_COMPONENT_CONFIG_FILE_H
#define CUBE_COMMON_COMPONENT_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/options.h"
#include "common/data/json.h"

// One field of the file: where it stands and which option of the program it sets, so that flags and file share one parser, one
// default and one target. The table ends with a row whose path is NULL.
struct config_field {
    const char *path;   // "authentication.x509.clientCAFile"
    const char *option; // name in the program's option table: "client-ca-file"; NULL: accepted without effect
    const char *why;    // for option NULL: why it has no effect here (logged as a warning when set)
};

// Reads `path`, checks kind and apiVersion, and sets each option that the command line did not give (`given`). strict: an unknown
// field is an error `strict decoding error: unknown field "x"`; else a warning is logged.
struct config_file_spec {
    const char *api_version, *kind;
    const struct config_field *fields;
    bool strict;
};
int config_file_load(const char *path, const struct config_file_spec *spec, const struct option *options, void *target,
                     const struct str_list *given, struct error **err) MUST_CHECK;

#endif
