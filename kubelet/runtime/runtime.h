// SPDX-License-Identifier: Apache-2.0
// The seam between the kubelet and what runs containers: sandboxes, containers, images and events, in CRI's terms.
//
// cri.h makes one over a CRI v1 socket, fake.h one in memory for tests. All calls block and may come from several threads at once.
// Times are wall nanoseconds since 1970, 0 where something has not happened. A deadline in seconds of 0 means "the runtime's request
// timeout". Errors of the runtime come with the gRPC status as reason ("NotFound", "Unavailable", "DeadlineExceeded", ...) and the
// runtime's own text as message.
#ifndef CUBE_KUBELET_RUNTIME_RUNTIME_H
#define CUBE_KUBELET_RUNTIME_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"
#include "common/base/vec.h"
#include "common/net/transport.h"

// Labels that the kubelet puts on sandboxes and containers, as upstream names them; adoption after a restart rests on them.
#define RUNTIME_LABEL_POD_NAME "io.kubernetes.pod.name"
#define RUNTIME_LABEL_POD_NAMESPACE "io.kubernetes.pod.namespace"
#define RUNTIME_LABEL_POD_UID "io.kubernetes.pod.uid"
#define RUNTIME_LABEL_CONTAINER_NAME "io.kubernetes.container.name"
#define RUNTIME_ANNOTATION_HASH "io.kubernetes.container.hash"
#define RUNTIME_ANNOTATION_RESTART_COUNT "io.kubernetes.container.restartCount"
#define RUNTIME_ANNOTATION_MESSAGE_PATH "io.kubernetes.container.terminationMessagePath"
#define RUNTIME_ANNOTATION_MESSAGE_POLICY "io.kubernetes.container.terminationMessagePolicy"
#define RUNTIME_ANNOTATION_GRACE_PERIOD "io.kubernetes.pod.terminationGracePeriod"

// --- small values --------------------------------------------------------------------------------------------------------------

// Owned strings in order; used for labels, annotations, environment and sysctls.
struct runtime_pair {
    char *key;
    char *value;
};
struct runtime_pairs {
    struct runtime_pair *items;
    size_t len;
    size_t cap;
};
void runtime_pairs_set(struct runtime_pairs *pairs, const char *key, const char *value); // replaces an equal key, else appends
const char *runtime_pairs_get(const struct runtime_pairs *pairs, const char *key);       // NULL if absent
void runtime_pairs_free(struct runtime_pairs *pairs);

enum runtime_namespace { RUNTIME_NAMESPACE_POD, RUNTIME_NAMESPACE_CONTAINER, RUNTIME_NAMESPACE_NODE };
enum runtime_propagation {
    RUNTIME_PROPAGATION_PRIVATE,
    RUNTIME_PROPAGATION_HOST_TO_CONTAINER,
    RUNTIME_PROPAGATION_BIDIRECTIONAL
};
enum runtime_seccomp { RUNTIME_SECCOMP_UNCONFINED, RUNTIME_SECCOMP_DEFAULT, RUNTIME_SECCOMP_LOCALHOST };

// What may run as whom; for a sandbox (capabilities unused) or a container. All strings owned.
struct runtime_security {
    enum runtime_namespace network, pid, ipc;
    bool has_user, has_group;
    int64_t user, group;
    char *username; // instead of a number; NULL for none
    bool privileged;
    bool read_only_root;
    bool no_new_privileges;
    int64_t *groups; // supplementary
    size_t group_count;
    struct str_list add_capabilities, drop_capabilities;
    enum runtime_seccomp seccomp;
    char *seccomp_file; // for LOCALHOST
    struct str_list masked_paths, read_only_paths;
    bool selinux_set;
    char *selinux_user, *selinux_role, *selinux_type, *selinux_level;
};

// 0 means "not set" but for oom_score_adj, which is always sent.
struct runtime_resources {
    int64_t cpu_period, cpu_quota, cpu_shares, memory_limit, oom_score_adj;
};

struct runtime_mount {
    char *container_path, *host_path;
    bool read_only;
    bool selinux_relabel;
    enum runtime_propagation propagation;
};

struct runtime_port {
    int protocol; // 0 TCP, 1 UDP, 2 SCTP
    int32_t container_port, host_port;
    char *host_ip; // "" or NULL: all
};

// --- what to make --------------------------------------------------------------------------------------------------------------

