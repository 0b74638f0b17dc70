// SPDX-License-Identifier: Apache-2.0
// A pod's sandbox as the runtime wants it: name, host name, DNS, ports, namespaces, sysctls.
#ifndef CUBE_KUBELET_SANDBOX_CONFIG_H
#define CUBE_KUBELET_SANDBOX_CONFIG_H

#include <stdint.h>

#include "common/base/error.h"
#include "kubelet/pod_context.h"
#include "kubelet/runtime/runtime.h"

int sandbox_config_make(const struct pod_context *context, uint32_t attempt, struct runtime_sandbox_config **ret_config,
                        struct error **err) MUST_CHECK;
// The pod's host name: spec.hostname or its name, cut to 63 characters. Appends.
void sandbox_config_hostname(const struct json *pod, struct str *out);
// "host.subdomain.namespace.svc.domain", or nothing without a subdomain. Appends.
void sandbox_config_full_hostname(const struct pod_context *context, struct str *out);
// Whether dnsPolicy asks for the cluster's DNS, but none is configured.
bool sandbox_config_lacks_dns(const struct pod_context *context);
// Labels that make a sandbox or container the pod's.
void sandbox_config_identity(const struct json *pod, struct runtime_pairs *labels);

#endif
