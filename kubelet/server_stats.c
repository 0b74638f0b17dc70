// SPDX-License-Identifier: Apache-2.0
// Figures of running pods from the runtime.
#include "kubelet/server_stats.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/metrics.h"
#include "common/base/time_format.h"
#include "common/data/json.h"
#include "kubelet/pod_observed.h"

static const char *label(const struct runtime_pairs *labels, const char *key) {
    const char *value = runtime_pairs_get(labels, key);
    return value ? value : "";
}

static void append_json(const struct json *value, struct str *out) {
    CLEANUP(free_ptr) char *text = json_text(value);
    str_append(out, text);
}

// The entry of `items` for this pod, made if it is missing.
static struct json *pod_entry(struct json *items, const struct runtime_pairs *labels) {
    const char *uid = label(labels, RUNTIME_LABEL_POD_UID);
    for (size_t i = 0; i < json_len(items); i++) {
        if (str_equal(json_find_text(json_at(items, i), "metadata.uid"), uid))
            return json_at(items, i);
    }
    struct json *pod = json_new_object();
    json_put_string(pod, "metadata.name", label(labels, RUNTIME_LABEL_POD_NAME));
    json_put_string(pod, "metadata.namespace", label(labels, RUNTIME_LABEL_POD_NAMESPACE));
    json_put_string(pod, "metadata.uid", uid);
    json_append(items, pod);
    return pod;
}

int server_stats_running_pods(struct runtime *runtime, struct str *out, struct error **err) {
    struct vec containers;
    if (runtime->ops->list_containers(runtime, NULL, &containers, err) < 0)
        return -1;
    AUTO_JSON list = json_new_object();
    json_set_string(list, "kind", "PodList");
    json_set_string(list, "apiVersion", "v1");
    json_set(list, "metadata", json_new_object());
    struct json *items = json_ensure_array(list, "items");
    for (size_t i = 0; i < containers.len; i++) {
        const struct runtime_container *row = VEC_AT(&containers, struct runtime_container, i);
        if (row->state != RUNTIME_CONTAINER_RUNNING || !runtime_pairs_get(&row->labels, RUNTIME_LABEL_POD_UID))
            continue;
        struct json *pod = pod_entry(items, &row->labels);
        struct json *container = json_new_object();
        json_set_string(container, "name", row->name);
        json_set_string(container, "image", row->image);
        json_append(json_ensure_array(pod, "spec.containers"), container);
    }
    runtime_containers_free(&containers);
    append_json(list, out);
    return 0;
}

static struct json *usage_of(const struct runtime_container_stats *row) {
    struct json *entry = json_new_object();
    char time[TIME_TEXT_SIZE];
    time_format_seconds(row->timestamp, time);
    json_set_string(entry, "name", label(&row->labels, RUNTIME_LABEL_CONTAINER_NAME));
    json_put_string(entry, "cpu.time", time);
    json_put(entry, "cpu.usageCoreNanoSeconds", json_new_int((int64_t)row->cpu_nanoseconds));
    json_put_string(entry, "memory.time", time);
    json_put(entry, "memory.workingSetBytes", json_new_int((int64_t)row->memory_working_set_bytes));
    if (row->memory_usage_bytes > 0)
        json_put(entry, "memory.usageBytes", json_new_int((int64_t)row->memory_usage_bytes));
    if (row->memory_rss_bytes > 0)
        json_put(entry, "memory.rssBytes", json_new_int((int64_t)row->memory_rss_bytes));
    json_put(entry, "rootfs.usedBytes", json_new_int((int64_t)row->filesystem_used_bytes));
    json_put(entry, "rootfs.inodesUsed", json_new_int((int64_t)row->filesystem_inodes_used));
    return entry;
}

static struct json *summary_pod(struct json *pods, const struct runtime_pairs *labels) {
    const char *uid = label(labels, RUNTIME_LABEL_POD_UID);
    for (size_t i = 0; i < json_len(pods); i++) {
        if (str_equal(json_find_text(json_at(pods, i), "podRef.uid"), uid))
            return json_at(pods, i);
    }
    struct json *pod = json_new_object();
    json_put_string(pod, "podRef.name", label(labels, RUNTIME_LABEL_POD_NAME));
    json_put_string(pod, "podRef.namespace", label(labels, RUNTIME_LABEL_POD_NAMESPACE));
    json_put_string(pod, "podRef.uid", uid);
    json_append(pods, pod);
    return pod;
}