// A pod's sandbox to be. All members owned; runtime_sandbox_config_free.
struct runtime_sandbox_config {
    char *name, *ns, *uid;
    uint32_t attempt;
    char *hostname;
    char *log_directory;
    struct str_list dns_servers, dns_searches, dns_options;
    struct vec ports; // struct runtime_port
    struct runtime_pairs labels, annotations;
    char *cgroup_parent;
    struct runtime_pairs sysctls;
    struct runtime_security security;
    char *handler; // the RuntimeClass's; NULL: default
};
struct runtime_sandbox_config *runtime_sandbox_config_new(void);
void runtime_sandbox_config_free(struct runtime_sandbox_config *config);
void runtime_sandbox_config_freep(struct runtime_sandbox_config **config);

// A container to be. All members owned; runtime_container_config_free.
struct runtime_container_config {
    char *name;
    uint32_t attempt;
    char *image; // reference or id to run
    struct str_list command, args;
    char *working_dir;
    struct runtime_pairs environment;
    struct vec mounts; // struct runtime_mount
    struct runtime_pairs labels, annotations;
    char *log_path; // below the sandbox's log directory
    bool tty, stdin_open, stdin_once;
    struct runtime_resources resources;
    struct runtime_security security;
};
struct runtime_container_config *runtime_container_config_new(void);
void runtime_container_config_free(struct runtime_container_config *config);
void runtime_container_config_freep(struct runtime_container_config **config);
void runtime_mount_clear(struct runtime_mount *mount); // frees its strings

// --- what is there -------------------------------------------------------------------------------------------------------------

enum runtime_container_state {
    RUNTIME_CONTAINER_CREATED,
    RUNTIME_CONTAINER_RUNNING,
    RUNTIME_CONTAINER_EXITED,
    RUNTIME_CONTAINER_UNKNOWN
};

// What list gives (id to labels/annotations) and what only status adds (the rest; ips only for sandboxes that are not on the host network).
struct runtime_sandbox {
    char *id, *name, *ns, *uid;
    uint32_t attempt;
    bool ready;
    int64_t created_at;
    struct runtime_pairs labels, annotations;
    struct str_list ips;
    bool host_network;
};
void runtime_sandbox_clear(struct runtime_sandbox *sandbox);
void runtime_sandboxes_free(struct vec *sandboxes); // struct runtime_sandbox

struct runtime_container {
    char *id, *sandbox_id, *name;
    uint32_t attempt;
    char *image;     // as in the spec
    char *image_ref; // the id or digest that it runs
    enum runtime_container_state state;
    int64_t created_at;
    struct runtime_pairs labels, annotations;
    // Only from status:
    int64_t started_at, finished_at;
    int32_t exit_code;
    char *reason, *message;
    char *log_path; // absolute
};
void runtime_container_clear(struct runtime_container *container);
void runtime_containers_free(struct vec *containers); // struct runtime_container

struct runtime_image {
    char *id;
    struct str_list tags, digests;
    uint64_t size;
    bool has_user; // the image's user is the number `user`
    int64_t user;
    char *username; // or this name; NULL if none
    bool pinned;
};
void runtime_image_clear(struct runtime_image *image);
void runtime_images_free(struct vec *images); // struct runtime_image

struct runtime_version {
    char *name, *version, *api_version; // "containerd", "1.6.20", "v1"
};
void runtime_version_clear(struct runtime_version *version);

// RuntimeReady and NetworkReady with what the runtime says of them. Strings owned.
struct runtime_condition {
    bool ready;
    char *reason, *message;
};
struct runtime_status {
    struct runtime_condition runtime, network;
};
void runtime_status_clear(struct runtime_status *status);

// Credentials for one pull; NULL members where there are none. Borrowed.
struct runtime_auth {
    const char *username, *password, *auth, *server_address, *identity_token, *registry_token;
};

struct runtime_exec_result {
    struct str out, errors;
    int32_t exit_code;
};
void runtime_exec_result_free(struct runtime_exec_result *result);

struct runtime_container_stats {
    char *id;
    struct runtime_pairs labels;
    int64_t timestamp;
    uint64_t cpu_nanoseconds; // since start
    uint64_t memory_working_set_bytes;
    uint64_t memory_usage_bytes, memory_rss_bytes;
    uint64_t filesystem_used_bytes, filesystem_inodes_used;
};
void runtime_stats_free(struct vec *stats); // struct runtime_container_stats

