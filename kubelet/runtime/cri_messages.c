// SPDX-License-Identifier: Apache-2.0
// CRI messages out of the runtime seam's values and back.
#include "kubelet/runtime/cri_messages.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/base/alloc.h"

void *cri_arena_zero(struct cri_arena *arena, size_t size) {
    void *block = alloc_zero(size ? size : 1);
    ptr_vec_push(&arena->blocks, block);
    return block;
}

void cri_arena_free(struct cri_arena *arena) {
    for (size_t i = 0; i < arena->blocks.len; i++)
        free(arena->blocks.items[i]);
    ptr_vec_free(&arena->blocks);
}

// protobuf-c wants "" and not NULL for absent strings, and does not write through these pointers.
static char *text(const char *value) {
    static char empty[] = "";
    return value ? (char *)(uintptr_t)value : empty;
}

#define NEW_MESSAGE(arena, type, init_function)                                                                                  \
    __extension__({                                                                                                              \
        type *message_ = cri_arena_zero(arena, sizeof(type));                                                                    \
        init_function(message_);                                                                                                 \
        message_;                                                                                                                \
    })

// --- out -----------------------------------------------------------------------------------------------------------------------

void cri_messages_pairs(struct cri_arena *arena, const struct runtime_pairs *pairs, size_t *ret_len, Cri__Pair ***ret_pairs) {
    Cri__Pair **list = cri_arena_zero(arena, pairs->len * sizeof(*list));
    for (size_t i = 0; i < pairs->len; i++) {
        list[i] = NEW_MESSAGE(arena, Cri__Pair, cri__pair__init);
        list[i]->key = text(pairs->items[i].key);
        list[i]->value = text(pairs->items[i].value);
    }
    *ret_len = pairs->len;
    *ret_pairs = list;
}

static Cri__Int64Value *int64_value(struct cri_arena *arena, bool has, int64_t value) {
    if (!has)
        return NULL;
    Cri__Int64Value *message = NEW_MESSAGE(arena, Cri__Int64Value, cri__int64_value__init);
    message->value = value;
    return message;
}

static Cri__NamespaceOption *namespaces(struct cri_arena *arena, const struct runtime_security *security) {
    Cri__NamespaceOption *message = NEW_MESSAGE(arena, Cri__NamespaceOption, cri__namespace_option__init);
    message->network = (int32_t)security->network;
    message->pid = (int32_t)security->pid;
    message->ipc = (int32_t)security->ipc;
    return message;
}

static Cri__SecurityProfile *seccomp(struct cri_arena *arena, const struct runtime_security *security) {
    static const int32_t types[] = {
        [RUNTIME_SECCOMP_UNCONFINED] = 1, [RUNTIME_SECCOMP_DEFAULT] = 0, [RUNTIME_SECCOMP_LOCALHOST] = 2};
    Cri__SecurityProfile *message = NEW_MESSAGE(arena, Cri__SecurityProfile, cri__security_profile__init);
    message->profile_type = types[security->seccomp];
    message->localhost_ref = text(security->seccomp_file);
    return message;
}

static Cri__SelinuxOption *selinux(struct cri_arena *arena, const struct runtime_security *security) {
    if (!security->selinux_set)
        return NULL;
    Cri__SelinuxOption *message = NEW_MESSAGE(arena, Cri__SelinuxOption, cri__selinux_option__init);
    message->user = text(security->selinux_user);
    message->role = text(security->selinux_role);
    message->type = text(security->selinux_type);
    message->level = text(security->selinux_level);
    return message;
}

static Cri__LinuxPodSandboxConfig *sandbox_linux(struct cri_arena *arena, const struct runtime_sandbox_config *config) {
    const struct runtime_security *security = &config->security;
    Cri__LinuxSandboxSecurityContext *context =
        NEW_MESSAGE(arena, Cri__LinuxSandboxSecurityContext, cri__linux_sandbox_security_context__init);
    context->namespace_options = namespaces(arena, security);
    context->selinux_options = selinux(arena, security);
    context->run_as_user = int64_value(arena, security->has_user, security->user);
    context->run_as_group = int64_value(arena, security->has_group, security->group);
    context->readonly_rootfs = security->read_only_root;
    context->privileged = security->privileged;
    context->seccomp = seccomp(arena, security);
    context->n_supplemental_groups = security->group_count;
    context->supplemental_groups = security->groups;
    Cri__LinuxPodSandboxConfig *message = NEW_MESSAGE(arena, Cri__LinuxPodSandboxConfig, cri__linux_pod_sandbox_config__init);
    message->cgroup_parent = text(config->cgroup_parent);
    message->security_context = context;
    cri_messages_pairs(arena, &config->sysctls, &message->n_sysctls, &message->sysctls);
    return message;
}

