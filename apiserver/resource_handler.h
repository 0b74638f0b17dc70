// SPDX-License-Identifier: Apache-2.0
// Requests for API objects: finds the resource, negotiates, and calls the registry's verb.
#ifndef CUBE_APISERVER_RESOURCE_HANDLER_H
#define CUBE_APISERVER_RESOURCE_HANDLER_H

#include <stdbool.h>

#include "apiserver/call.h"

// For requests with info.is_resource. Fills call->response.
void resource_handler_run(struct api_call *call);
// Whether this request would be answered from the caches, without waiting for anything.
bool resource_handler_answers_at_once(struct apiserver *server, const struct request_info *info);

#endif
