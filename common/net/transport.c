// SPDX-License-Identifier: Apache-2.0
// The seam between clients and the network: calls go to the transport's own functions.
#include "common/net/transport.h"

#include <stdlib.h>

int transport_roundtrip(struct transport *transport, const struct http_request *request, struct http_response *ret_response,
                        struct error **err) {
    return transport->ops->roundtrip(transport, request, ret_response, err);
}

int transport_stream(struct transport *transport, const struct http_request *request, const struct stream_handler *handler,
                     struct stream_stop *stop, struct error **err) {
    return transport->ops->stream(transport, request, handler, stop, err);
}

void transport_free(struct transport *transport) {
    if (transport != NULL)
        transport->ops->free(transport);
}

void http_response_free(struct http_response *response) {
    free(response->content_type);
    free(response->warning);
    str_free(&response->body);
    *response = (struct http_response){0};
}
