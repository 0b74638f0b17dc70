// SPDX-License-Identifier: Apache-2.0
// The version object and the User-Agent made of it.
#include "common/component/version.h"

#include "common/base/alloc.h"

struct json *version_info(void) {
    struct json *info = json_new_object();
    json_set_string(info, "major", VERSION_MAJOR);
    json_set_string(info, "minor", VERSION_MINOR);
    json_set_string(info, "gitVersion", VERSION_GIT);
    json_set_string(info, "gitCommit", "");
    json_set_string(info, "gitTreeState", "");
    json_set_string(info, "buildDate", "1970-01-01T00:00:00Z");
    json_set_string(info, "goVersion", "none");
    json_set_string(info, "compiler", "gcc");
    json_set_string(info, "platform", "linux/amd64");
    return info;
}

char *version_user_agent(const char *program) {
    return alloc_printf("%s/" VERSION_GIT " (linux/amd64)", program);
}
