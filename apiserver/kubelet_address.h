// SPDX-License-Identifier: Apache-2.0
// Where a node's kubelet listens, from the Node object and --kubelet-preferred-address-types.
#ifndef CUBE_APISERVER_KUBELET_ADDRESS_H
#define CUBE_APISERVER_KUBELET_ADDRESS_H

#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/data/json.h"

#define KUBELET_DEFAULT_PORT 10250

// types is NULL-ended. ret_host points into the node. The error is upstream's: `no preferred addresses found; known addresses: [...]`.
int kubelet_address_of(const struct json *node, const char *const *types, const char **ret_host, int *ret_port,
                       struct error **err) MUST_CHECK;

#endif
