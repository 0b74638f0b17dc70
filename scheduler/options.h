// SPDX-License-Identifier: Apache-2.0
// kube-scheduler's command line and configuration file.
#ifndef CUBE_SCHEDULER_OPTIONS_H
#define CUBE_SCHEDULER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/options.h"
#include "common/component/component.h"
#include "common/component/config_file.h"
#include "common/component/leading.h"

// Targets of the option table; durations in nanoseconds unless said otherwise.
struct scheduler_options {
    struct component_logging logging;
    char *config;
    struct leading_options leading;
    int64_t secure_port;
    double kube_api_qps;
    int64_t kube_api_burst;
    int64_t unschedulable_max;
    int64_t parallelism; // bindings in flight
    int64_t percentage_of_nodes;
    int64_t backoff_initial, backoff_max; // seconds
    char *profiles;                       // JSON of the configuration file's list, "" if none
    char *extenders;
    char *scheduler_name; // set from profiles
};

extern const struct option scheduler_option_table[];

// After parsing: the configuration file, then profiles. Errors are what upstream refuses to start with.
int scheduler_options_complete(struct scheduler_options *options, const struct option *table, const struct str_list *given,
                               struct error **err) MUST_CHECK;

#endif
