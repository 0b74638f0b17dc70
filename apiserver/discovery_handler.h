// SPDX-License-Identifier: Apache-2.0
// GET /api, /apis and below: which form of discovery is wanted, and ETags.
#ifndef CUBE_APISERVER_DISCOVERY_HANDLER_H
#define CUBE_APISERVER_DISCOVERY_HANDLER_H

#include "apiserver/call.h"

void discovery_handler_api(struct api_call *call);  // /api, /api/v1
void discovery_handler_apis(struct api_call *call); // /apis, /apis/<group>, /apis/<group>/<version>
// /openapi/v3 and /openapi/v3/<path of a group version>
void discovery_handler_openapi(struct api_call *call);
void discovery_handler_openapi_v2(struct api_call *call);

#endif
