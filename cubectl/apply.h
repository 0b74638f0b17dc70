// SPDX-License-Identifier: Apache-2.0
// `apply`: makes the server's objects what the manifests say, by three-way patches.
#ifndef CUBE_CUBECTL_APPLY_H
#define CUBE_CUBECTL_APPLY_H

#include "common/api/resources.h"
#include "cubectl/command.h"

extern const struct command apply_command;

// The decision for one object that exists: modified is the manifest with its last-applied annotation. *ret_patch is {} when nothing
// differs. Pure.
int apply_patch(const struct resource *resource, const struct json *current, const struct json *modified, struct json **ret_patch,
                struct error **err) MUST_CHECK;

#endif
