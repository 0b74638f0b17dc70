// SPDX-License-Identifier: Apache-2.0
// Which controllers there are and which of them the flag asks for.
#include "controller-manager/controllers.h"

#include "common/base/log.h"
#include "controller-manager/garbage_collector.h"
#include "controller-manager/namespace_controller.h"
#include "controller-manager/node_lifecycle_controller.h"
#include "controller-manager/replicaset_controller.h"
#include "controller-manager/root_ca_publisher.h"
#include "controller-manager/serviceaccount_controller.h"
#include "controller-manager/taint_eviction_controller.h"

const struct controller_descriptor *const controllers_all[] = {
    &serviceaccount_controller,
    &root_ca_publisher,
    &replicaset_controller,
    &namespace_controller,
    &node_lifecycle_controller,
    &taint_eviction_controller,
    // the last one: it takes the whole objects of those who want them, and makes metadata informers for the rest
    &garbage_collector,
};
const size_t controllers_count = ARRAY_LEN(controllers_all);

static bool has_name(const struct controller_descriptor *controller, const char *name) {
    return str_equal(controller->name, name) || str_equal(controller->alias, name);
}

bool controllers_enabled(const struct str_list *flag, const struct controller_descriptor *controller) {
    for (size_t i = 0; i < flag->len; i++) {
        const char *item = flag->items[i];
        if (has_name(controller, item))
            return true;
        if (item[0] == '-' && has_name(controller, item + 1))
            return false;
    }
    return str_list_contains(flag, "*");
}

// Upstream's other controllers, by both of their names: flags that name them are no mistakes ("*,bootstrapsigner,tokencleaner" is what
// kubeadm sets).
static const char *const elsewhere[] = {
    "attachdetach",
    "bootstrap-signer-controller",
    "bootstrapsigner",
    "certificatesigningrequest-approving-controller",
    "certificatesigningrequest-cleaner-controller",
    "certificatesigningrequest-signing-controller",
    "cloud-node-lifecycle",
    "cloud-node-lifecycle-controller",
    "clusterrole-aggregation",
    "clusterrole-aggregation-controller",
    "cronjob",
    "cronjob-controller",
    "csrapproving",
    "csrcleaner",
    "csrsigning",
    "daemonset",
    "daemonset-controller",
    "deployment",
    "deployment-controller",
    "disruption",
    "disruption-controller",
    "endpoint",
    "endpoints-controller",
    "endpointslice",
    "endpointslice-controller",
    "endpointslice-mirroring-controller",
    "endpointslicemirroring",
    "ephemeral-volume",
    "ephemeral-volume-controller",
    "horizontal-pod-autoscaler-controller",
    "horizontalpodautoscaling",
    "job",
    "job-controller",
    "kube-apiserver-serving-clustertrustbundle-publisher-controller",
    "legacy-service-account-token-cleaner",
    "legacy-serviceaccount-token-cleaner-controller",
    "node-ipam-controller",
    "node-route-controller",
    "nodeipam",
    "persistentvolume-attach-detach-controller",
    "persistentvolume-binder",
    "persistentvolume-binder-controller",
    "persistentvolume-expander",
    "persistentvolume-expander-controller",
    "persistentvolume-protection-controller",
    "persistentvolumeclaim-protection-controller",
    "pod-garbage-collector-controller",
    "podgc",
    "pv-protection",
    "pvc-protection",
    "replicationcontroller",
    "replicationcontroller-controller",
    "resource-claim-controller",
    "resourceclaim-controller",
    "resourcequota",
    "resourcequota-controller",
    "route",
    "selinux-warning-controller",
    "service",
    "service-cidr-controller",
    "service-lb-controller",
    "serviceaccount-token",
    "serviceaccount-token-controller",
    "statefulset",
    "statefulset-controller",
    "storage-version-gc",
    "storage-version-migrator-controller",
    "storageversion-garbage-collector-controller",
    "token-cleaner-controller",
    "tokencleaner",
    "ttl",
    "ttl-after-finished",
    "ttl-after-finished-controller",
    "ttl-controller",
    "validatingadmissionpolicy-status-controller",
    "volumeattributesclass-protection-controller",
};

static bool is_elsewhere(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++) {
        if (str_equal(name, elsewhere[i]))
            return true;
    }
    return false;
}

static bool known(const char *name) {
    if (str_equal(name, "*"))
        return true;
    for (size_t i = 0; i < controllers_count; i++) {
        if (has_name(controllers_all[i], name))
            return true;
    }
    return false;
}

int controllers_check_flag(const struct str_list *flag, struct error **err) {
    for (size_t i = 0; i < flag->len; i++) {
        bool without = flag->items[i][0] == '-';
        const char *name = flag->items[i] + (without ? 1 : 0);
        if (is_elsewhere(name) && !without)
            log_warning("controller is not part of this build, ignoring", "controller", name, NULL);
        else if (!is_elsewhere(name) && !known(name))
            return error_set(err, "\"%s\" is not in the list of known controllers", name);
    }
    return 0;
}
