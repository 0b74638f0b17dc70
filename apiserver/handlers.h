// SPDX-License-Identifier: Apache-2.0
// From a request to whoever answers it: the table of non-resource paths, and resources.
#ifndef CUBE_APISERVER_HANDLERS_H
#define CUBE_APISERVER_HANDLERS_H

#include <stdbool.h>

#include "apiserver/call.h"

// Fills call->response.
void handlers_dispatch(struct api_call *call);
// Whether the path's handler answers from memory; for resources see resource_handler.h.
bool handlers_answer_at_once(struct apiserver *server, const struct request_info *info);
// Appends all paths that GET / lists.
void handlers_paths(struct str_list *paths);

#endif
