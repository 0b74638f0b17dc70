// SPDX-License-Identifier: Apache-2.0
// Counters, gauges and histograms in Prometheus' text format.
//
// A family is made once at start and lives for ever; its series are found by label values. Updates are lock-free once the series
// is known, so keep the pointer on hot paths.
#ifndef CUBE_COMMON_BASE_METRICS_H
#define CUBE_COMMON_BASE_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/str.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_family;
struct metric;

// label_names is a NULL-ended literal list or NULL; buckets (upper bounds, ascending) only for histograms.
struct metric_family *metric_family_new(enum metric_type type, const char *name, const char *help, const char *const *label_names,
                                        const double *buckets, size_t bucket_count);
// The series with these label values (NULL-ended, as many as names); made at first use.
struct metric *metric_get(struct metric_family *family, const char *const *label_values);
void metric_add(struct metric *metric, double value);     // counter, gauge
void metric_set(struct metric *metric, double value);     // gauge
void metric_observe(struct metric *metric, double value); // histogram
double metric_value(const struct metric *metric);         // counter, gauge; a histogram's count
// All families in order of their names, with process_cpu_seconds_total, process_resident_memory_bytes, process_start_time_seconds.
void metrics_write(struct str *out);

#endif
