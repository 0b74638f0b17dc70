// SPDX-License-Identifier: Apache-2.0
// GET /healthz, /livez, /readyz and their single checks.
#ifndef CUBE_APISERVER_HEALTH_HANDLER_H
#define CUBE_APISERVER_HEALTH_HANDLER_H

#include "apiserver/call.h"

void health_handler(struct api_call *call);

#endif
