// SPDX-License-Identifier: Apache-2.0
// POST pods/<name>/binding and POST bindings: a pod is given its node.
#ifndef CUBE_APISERVER_REGISTRY_BINDING_H
#define CUBE_APISERVER_REGISTRY_BINDING_H

#include "apiserver/registry/registry.h"

int binding_create(struct registry *registry, const struct registry_request *request, const struct registry_body *body,
                   struct registry_result *ret_result, struct error **err) MUST_CHECK;

#endif
