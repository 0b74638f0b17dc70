// SPDX-License-Identifier: Apache-2.0
// A program of which one replica works at a time: its connection to the apiserver, its election, and the work that follows from it.
#ifndef CUBE_COMMON_COMPONENT_LEADING_H
#define CUBE_COMMON_COMPONENT_LEADING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/lock.h"
#include "common/base/options.h"
#include "common/base/str.h"
#include "common/client/kubeconfig.h"
#include "common/client/leader.h"
#include "common/client/rest.h"
#include "common/component/debug_server.h"
#include "common/net/transport.h"

// Targets of the options that all such programs have; durations in nanoseconds.
struct leading_options {
    char *kubeconfig, *master;
    bool leader_elect;
    int64_t lease_duration, renew_deadline, retry_period;
    char *lease_name, *lease_namespace;
    char *bind_address;
    char *tls_cert_file, *tls_key_file, *client_ca_file;
};
// Their rows, for struct component's group. The programs' own tables have what has another default in each: --secure-port,
// --leader-elect-resource-name, --kube-api-qps and --kube-api-burst.
extern const struct option leading_option_rows[];

// What the leader does. start runs on the election's thread (or, without election, in leading_start) and returns soon; stop returns when
// nothing is written any more. start that fails ends the program.
struct leading_work {
    int (*start)(void *context, struct error **err);
    void (*stop)(void *context);
    void *context;
};

// Embed in the program's struct, zeroed.
struct leading {
    // constant after leading_connect
    const struct leading_options *options;
    struct leading_work work;
    struct kubeconfig *kubeconfig;
    struct transport *transport;
    struct rest *lease_rest; // the election's own
    struct leader *leader;   // NULL: without election
    char *identity;

    // under lock: work starts on the election's thread and stops on the main thread
    struct lock lock;
    bool stopping;
    bool working;
};

// Checks the options and reads the kubeconfig, or what a pod finds in its file system; --master overrides the server in it.
int leading_configure(struct leading *leading, const struct leading_options *options, struct error **err) MUST_CHECK;
// program ("kube-scheduler") goes into the User-Agent.
int leading_connect(struct leading *leading, const char *program, const struct leading_work *work, struct error **err) MUST_CHECK;
// Joins the election; without one the work starts at once.
int leading_start(struct leading *leading, struct error **err) MUST_CHECK;
// Ends the work, then gives the lease up, so that two leaders never act at once.
void leading_stop(struct leading *leading);
void leading_disconnect(struct leading *leading);
bool leading_is_stopping(struct leading *leading);
// The health check "leaderElection"; context is the struct leading.
bool leading_check(void *context, struct str *reason);
// The address, certificate and CA that the options name; the caller adds port and checks.
struct debug_server_config leading_server_config(const struct leading_options *options);

#endif