enum runtime_event_type {
    RUNTIME_EVENT_CREATED,
    RUNTIME_EVENT_STARTED,
    RUNTIME_EVENT_STOPPED,
    RUNTIME_EVENT_DELETED,
    RUNTIME_EVENT_OOM
};

// Something happened to a container or a sandbox (the runtime may not say which: id is either). Borrowed.
struct runtime_event {
    enum runtime_event_type type;
    const char *id;
};

// Narrows a list; NULL members match all.
struct runtime_filter {
    const char *id;
    const char *sandbox_id; // containers only
    const char *pod_uid;
};

// --- the operations ------------------------------------------------------------------------------------------------------------

struct runtime;

// One implementation. ret_ values are the caller's to free; vectors come initialised.
struct runtime_ops {
    const char *name;
    int (*version)(struct runtime *runtime, struct runtime_version *ret_version, struct error **err);
    int (*status)(struct runtime *runtime, struct runtime_status *ret_status, struct error **err);

    int (*run_sandbox)(struct runtime *runtime, const struct runtime_sandbox_config *config, char **ret_id, struct error **err);
    int (*stop_sandbox)(struct runtime *runtime, const char *id, struct error **err);   // one that is gone: success
    int (*remove_sandbox)(struct runtime *runtime, const char *id, struct error **err); // and its containers
    int (*sandbox_status)(struct runtime *runtime, const char *id, struct runtime_sandbox *ret_sandbox, struct error **err);
    int (*list_sandboxes)(struct runtime *runtime, const struct runtime_filter *filter, struct vec *ret_sandboxes,
                          struct error **err);

    int (*create_container)(struct runtime *runtime, const char *sandbox_id, const struct runtime_container_config *config,
                            const struct runtime_sandbox_config *sandbox, char **ret_id, struct error **err);
    int (*start_container)(struct runtime *runtime, const char *id, struct error **err);
    // SIGTERM (or the image's signal), after the grace period SIGKILL; returns when it has ended.
    int (*stop_container)(struct runtime *runtime, const char *id, int64_t grace_seconds, struct error **err);
    int (*remove_container)(struct runtime *runtime, const char *id, struct error **err);
    int (*container_status)(struct runtime *runtime, const char *id, struct runtime_container *ret_container, struct error **err);
    int (*list_containers)(struct runtime *runtime, const struct runtime_filter *filter, struct vec *ret_containers,
                           struct error **err);
    int (*exec_sync)(struct runtime *runtime, const char *id, const struct str_list *command, int64_t timeout_seconds,
                     struct runtime_exec_result *ret_result, struct error **err);
    int (*reopen_log)(struct runtime *runtime, const char *id, struct error **err);
    int (*container_stats)(struct runtime *runtime, const struct runtime_filter *filter, struct vec *ret_stats,
                           struct error **err);

    // The id of the local image is the result. auth may be NULL.
    int (*pull_image)(struct runtime *runtime, const char *image, const struct runtime_auth *auth,
                      const struct runtime_sandbox_config *sandbox, char **ret_id, struct error **err);
    // An image that is not there: 0 with ret_image->id NULL.
    int (*image_status)(struct runtime *runtime, const char *image, struct runtime_image *ret_image, struct error **err);
    int (*list_images)(struct runtime *runtime, struct vec *ret_images, struct error **err);
    int (*remove_image)(struct runtime *runtime, const char *image, struct error **err);

    // Streams events on the calling thread until stop is set (0) or the stream breaks (-1). on_ready is called when events are about to
    // flow (perhaps twice): whatever happened before, or in the moment it takes, must be found by a list. A runtime without events fails with reason "Unimplemented".
    int (*events)(struct runtime *runtime, void (*on_ready)(void *context),
                  void (*on_event)(void *context, const struct runtime_event *event), void *context, struct stream_stop *stop,
                  struct error **err);
    void (*free)(struct runtime *runtime);
};

// Implementations embed this first. Callers: runtime->ops->run_sandbox(runtime, ...).
struct runtime {
    const struct runtime_ops *ops;
};

void runtime_free(struct runtime *runtime);                           // NULL is fine
bool runtime_error_is(const struct error *error, const char *status); // "NotFound", "Unimplemented", ...
// The runtime's own words: the text behind `rpc error: code = X desc = `, or the whole message.
const char *runtime_error_text(const struct error *error);

#endif
