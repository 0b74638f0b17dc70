// SPDX-License-Identifier: Apache-2.0
// Replica sets, described, with how their pods do.
#include "common/api/meta.h"
#include "common/api/pod.h"
#include "common/api/resources.h"
#include "common/api/selector.h"
#include "common/net/url.h"
#include "cubectl/describe_container.h"
#include "cubectl/describe_kinds.h"
#include "cubectl/target.h"

struct counts {
    const char *uid;
    size_t phases[POD_UNKNOWN + 1];
};

static void count_pods(void *context, struct json *page) {
    struct counts *counts = context;
    const struct json *items = json_get(page, "items");
    for (size_t i = 0; i < json_len(items); i++) {
        const struct json *controller = meta_controller(json_at(items, i));
        if (str_equal(json_get_text(controller, "uid"), counts->uid))
            counts->phases[pod_phase(json_at(items, i))]++;
    }
}

static int add_pods_status(struct describe_text *text, const struct json *replicaset, const char *selector, struct error **err) {
    struct counts counts = {.uid = meta_uid(replicaset)};
    AUTO_STR path = {0};
    target_list_path(resource_pods(), meta_namespace(replicaset), &path);
    url_query_add(&path, "labelSelector", selector);
    if (target_pages(text->session, &(struct target_pages){str_text(&path), NULL, TARGET_CHUNK, count_pods, &counts}, err) < 0)
        return -1;
    describe_line(text, 0, "Pods Status:\t%zu Running / %zu Waiting / %zu Succeeded / %zu Failed\n", counts.phases[POD_RUNNING],
                  counts.phases[POD_PENDING], counts.phases[POD_SUCCEEDED], counts.phases[POD_FAILED]);
    return 0;
}

int describe_replicaset(struct describe_text *text, const struct json *replicaset, struct error **err) {
    AUTO_SELECTOR selector = NULL;
    AUTO_STR selector_text = {0};
    if (selector_from_json(json_find(replicaset, "spec.selector"), &selector, err) < 0)
        return -1;
    selector_append_text(selector, &selector_text);
    describe_line(text, 0, "Name:\t%s\n", meta_name(replicaset));
    describe_line(text, 0, "Namespace:\t%s\n", meta_namespace(replicaset));
    describe_line(text, 0, "Selector:\t%s\n", str_text(&selector_text));
    describe_labels(text, "Labels", json_find(replicaset, "metadata.labels"));
    describe_annotations(text, "Annotations", json_find(replicaset, "metadata.annotations"));
    describe_controller(text, replicaset);
    describe_line(text, 0, "Replicas:\t%lld current / %lld desired\n", (long long)json_find_int(replicaset, "status.replicas", 0),
                  (long long)json_find_int(replicaset, "spec.replicas", 0));
    if (add_pods_status(text, replicaset, str_text(&selector_text), err) < 0)
        return -1;
    describe_pod_template(text, json_find(replicaset, "spec.template"));
    const struct json *conditions = json_find(replicaset, "status.conditions");
    if (json_len(conditions) > 0)
        describe_line(text, 0, "Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------\n");
    for (size_t i = 0; i < json_len(conditions); i++)
        describe_line(text, 1, "%s \t%s\t%s\n", json_get_text(json_at(conditions, i), "type"),
                      json_get_text(json_at(conditions, i), "status"), json_get_text(json_at(conditions, i), "reason"));
    return 0;
}
