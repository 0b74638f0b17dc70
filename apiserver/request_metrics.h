// SPDX-License-Identifier: Apache-2.0
// What /metrics says about requests: apiserver_request_total, apiserver_request_duration_seconds and what is in flight.
#ifndef CUBE_APISERVER_REQUEST_METRICS_H
#define CUBE_APISERVER_REQUEST_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "apiserver/call.h"

// The request has been answered (a watch: begun).
void request_metrics_observe(const struct api_call *call, int64_t duration);
void request_metrics_in_flight(size_t read_only, size_t mutating);
// +1 when a long-running request begins, -1 when it ends.
void request_metrics_long_running(int change);
// All metrics of the process in Prometheus' text format. Appends.
void request_metrics_write(struct str *out);

#endif