Cri__PodSandboxConfig *cri_messages_sandbox_config(struct cri_arena *arena, const struct runtime_sandbox_config *config) {
    Cri__PodSandboxConfig *message = NEW_MESSAGE(arena, Cri__PodSandboxConfig, cri__pod_sandbox_config__init);
    Cri__PodSandboxMetadata *metadata = NEW_MESSAGE(arena, Cri__PodSandboxMetadata, cri__pod_sandbox_metadata__init);
    metadata->name = text(config->name);
    metadata->uid = text(config->uid);
    metadata->namespace_ = text(config->ns);
    metadata->attempt = config->attempt;
    message->metadata = metadata;
    message->hostname = text(config->hostname);
    message->log_directory = text(config->log_directory);
    Cri__DnsConfig *dns = NEW_MESSAGE(arena, Cri__DnsConfig, cri__dns_config__init);
    dns->n_servers = config->dns_servers.len;
    dns->servers = config->dns_servers.items;
    dns->n_searches = config->dns_searches.len;
    dns->searches = config->dns_searches.items;
    dns->n_options = config->dns_options.len;
    dns->options = config->dns_options.items;
    message->dns_config = dns;
    message->n_port_mappings = config->ports.len;
    message->port_mappings = cri_arena_zero(arena, config->ports.len * sizeof(*message->port_mappings));
    for (size_t i = 0; i < config->ports.len; i++) {
        const struct runtime_port *port = VEC_AT(&config->ports, struct runtime_port, i);
        Cri__PortMapping *mapping = NEW_MESSAGE(arena, Cri__PortMapping, cri__port_mapping__init);
        mapping->protocol = port->protocol;
        mapping->container_port = port->container_port;
        mapping->host_port = port->host_port;
        mapping->host_ip = text(port->host_ip);
        message->port_mappings[i] = mapping;
    }
    cri_messages_pairs(arena, &config->labels, &message->n_labels, &message->labels);
    cri_messages_pairs(arena, &config->annotations, &message->n_annotations, &message->annotations);
    message->linux_config = sandbox_linux(arena, config);
    return message;
}

static Cri__LinuxContainerSecurityContext *container_security(struct cri_arena *arena, const struct runtime_security *security) {
    Cri__LinuxContainerSecurityContext *context =
        NEW_MESSAGE(arena, Cri__LinuxContainerSecurityContext, cri__linux_container_security_context__init);
    Cri__Capability *capabilities = NEW_MESSAGE(arena, Cri__Capability, cri__capability__init);
    capabilities->n_add_capabilities = security->add_capabilities.len;
    capabilities->add_capabilities = security->add_capabilities.items;
    capabilities->n_drop_capabilities = security->drop_capabilities.len;
    capabilities->drop_capabilities = security->drop_capabilities.items;
    context->capabilities = capabilities;
    context->privileged = security->privileged;
    context->namespace_options = namespaces(arena, security);
    context->selinux_options = selinux(arena, security);
    context->run_as_user = int64_value(arena, security->has_user, security->user);
    context->run_as_group = int64_value(arena, security->has_group, security->group);
    context->run_as_username = text(security->username);
    context->readonly_rootfs = security->read_only_root;
    context->n_supplemental_groups = security->group_count;
    context->supplemental_groups = security->groups;
    context->no_new_privs = security->no_new_privileges;
    context->n_masked_paths = security->masked_paths.len;
    context->masked_paths = security->masked_paths.items;
    context->n_readonly_paths = security->read_only_paths.len;
    context->readonly_paths = security->read_only_paths.items;
    context->seccomp = seccomp(arena, security);
    return context;
}

