// SPDX-License-Identifier: Apache-2.0
// securityContext of pods and containers as the runtime wants it.
#ifndef CUBE_KUBELET_SECURITY_H
#define CUBE_KUBELET_SECURITY_H

#include "common/base/error.h"
#include "kubelet/pod_context.h"
#include "kubelet/runtime/runtime.h"

int security_of_sandbox(const struct pod_context *context, struct runtime_security *ret_security, struct error **err) MUST_CHECK;
// image tells whom the image runs as; runAsNonRoot is checked against it.
int security_of_container(const struct pod_context *context, const struct json *container, const struct runtime_image *image,
                          struct runtime_security *ret_security, struct error **err) MUST_CHECK;
// One of the sysctls that are namespaced and harmless, or of the node's own patterns ("kernel.msg*").
bool security_sysctl_allowed(const char *name, const struct str_list *patterns);

#endif
