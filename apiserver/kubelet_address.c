// SPDX-License-Identifier: Apache-2.0
// Where a node's kubelet listens, from the Node object and --kubelet-preferred-address-types.
#include "apiserver/kubelet_address.h"

#include "common/api/node.h"
#include "common/base/str.h"

int kubelet_address_of(const struct json *node, const char *const *types, const char **ret_host, int *ret_port,
                       struct error **err) {
    const char *host = node_preferred_address(node, types);
    if (!host) {
        AUTO_STR known = {0};
        const struct json *addresses = json_find(node, "status.addresses");
        for (size_t i = 0; i < json_len(addresses); i++) {
            const struct json *address = json_at(addresses, i);
            str_printf(&known, "%s{%s %s}", i ? " " : "", json_get_text(address, "type"), json_get_text(address, "address"));
        }
        return error_set_api(err, 500, NULL, "no preferred addresses found; known addresses: [%s]", str_text(&known));
    }
    int64_t port = json_find_int(node, "status.daemonEndpoints.kubeletEndpoint.Port", KUBELET_DEFAULT_PORT);
    *ret_host = host;
    *ret_port = port > 0 && port < 65536 ? (int)port : KUBELET_DEFAULT_PORT;
    return 0;
}
