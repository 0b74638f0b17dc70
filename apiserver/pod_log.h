// SPDX-License-Identifier: Apache-2.0
// GET pods/log: finds the pod's kubelet and hands its answer on as it comes.
#ifndef CUBE_APISERVER_POD_LOG_H
#define CUBE_APISERVER_POD_LOG_H

#include "apiserver/call.h"
#include "common/data/json.h"

// Fills call->response. Blocks until the kubelet has begun to answer.
void pod_log_run(struct api_call *call);

// The container that is meant: the one that was named ("" for none) or the only one. Errors as upstream (400).
int pod_log_container(const struct json *pod, const char *asked, const char **ret_container, struct error **err) MUST_CHECK;
// The kubelet's query of a log request's parameters, validated as upstream's PodLogOptions (400, 422). Appends.
int pod_log_query(const struct request_info *info, struct str *out, struct error **err) MUST_CHECK;

#endif
