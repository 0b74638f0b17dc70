// SPDX-License-Identifier: Apache-2.0
// What /metrics says about requests: apiserver_request_total, apiserver_request_duration_seconds and what is in flight.
#include "apiserver/request_metrics.h"

#include <pthread.h>
#include <stdio.h>

#include "common/api/resources.h"
#include "common/base/clock.h"
#include "common/base/metrics.h"

static const char *const total_labels[] = {"verb",        "dry_run", "group",     "version", "resource",
                                           "subresource", "scope",   "component", "code",    NULL};
static const char *const duration_labels[] = {"verb",        "dry_run", "group",     "version", "resource",
                                              "subresource", "scope",   "component", NULL};
static const char *const kind_labels[] = {"request_kind", NULL};
static const double duration_buckets[] = {0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1,  1.25, 1.5, 2,
                                          3,     4,     5,    6,   8,   10,  15,  20,  30, 45,   60};

// The families of the process, made at first use.
static struct {
    pthread_once_t once;
    struct metric_family *total;
    struct metric_family *duration;
    struct metric_family *in_flight;
    struct metric *read_only;
    struct metric *mutating;
    struct metric *long_running;
} families = {.once = PTHREAD_ONCE_INIT};

static void make_families(void) {
    static const char *const read_only_values[] = {"readOnly", NULL};
    static const char *const mutating_values[] = {"mutating", NULL};
    static const char *const no_values[] = {NULL};
    families.total = metric_family_new(METRIC_COUNTER, "apiserver_request_total",
                                       "Requests by verb, resource, component and HTTP response code.", total_labels, NULL, 0);
    families.duration = metric_family_new(METRIC_HISTOGRAM, "apiserver_request_duration_seconds",
                                          "Seconds that requests took, by verb and resource.", duration_labels, duration_buckets,
                                          ARRAY_LEN(duration_buckets));
    families.in_flight = metric_family_new(METRIC_GAUGE, "apiserver_current_inflight_requests",
                                           "Requests being served now, by kind.", kind_labels, NULL, 0);
    families.read_only = metric_get(families.in_flight, read_only_values);
    families.mutating = metric_get(families.in_flight, mutating_values);
    families.long_running = metric_get(
        metric_family_new(METRIC_GAUGE, "apiserver_longrunning_requests", "Watches and log streams open now.", NULL, NULL, 0),
        no_values);
}

static const char *verb_label(const struct api_call *call) {
    static const char *const names[][2] = {
        {"get", "GET"},    {"list", "LIST"},   {"watch", "WATCH"},   {"create", "POST"},
        {"update", "PUT"}, {"patch", "PATCH"}, {"delete", "DELETE"}, {"deletecollection", "DELETECOLLECTION"},
        {"post", "POST"},  {"put", "PUT"},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_equal(call->info.verb, names[i][0]))
            return names[i][1];
    return "other";
}

static const char *scope_label(const struct api_call *call) {
    if (*call->info.name || str_equal(call->info.verb, "create"))
        return "resource";
    return *call->info.ns ? "namespace" : "cluster";
}

void request_metrics_observe(const struct api_call *call, int64_t duration) {
    if (!call->info_parsed)
        return;
    pthread_once(&families.once, make_families);
    const struct resource *resource = call->resource;
    const char *dry_run = request_info_query(&call->info, "dryRun");
    char code[16];
    snprintf(code, sizeof(code), "%d", call->response->status);
    // Only what the API knows becomes a label: clients must not be able to make series.
    bool known_subresource = resource && *call->info.subresource && resource_subresource(resource, call->info.subresource);
    const char *values[] = {verb_label(call),
                            str_equal(dry_run, "All") ? "All" : "",
                            resource ? resource->group : "",
                            resource ? resource->version : "",
                            resource ? resource->plural : "",
                            known_subresource ? call->info.subresource : "",
                            resource ? scope_label(call) : "",
                            "apiserver",
                            code,
                            NULL};
    metric_add(metric_get(families.total, values), 1);
    values[8] = NULL;
    if (!str_equal(call->info.verb, "watch"))
        metric_observe(metric_get(families.duration, values), (double)duration / (double)SECOND);
}

void request_metrics_in_flight(size_t read_only, size_t mutating) {
    pthread_once(&families.once, make_families);
    metric_set(families.read_only, (double)read_only);
    metric_set(families.mutating, (double)mutating);
}

void request_metrics_long_running(int change) {
    pthread_once(&families.once, make_families);
    metric_add(families.long_running, change);
}

void request_metrics_write(struct str *out) {
    pthread_once(&families.once, make_families);
    metrics_write(out);
}