static void container_mounts(struct cri_arena *arena, const struct runtime_container_config *config,
                             Cri__ContainerConfig *message) {
    message->n_mounts = config->mounts.len;
    message->mounts = cri_arena_zero(arena, config->mounts.len * sizeof(*message->mounts));
    for (size_t i = 0; i < config->mounts.len; i++) {
        const struct runtime_mount *mount = VEC_AT(&config->mounts, struct runtime_mount, i);
        Cri__Mount *row = NEW_MESSAGE(arena, Cri__Mount, cri__mount__init);
        row->container_path = text(mount->container_path);
        row->host_path = text(mount->host_path);
        row->readonly = mount->read_only;
        row->selinux_relabel = mount->selinux_relabel;
        row->propagation = (int32_t)mount->propagation;
        message->mounts[i] = row;
    }
}

Cri__ContainerConfig *cri_messages_container_config(struct cri_arena *arena, const struct runtime_container_config *config) {
    Cri__ContainerConfig *message = NEW_MESSAGE(arena, Cri__ContainerConfig, cri__container_config__init);
    Cri__ContainerMetadata *metadata = NEW_MESSAGE(arena, Cri__ContainerMetadata, cri__container_metadata__init);
    metadata->name = text(config->name);
    metadata->attempt = config->attempt;
    message->metadata = metadata;
    message->image = NEW_MESSAGE(arena, Cri__ImageSpec, cri__image_spec__init);
    message->image->image = text(config->image);
    message->n_command = config->command.len;
    message->command = config->command.items;
    message->n_args = config->args.len;
    message->args = config->args.items;
    message->working_dir = text(config->working_dir);
    cri_messages_pairs(arena, &config->environment, &message->n_envs, &message->envs);
    container_mounts(arena, config, message);
    cri_messages_pairs(arena, &config->labels, &message->n_labels, &message->labels);
    cri_messages_pairs(arena, &config->annotations, &message->n_annotations, &message->annotations);
    message->log_path = text(config->log_path);
    message->stdin = config->stdin_open;
    message->stdin_once = config->stdin_once;
    message->tty = config->tty;
    Cri__LinuxContainerResources *resources =
        NEW_MESSAGE(arena, Cri__LinuxContainerResources, cri__linux_container_resources__init);
    resources->cpu_period = config->resources.cpu_period;
    resources->cpu_quota = config->resources.cpu_quota;
    resources->cpu_shares = config->resources.cpu_shares;
    resources->memory_limit_in_bytes = config->resources.memory_limit;
    resources->oom_score_adj = config->resources.oom_score_adj;
    message->linux_config = NEW_MESSAGE(arena, Cri__LinuxContainerConfig, cri__linux_container_config__init);
    message->linux_config->resources = resources;
    message->linux_config->security_context = container_security(arena, &config->security);
    return message;
}

// --- in ------------------------------------------------------------------------------------------------------------------------

void cri_messages_take_pairs(struct runtime_pairs *to, size_t len, Cri__Pair *const *pairs) {
    for (size_t i = 0; i < len; i++)
        runtime_pairs_set(to, pairs[i]->key, pairs[i]->value);
}

static void take_metadata(struct runtime_sandbox *to, const Cri__PodSandboxMetadata *metadata) {
    to->name = alloc_string(metadata ? metadata->name : "");
    to->ns = alloc_string(metadata ? metadata->namespace_ : "");
    to->uid = alloc_string(metadata ? metadata->uid : "");
    to->attempt = metadata ? metadata->attempt : 0;
}

void cri_messages_take_sandbox(struct runtime_sandbox *to, const Cri__PodSandbox *from) {
    to->id = alloc_string(from->id);
    take_metadata(to, from->metadata);
    to->ready = from->state == 0;
    to->created_at = from->created_at;
    cri_messages_take_pairs(&to->labels, from->n_labels, from->labels);
    cri_messages_take_pairs(&to->annotations, from->n_annotations, from->annotations);
}

