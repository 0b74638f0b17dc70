// SPDX-License-Identifier: Apache-2.0
// The option table and the fields of KubeSchedulerConfiguration that set the same targets.
#include "scheduler/options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/data/json.h"

#define AT(member) offsetof(struct scheduler_options, member)
#define NO_RUNTIME "there is no Go runtime to profile"

// Rows without a help text are set by the configuration file only; they are no flags of upstream's.
const struct option scheduler_option_table[] = {
    {"config", 0, OPTION_STRING, AT(config), "", "The path to the configuration file.", NULL},
    {"kube-api-qps", 0, OPTION_DOUBLE, AT(kube_api_qps), "50", "QPS to use while talking with kubernetes apiserver.", NULL},
    {"kube-api-burst", 0, OPTION_INT, AT(kube_api_burst), "100", "Burst to use while talking with kubernetes apiserver.", NULL},
    {"secure-port", 0, OPTION_INT, AT(secure_port), "10259", "The port on which to serve HTTPS. If 0, don't serve HTTPS at all.",
     NULL},
    {"leader-elect-resource-name", 0, OPTION_STRING, AT(leading.lease_name), "kube-scheduler", "The name of the Lease.", NULL},
    {"pod-max-in-unschedulable-pods-duration", 0, OPTION_DURATION, AT(unschedulable_max), "5m",
     "The longest time that a pod stays parked before it is tried again.", NULL},
    {"feature-gates", 0, OPTION_IGNORED, 0, NULL, "", "there are no gates in this build"},
    {"parallelism", 0, OPTION_INT, AT(parallelism), "16", "", NULL},
    {"percentage-of-nodes-to-score", 0, OPTION_INT, AT(percentage_of_nodes), "0", "", NULL},
    {"pod-initial-backoff-seconds", 0, OPTION_INT, AT(backoff_initial), "1", "", NULL},
    {"pod-max-backoff-seconds", 0, OPTION_INT, AT(backoff_max), "10", "", NULL},
    {"profiles", 0, OPTION_STRING, AT(profiles), "", "", NULL},
    {"extenders", 0, OPTION_STRING, AT(extenders), "", "", NULL},
    {"scheduler-name", 0, OPTION_STRING, AT(scheduler_name), "default-scheduler", "", NULL},
    {NULL, 0, OPTION_IGNORED, 0, NULL, NULL, NULL},
};

static const struct config_field config_fields[] = {
    {"clientConnection.kubeconfig", "kubeconfig", NULL},
    {"clientConnection.qps", "kube-api-qps", NULL},
    {"clientConnection.burst", "kube-api-burst", NULL},
    {"clientConnection.acceptContentTypes", NULL, "requests are always JSON"},
    {"clientConnection.contentType", NULL, "requests are always JSON"},
    {"leaderElection.leaderElect", "leader-elect", NULL},
    {"leaderElection.leaseDuration", "leader-elect-lease-duration", NULL},
    {"leaderElection.renewDeadline", "leader-elect-renew-deadline", NULL},
    {"leaderElection.retryPeriod", "leader-elect-retry-period", NULL},
    {"leaderElection.resourceLock", NULL, "the lock is always a Lease"},
    {"leaderElection.resourceName", "leader-elect-resource-name", NULL},
    {"leaderElection.resourceNamespace", "leader-elect-resource-namespace", NULL},
    {"parallelism", "parallelism", NULL},
    {"percentageOfNodesToScore", "percentage-of-nodes-to-score", NULL},
    {"podInitialBackoffSeconds", "pod-initial-backoff-seconds", NULL},
    {"podMaxBackoffSeconds", "pod-max-backoff-seconds", NULL},
    {"enableProfiling", NULL, NO_RUNTIME},
    {"enableContentionProfiling", NULL, NO_RUNTIME},
    {"delayCacheUntilActive", NULL, "the cache is small: it is always filled only when this scheduler leads"},
    {"profiles", "profiles", NULL},
    {"extenders", "extenders", NULL},
    {NULL, NULL, NULL},
};

// One profile with a name of its own works; plug-in settings do not yet and are refused rather than dropped.
static int apply_profiles(struct scheduler_options *options, struct error **err) {
    AUTO_JSON profiles = NULL;
    if (str_empty(options->profiles))
        return 0;
    if (json_parse(options->profiles, strlen(options->profiles), NULL, &profiles, err) < 0)
        return error_prefix(err, "profiles");
    if (json_len(profiles) > 1)
        return error_set(err, "profiles: Invalid value: more than one profile is not supported");
    const struct json *profile = json_at(profiles, 0);
    static const char *const refused[] = {"plugins", "pluginConfig", "percentageOfNodesToScore"};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        if (json_get(profile, refused[i]))
            return error_set(err, "profiles[0].%s: Invalid value: not supported by this build", refused[i]);
    }
    if (json_get_string(profile, "schedulerName")) {
        free(options->scheduler_name);
        options->scheduler_name = alloc_string(json_get_string(profile, "schedulerName"));
    }
    return 0;
}

static int check(const struct scheduler_options *options, struct error **err) {
    if (!str_empty(options->extenders))
        return error_set(err, "extenders: Invalid value: not supported by this build");
    if (options->parallelism <= 0)
        return error_set(err, "parallelism: Invalid value: %lld: should be an integer value greater than zero",
                         (long long)options->parallelism);
    if (options->percentage_of_nodes < 0 || options->percentage_of_nodes > 100)
        return error_set(err, "percentageOfNodesToScore: Invalid value: %lld: not in valid range [0-100]",
                         (long long)options->percentage_of_nodes);
    if (options->backoff_initial <= 0 || options->backoff_max < options->backoff_initial)
        return error_set(err,
                         "podMaxBackoffSeconds: Invalid value: %lld: must be greater than or equal to PodInitialBackoffSeconds",
                         (long long)options->backoff_max);
    return 0;
}

int scheduler_options_complete(struct scheduler_options *options, const struct option *table, const struct str_list *given,
                               struct error **err) {
    if (!str_empty(options->config)) {
        const struct config_file_spec spec = {.api_version = "kubescheduler.config.k8s.io/v1",
                                              .kind = "KubeSchedulerConfiguration",
                                              .fields = config_fields,
                                              .strict = true};
        if (config_file_load(options->config, &spec, table, options, given, err) < 0)
            return -1;
    }
    if (apply_profiles(options, err) < 0)
        return -1;
    return check(options, err);
}
