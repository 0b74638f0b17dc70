// SPDX-License-Identifier: Apache-2.0
// A container's environment: env, envFrom and everything that valueFrom may name, and $(VAR) expansion.
#ifndef CUBE_KUBELET_ENVIRONMENT_H
#define CUBE_KUBELET_ENVIRONMENT_H

#include "common/base/error.h"
#include "common/base/str.h"
#include "kubelet/pod_context.h"
#include "kubelet/runtime/runtime.h"

// Errors are what CreateContainerConfigError shows: `configmap "x" not found`, `couldn't find key k in ConfigMap ns/x`.
int environment_make(const struct pod_context *context, const struct json *container, struct runtime_pairs *ret_environment,
                     struct error **err) MUST_CHECK;
// $(NAME) becomes its value where there is one, else stays as it is; $$ is a dollar sign. Appends. ret_missing (may be NULL) gets the names
// without value.
void environment_expand(const char *text, const struct runtime_pairs *environment, struct str *out, struct str_list *ret_missing);

#endif
