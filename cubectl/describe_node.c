// SPDX-License-Identifier: Apache-2.0
// Nodes, described, with their lease, their pods and what those ask for.
#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/api/pod.h"
#include "common/api/quantity.h"
#include "common/api/resources.h"
#include "common/base/alloc.h"
#include "common/base/time_format.h"
#include "common/net/url.h"
#include "cubectl/describe_kinds.h"
#include "cubectl/target.h"

#define ROLE_PREFIX "node-role.kubernetes.io/"

static void add_roles(struct describe_text *text, const struct json *labels) {
    AUTO_STR_LIST roles = {0};
    for (struct json_iter it = json_iter(labels); json_iter_next(&it);) {
        const char *role = str_skip_prefix(it.key, ROLE_PREFIX);
        if (role && *role)
            str_list_add(&roles, role);
        else if (str_equal(it.key, "kubernetes.io/role") && !str_empty(json_string(it.value)))
            str_list_add(&roles, json_string(it.value));
    }
    str_list_sort(&roles);
    CLEANUP(free_ptr) char *text_of_roles = str_list_join(&roles, ",");
    describe_line(text, 0, "Roles:\t%s\n", roles.len > 0 ? text_of_roles : "<none>");
}

static int compare_taints(const void *a, const void *b) {
    const struct json *left = *(struct json *const *)a, *right = *(struct json *const *)b;
    int order = strcmp(json_get_text(left, "effect"), json_get_text(right, "effect"));
    return order != 0 ? order : strcmp(json_get_text(left, "key"), json_get_text(right, "key"));
}

static void add_taints(struct describe_text *text, const struct json *taints) {
    CLEANUP(ptr_vec_free) struct ptr_vec sorted = {0};
    for (size_t i = 0; i < json_len(taints); i++)
        ptr_vec_push(&sorted, json_at(taints, i));
    ptr_vec_sort(&sorted, compare_taints);
    describe_line(text, 0, "Taints:%s", sorted.len == 0 ? "\t<none>\n" : "");
    for (size_t i = 0; i < sorted.len; i++) {
        const struct json *taint = sorted.items[i];
        const char *value = json_get_text(taint, "value");
        describe_line(text, 0, "\t%s%s%s:%s\n", json_get_text(taint, "key"), str_empty(value) ? "" : "=", value,
                      json_get_text(taint, "effect"));
    }
}

static void add_lease(struct describe_text *text, const char *name) {
    static const struct {
        const char *label, *path;
    } times[] = {{"AcquireTime", "spec.acquireTime"}, {"RenewTime", "spec.renewTime"}};
    AUTO_JSON lease = NULL;
    AUTO_ERROR error = NULL;
    struct target target = {.resource = resource_leases(), .ns = (char *)"kube-node-lease", .name = (char *)name};
    if (target_get(text->session, &target, &lease, &error) < 0) {
        describe_line(text, 0, "Lease:\tFailed to get lease: %s\n", error_message(error));
        return;
    }
    const char *holder = json_find_string(lease, "spec.holderIdentity");
    describe_line(text, 0, "Lease:\n");
    describe_line(text, 1, "HolderIdentity:\t%s\n", holder ? holder : "<unset>");
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        AUTO_STR time = {0};
        if (json_find(lease, times[i].path))
            describe_append_time(json_find_string(lease, times[i].path), &time);
        describe_line(text, 1, "%s:\t%s\n", times[i].label, time.len > 0 ? time.data : "<unset>");
    }
}

static void add_conditions(struct describe_text *text, const struct json *conditions) {
    if (json_len(conditions) > 0)
        describe_line(text, 0,
                      "Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage\n"
                      "  ----\t------\t-----------------\t------------------\t------\t-------\n");
    for (size_t i = 0; i < json_len(conditions); i++) {
        const struct json *condition = json_at(conditions, i);
        AUTO_STR heartbeat = {0};
        AUTO_STR transition = {0};
        describe_append_time(json_get_string(condition, "lastHeartbeatTime"), &heartbeat);
        describe_append_time(json_get_string(condition, "lastTransitionTime"), &transition);
        describe_line(text, 1, "%s \t%s \t%s \t%s \t%s \t%s\n", json_get_text(condition, "type"),
                      json_get_text(condition, "status"), str_text(&heartbeat), str_text(&transition),
                      json_get_text(condition, "reason"), json_get_text(condition, "message"));
    }
}

static void add_amounts(struct describe_text *text, const char *title, const struct json *amounts) {
    AUTO_STR_LIST keys = {0};
    describe_sorted_keys(amounts, &keys);
    if (keys.len > 0)
        describe_line(text, 0, "%s:\n", title);
    for (size_t i = 0; i < keys.len; i++)
        describe_line(text, 1, "%s:\t%s\n", keys.items[i], json_get_text(amounts, keys.items[i]));
}