int server_stats_summary(const struct node_facts *facts, struct runtime *runtime, struct clock *clock, struct str *out,
                         struct error **err) {
    (void)clock;
    struct vec stats;
    if (runtime->ops->container_stats(runtime, NULL, &stats, err) < 0)
        return -1;
    AUTO_JSON summary = json_new_object();
    json_put_string(summary, "node.nodeName", facts->name);
    struct json *pods = json_ensure_array(summary, "pods");
    for (size_t i = 0; i < stats.len; i++) {
        const struct runtime_container_stats *row = VEC_AT(&stats, struct runtime_container_stats, i);
        if (!runtime_pairs_get(&row->labels, RUNTIME_LABEL_POD_UID))
            continue;
        json_append(json_ensure_array(summary_pod(pods, &row->labels), "containers"), usage_of(row));
    }
    runtime_stats_free(&stats);
    append_json(summary, out);
    return 0;
}

static void sample(const struct runtime_container_stats *row, const char *name, double value, struct str *out) {
    str_printf(out, "%s{container=\"%s\",namespace=\"%s\",pod=\"%s\"} ", name, label(&row->labels, RUNTIME_LABEL_CONTAINER_NAME),
               label(&row->labels, RUNTIME_LABEL_POD_NAMESPACE), label(&row->labels, RUNTIME_LABEL_POD_NAME));
    str_append_double(out, value);
    str_printf(out, " %lld\n", (long long)(row->timestamp / INT64_C(1000000)));
}

int server_stats_resource_metrics(struct runtime *runtime, struct str *out, struct error **err) {
    struct vec stats;
    if (runtime->ops->container_stats(runtime, NULL, &stats, err) < 0)
        return -1;
    str_append(out,
               "# HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the container in core-seconds\n"
               "# TYPE container_cpu_usage_seconds_total counter\n");
    for (size_t i = 0; i < stats.len; i++) {
        const struct runtime_container_stats *row = VEC_AT(&stats, struct runtime_container_stats, i);
        sample(row, "container_cpu_usage_seconds_total", (double)row->cpu_nanoseconds / 1e9, out);
    }
    str_append(out, "# HELP container_memory_working_set_bytes [STABLE] Current working set of the container in bytes\n"
                    "# TYPE container_memory_working_set_bytes gauge\n");
    for (size_t i = 0; i < stats.len; i++) {
        const struct runtime_container_stats *row = VEC_AT(&stats, struct runtime_container_stats, i);
        sample(row, "container_memory_working_set_bytes", (double)row->memory_working_set_bytes, out);
    }
    runtime_stats_free(&stats);
    return 0;
}

void server_stats_make_metrics(struct server_stats_metrics *ret_metrics) {
    static const char *const states[] = {"container_state", NULL};
    ret_metrics->running_pods =
        metric_family_new(METRIC_GAUGE, "kubelet_running_pods", "Number of pods that have a running pod sandbox", NULL, NULL, 0);
    ret_metrics->running_containers =
        metric_family_new(METRIC_GAUGE, "kubelet_running_containers", "Number of containers currently running", states, NULL, 0);
}

void server_stats_update_metrics(const struct server_stats_metrics *metrics, struct runtime *runtime) {
    struct vec containers, sandboxes;
    static const char *const names[] = {"created", "running", "exited", "unknown"};
    double counts[ARRAY_LEN(names)] = {0}, ready = 0;
    if (runtime->ops->list_containers(runtime, NULL, &containers, NULL) < 0)
        return;
    for (size_t i = 0; i < containers.len; i++)
        counts[VEC_AT(&containers, struct runtime_container, i)->state]++;
    runtime_containers_free(&containers);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        metric_set(metric_get(metrics->running_containers, (const char *const[]){names[i], NULL}), counts[i]);
    if (runtime->ops->list_sandboxes(runtime, NULL, &sandboxes, NULL) < 0)
        return;
    for (size_t i = 0; i < sandboxes.len; i++)
        ready += VEC_AT(&sandboxes, struct runtime_sandbox, i)->ready ? 1 : 0;
    runtime_sandboxes_free(&sandboxes);
    metric_set(metric_get(metrics->running_pods, NULL), ready);
}