void cri_messages_take_sandbox_status(struct runtime_sandbox *to, const Cri__PodSandboxStatus *from) {
    to->id = alloc_string(from->id);
    take_metadata(to, from->metadata);
    to->ready = from->state == 0;
    to->created_at = from->created_at;
    cri_messages_take_pairs(&to->labels, from->n_labels, from->labels);
    cri_messages_take_pairs(&to->annotations, from->n_annotations, from->annotations);
    const Cri__LinuxPodSandboxStatus *system = from->linux_config;
    to->host_network = system && system->namespaces && system->namespaces->options &&
                       system->namespaces->options->network == RUNTIME_NAMESPACE_NODE;
    if (!from->network || to->host_network)
        return;
    if (!str_empty(from->network->ip))
        str_list_add(&to->ips, from->network->ip);
    for (size_t i = 0; i < from->network->n_additional_ips; i++) {
        if (!str_empty(from->network->additional_ips[i]->ip))
            str_list_add(&to->ips, from->network->additional_ips[i]->ip);
    }
}

static enum runtime_container_state take_state(int32_t state) {
    return state >= 0 && state <= 2 ? (enum runtime_container_state)state : RUNTIME_CONTAINER_UNKNOWN;
}

void cri_messages_take_container(struct runtime_container *to, const Cri__Container *from) {
    to->id = alloc_string(from->id);
    to->sandbox_id = alloc_string(from->pod_sandbox_id);
    to->name = alloc_string(from->metadata ? from->metadata->name : "");
    to->attempt = from->metadata ? from->metadata->attempt : 0;
    to->image = alloc_string(from->image ? from->image->image : "");
    to->image_ref = alloc_string(from->image_ref);
    to->state = take_state(from->state);
    to->created_at = from->created_at;
    cri_messages_take_pairs(&to->labels, from->n_labels, from->labels);
    cri_messages_take_pairs(&to->annotations, from->n_annotations, from->annotations);
}

void cri_messages_take_container_status(struct runtime_container *to, const Cri__ContainerStatus *from) {
    to->id = alloc_string(from->id);
    to->name = alloc_string(from->metadata ? from->metadata->name : "");
    to->attempt = from->metadata ? from->metadata->attempt : 0;
    to->image = alloc_string(from->image ? from->image->image : "");
    to->image_ref = alloc_string(from->image_ref);
    to->state = take_state(from->state);
    to->created_at = from->created_at;
    to->started_at = from->started_at;
    to->finished_at = from->finished_at;
    to->exit_code = from->exit_code;
    to->reason = alloc_string(from->reason);
    to->message = alloc_string(from->message);
    to->log_path = alloc_string(from->log_path);
    cri_messages_take_pairs(&to->labels, from->n_labels, from->labels);
    cri_messages_take_pairs(&to->annotations, from->n_annotations, from->annotations);
}

void cri_messages_take_image(struct runtime_image *to, const Cri__Image *from) {
    to->id = alloc_string(from->id);
    for (size_t i = 0; i < from->n_repo_tags; i++)
        str_list_add(&to->tags, from->repo_tags[i]);
    for (size_t i = 0; i < from->n_repo_digests; i++)
        str_list_add(&to->digests, from->repo_digests[i]);
    to->size = from->size;
    to->has_user = from->uid;
    to->user = from->uid ? from->uid->value : 0;
    to->username = str_empty(from->username) ? NULL : alloc_string(from->username);
    to->pinned = from->pinned;
}

static uint64_t take_number(const Cri__UInt64Value *value) {
    return value ? value->value : 0;
}

void cri_messages_take_stats(struct runtime_container_stats *to, const Cri__ContainerStats *from) {
    to->id = alloc_string(from->attributes ? from->attributes->id : "");
    if (from->attributes)
        cri_messages_take_pairs(&to->labels, from->attributes->n_labels, from->attributes->labels);
    if (from->cpu) {
        to->timestamp = from->cpu->timestamp;
        to->cpu_nanoseconds = take_number(from->cpu->usage_core_nano_seconds);
    }
    if (from->memory) {
        to->memory_working_set_bytes = take_number(from->memory->working_set_bytes);
        to->memory_usage_bytes = take_number(from->memory->usage_bytes);
        to->memory_rss_bytes = take_number(from->memory->rss_bytes);
    }
    if (from->writable_layer) {
        to->filesystem_used_bytes = take_number(from->writable_layer->used_bytes);
        to->filesystem_inodes_used = take_number(from->writable_layer->inodes_used);
    }
}