static void add_system(struct describe_text *text, const struct json *node) {
    static const struct {
        const char *label, *member;
    } rows[] = {{"Machine ID", "machineID"},
                {"System UUID", "systemUUID"},
                {"Boot ID", "bootID"},
                {"Kernel Version", "kernelVersion"},
                {"OS Image", "osImage"},
                {"Operating System", "operatingSystem"},
                {"Architecture", "architecture"},
                {"Container Runtime Version", "containerRuntimeVersion"},
                {"Kubelet Version", "kubeletVersion"},
                {"Kube-Proxy Version", "kubeProxyVersion"}};
    const struct json *info = json_find(node, "status.nodeInfo");
    describe_line(text, 0, "System Info:\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        describe_line(text, 1, "%s:\t%s\n", rows[i].label, json_get_text(info, rows[i].member));
    const struct json *ranges = json_find(node, "spec.podCIDRs");
    if (!str_empty(json_find_text(node, "spec.podCIDR")))
        describe_line(text, 0, "PodCIDR:\t%s\n", json_find_text(node, "spec.podCIDR"));
    for (size_t i = 0; i < json_len(ranges); i++)
        describe_line(text, 0, "%s%s%s", i == 0 ? "PodCIDRs:\t" : ",", json_string(json_at(ranges, i)),
                      i + 1 == json_len(ranges) ? "\n" : "");
    if (!str_empty(json_find_text(node, "spec.providerID")))
        describe_line(text, 0, "ProviderID:\t%s\n", json_find_text(node, "spec.providerID"));
}

// --- pods --------------------------------------------------------------------------------------------------------------

// One row of sums: what pods ask for and may use of a resource.
struct sum {
    const char *name;
    struct quantity requests, limits;
};

static const char *const summed[] = {"cpu", "memory", "ephemeral-storage"};

static void add_quantity(struct quantity *total, const struct json *amounts, const char *name) {
    struct quantity value;
    if (json_has(amounts, name) && quantity_from_json(json_get(amounts, name), &value, NULL) == 0)
        quantity_add(total, &value);
}

// As the scheduler counts: all containers, or the largest init container if that is more; sidecars count with the containers.
static void pod_amount(const struct json *pod, const char *which, const char *name, struct quantity *ret_amount) {
    const struct json *containers = json_find(pod, "spec.containers"), *init = json_find(pod, "spec.initContainers");
    struct quantity total = {0}, sidecars = {0}, largest = {0};
    for (size_t i = 0; i < json_len(containers); i++)
        add_quantity(&total, json_get(json_get(json_at(containers, i), "resources"), which), name);
    for (size_t i = 0; i < json_len(init); i++) {
        struct quantity step = sidecars;
        const struct json *container = json_at(init, i), *amounts = json_get(json_get(container, "resources"), which);
        add_quantity(&step, amounts, name);
        if (pod_container_is_sidecar(container)) {
            add_quantity(&total, amounts, name);
            add_quantity(&sidecars, amounts, name);
        }
        if (quantity_compare(&step, &largest) > 0)
            largest = step;
    }
    if (quantity_compare(&largest, &total) > 0)
        total = largest;
    if (str_equal(which, "requests") || total.nanos != 0)
        add_quantity(&total, json_find(pod, "spec.overhead"), name);
    *ret_amount = total;
}

static void append_share(const struct quantity *amount, const struct json *allocatable, const char *name, struct str *out) {
    struct quantity whole = {0};
    quantity_append(amount, out);
    if (quantity_from_json(json_get(allocatable, name), &whole, NULL) < 0 || whole.nanos == 0) {
        str_append(out, " (0%)");
        return;
    }
    str_printf(out, " (%lld%%)", (long long)(quantity_double(amount) / quantity_double(&whole) * 100));
}

struct node_pods {
    struct describe_text *text;
    struct str rows;
    const struct json *allocatable;
    size_t count;
    struct vec sums; // struct sum
};

static void add_pod_row(struct node_pods *pods, const struct json *pod) {
    str_printf(&pods->rows, "  %s\t%s\t\t", meta_namespace(pod), meta_name(pod));
    for (size_t i = 0; i < pods->sums.len; i++) {
        struct sum *sum = VEC_AT(&pods->sums, struct sum, i);
        struct quantity request, limit;
        pod_amount(pod, "requests", sum->name, &request);
        pod_amount(pod, "limits", sum->name, &limit);
        quantity_add(&sum->requests, &request);
        quantity_add(&sum->limits, &limit);
        if (i > 1)
            continue; // the table shows cpu and memory
        append_share(&request, pods->allocatable, sum->name, &pods->rows);
        str_append_char(&pods->rows, '\t');
        append_share(&limit, pods->allocatable, sum->name, &pods->rows);
        str_append_char(&pods->rows, '\t');
    }
    describe_append_age(pods->text, json_find_string(pod, "metadata.creationTimestamp"), &pods->rows);
    str_append_char(&pods->rows, '\n');
    pods->count++;
}

static void add_page(void *context, struct json *page) {
    const struct json *items = json_get(page, "items");
    for (size_t i = 0; i < json_len(items); i++)
        add_pod_row(context, json_at(items, i));
}

static void add_sums(struct describe_text *text, const struct node_pods *pods) {
    describe_line(text, 0, "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n");
    describe_line(text, 1, "Resource\tRequests\tLimits\n  --------\t--------\t------\n");
    for (size_t i = 0; i < pods->sums.len; i++) {
        const struct sum *sum = VEC_AT(&pods->sums, struct sum, i);
        AUTO_STR requests = {0};
        AUTO_STR limits = {0};
        if (i < ARRAY_LEN(summed) || str_starts(sum->name, "hugepages-")) {
            append_share(&sum->requests, pods->allocatable, sum->name, &requests);
            append_share(&sum->limits, pods->allocatable, sum->name, &limits);
        } else {
            quantity_append(&sum->requests, &requests);
            quantity_append(&sum->limits, &limits);
        }
        describe_line(text, 1, "%s\t%s\t%s\n", sum->name, str_text(&requests), str_text(&limits));
    }
}

static int add_pods(struct describe_text *text, const struct json *node, struct error **err) {
    const struct json *allocatable = json_find(node, "status.allocatable");
    if (!allocatable)
        allocatable = json_find(node, "status.capacity");
    struct node_pods pods = {.text = text, .allocatable = allocatable, .sums = VEC_OF(struct sum)};
    AUTO_STR_LIST names = {0};
    describe_sorted_keys(allocatable, &names);
    str_list_remove(&names, "pods");
    for (size_t i = 0; i < ARRAY_LEN(summed); i++) {
        vec_push(&pods.sums, &(struct sum){.name = summed[i]});
        str_list_remove(&names, summed[i]);
    }
    for (size_t i = 0; i < names.len; i++)
        vec_push(&pods.sums, &(struct sum){.name = names.items[i]});

    AUTO_STR path = {0};
    CLEANUP(free_ptr)
    char *selector = alloc_printf("spec.nodeName=%s,status.phase!=Failed,status.phase!=Succeeded", meta_name(node));
    target_list_path(resource_pods(), NULL, &path);
    url_query_add(&path, "fieldSelector", selector);
    int result = target_pages(text->session, &(struct target_pages){str_text(&path), NULL, TARGET_CHUNK, add_page, &pods}, err);
    describe_line(text, 0, "Non-terminated Pods:\t(%zu in total)\n", pods.count);
    describe_line(text, 1,
                  "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge\n"
                  "  ---------\t----\t\t------------\t----------\t---------------\t-------------\t---\n");
    describe_line(text, 0, "%s", str_text(&pods.rows));
    add_sums(text, &pods);
    str_free(&pods.rows);
    vec_free(&pods.sums);
    return result;
}

int describe_node(struct describe_text *text, const struct json *node, struct error **err) {
    const struct json *addresses = json_find(node, "status.addresses");
    describe_line(text, 0, "Name:\t%s\n", meta_name(node));
    add_roles(text, json_find(node, "metadata.labels"));
    describe_labels(text, "Labels", json_find(node, "metadata.labels"));
    describe_annotations(text, "Annotations", json_find(node, "metadata.annotations"));
    describe_time(text, 0, "CreationTimestamp", json_get(node, "metadata"), "creationTimestamp");
    add_taints(text, json_find(node, "spec.taints"));
    describe_line(text, 0, "Unschedulable:\t%s\n", json_find_bool(node, "spec.unschedulable", false) ? "true" : "false");
    add_lease(text, meta_name(node));
    add_conditions(text, json_find(node, "status.conditions"));
    describe_line(text, 0, "Addresses:\n");
    for (size_t i = 0; i < json_len(addresses); i++)
        describe_line(text, 1, "%s:\t%s\n", json_get_text(json_at(addresses, i), "type"),
                      json_get_text(json_at(addresses, i), "address"));
    add_amounts(text, "Capacity", json_find(node, "status.capacity"));
    add_amounts(text, "Allocatable", json_find(node, "status.allocatable"));
    add_system(text, node);
    return add_pods(text, node, err);
}
