// SPDX-License-Identifier: Apache-2.0
// The version that all programs report.
#ifndef CUBE_COMMON_COMPONENT_VERSION_H
#define CUBE_COMMON_COMPONENT_VERSION_H

#include "common/data/json.h"

#define VERSION_GIT "v1.32.0+cube"
#define VERSION_MAJOR "1"
#define VERSION_MINOR "32"

// The version.Info object that GET /version answers and `--version=raw` prints.
struct json *version_info(void);
// "kube-scheduler/v1.32.0+cube (linux/amd64)"; malloc'd.
char *version_user_agent(const char *program);

#endif
