// SPDX-License-Identifier: Apache-2.0
// Making and freeing the values that pass through the runtime seam.
#include "kubelet/runtime/runtime.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

void runtime_pairs_set(struct runtime_pairs *pairs, const char *key, const char *value) {
    for (size_t i = 0; i < pairs->len; i++) {
        if (strcmp(pairs->items[i].key, key) == 0) {
            free(pairs->items[i].value);
            pairs->items[i].value = alloc_string(value);
            return;
        }
    }
    if (pairs->len == pairs->cap) {
        pairs->cap = pairs->cap ? pairs->cap * 2 : 8;
        pairs->items = alloc_resize(pairs->items, pairs->cap, sizeof(*pairs->items));
    }
    pairs->items[pairs->len++] = (struct runtime_pair){.key = alloc_string(key), .value = alloc_string(value)};
}

const char *runtime_pairs_get(const struct runtime_pairs *pairs, const char *key) {
    for (size_t i = 0; i < pairs->len; i++) {
        if (strcmp(pairs->items[i].key, key) == 0)
            return pairs->items[i].value;
    }
    return NULL;
}

void runtime_pairs_free(struct runtime_pairs *pairs) {
    for (size_t i = 0; i < pairs->len; i++) {
        free(pairs->items[i].key);
        free(pairs->items[i].value);
    }
    free(pairs->items);
    *pairs = (struct runtime_pairs){0};
}

static void security_clear(struct runtime_security *security) {
    free(security->username);
    free(security->groups);
    str_list_free(&security->add_capabilities);
    str_list_free(&security->drop_capabilities);
    free(security->seccomp_file);
    str_list_free(&security->masked_paths);
    str_list_free(&security->read_only_paths);
    free(security->selinux_user);
    free(security->selinux_role);
    free(security->selinux_type);
    free(security->selinux_level);
    *security = (struct runtime_security){0};
}

struct runtime_sandbox_config *runtime_sandbox_config_new(void) {
    struct runtime_sandbox_config *config = alloc_zero(sizeof(*config));
    config->ports = VEC_OF(struct runtime_port);
    return config;
}

void runtime_sandbox_config_free(struct runtime_sandbox_config *config) {
    if (!config)
        return;
    free(config->name);
    free(config->ns);
    free(config->uid);
    free(config->hostname);
    free(config->log_directory);
    str_list_free(&config->dns_servers);
    str_list_free(&config->dns_searches);
    str_list_free(&config->dns_options);
    for (size_t i = 0; i < config->ports.len; i++)
        free(VEC_AT(&config->ports, struct runtime_port, i)->host_ip);
    vec_free(&config->ports);
    runtime_pairs_free(&config->labels);
    runtime_pairs_free(&config->annotations);
    free(config->cgroup_parent);
    runtime_pairs_free(&config->sysctls);
    security_clear(&config->security);
    free(config->handler);
    free(config);
}

void runtime_sandbox_config_freep(struct runtime_sandbox_config **config) {
    runtime_sandbox_config_free(*config);
}

struct runtime_container_config *runtime_container_config_new(void) {
    struct runtime_container_config *config = alloc_zero(sizeof(*config));
    config->mounts = VEC_OF(struct runtime_mount);
    return config;
}

void runtime_mount_clear(struct runtime_mount *mount) {
    free(mount->container_path);
    free(mount->host_path);
    *mount = (struct runtime_mount){0};
}

void runtime_container_config_free(struct runtime_container_config *config) {
    if (!config)
        return;
    free(config->name);
    free(config->image);
    str_list_free(&config->command);
    str_list_free(&config->args);
    free(config->working_dir);
    runtime_pairs_free(&config->environment);
    for (size_t i = 0; i < config->mounts.len; i++)
        runtime_mount_clear(VEC_AT(&config->mounts, struct runtime_mount, i));
    vec_free(&config->mounts);
    runtime_pairs_free(&config->labels);
    runtime_pairs_free(&config->annotations);
    free(config->log_path);
    security_clear(&config->security);
    free(config);
}

void runtime_container_config_freep(struct runtime_container_config **config) {
    runtime_container_config_free(*config);
}

void runtime_sandbox_clear(struct runtime_sandbox *sandbox) {
    free(sandbox->id);
    free(sandbox->name);
    free(sandbox->ns);
    free(sandbox->uid);
    runtime_pairs_free(&sandbox->labels);
    runtime_pairs_free(&sandbox->annotations);
    str_list_free(&sandbox->ips);
    *sandbox = (struct runtime_sandbox){0};
}

void runtime_sandboxes_free(struct vec *sandboxes) {
    for (size_t i = 0; i < sandboxes->len; i++)
        runtime_sandbox_clear(VEC_AT(sandboxes, struct runtime_sandbox, i));
    vec_free(sandboxes);
}

void runtime_container_clear(struct runtime_container *container) {
    free(container->id);
    free(container->sandbox_id);
    free(container->name);
    free(container->image);
    free(container->image_ref);
    runtime_pairs_free(&container->labels);
    runtime_pairs_free(&container->annotations);
    free(container->reason);
    free(container->message);
    free(container->log_path);
    *container = (struct runtime_container){0};
}

void runtime_containers_free(struct vec *containers) {
    for (size_t i = 0; i < containers->len; i++)
        runtime_container_clear(VEC_AT(containers, struct runtime_container, i));
    vec_free(containers);
}

void runtime_image_clear(struct runtime_image *image) {
    free(image->id);
    str_list_free(&image->tags);
    str_list_free(&image->digests);
    free(image->username);
    *image = (struct runtime_image){0};
}

void runtime_images_free(struct vec *images) {
    for (size_t i = 0; i < images->len; i++)
        runtime_image_clear(VEC_AT(images, struct runtime_image, i));
    vec_free(images);
}

void runtime_version_clear(struct runtime_version *version) {
    free(version->name);
    free(version->version);
    free(version->api_version);
    *version = (struct runtime_version){0};
}

void runtime_status_clear(struct runtime_status *status) {
    free(status->runtime.reason);
    free(status->runtime.message);
    free(status->network.reason);
    free(status->network.message);
    *status = (struct runtime_status){0};
}

void runtime_exec_result_free(struct runtime_exec_result *result) {
    str_free(&result->out);
    str_free(&result->errors);
    result->exit_code = 0;
}

void runtime_stats_free(struct vec *stats) {
    for (size_t i = 0; i < stats->len; i++) {
        struct runtime_container_stats *row = VEC_AT(stats, struct runtime_container_stats, i);
        free(row->id);
        runtime_pairs_free(&row->labels);
    }
    vec_free(stats);
}

void runtime_free(struct runtime *runtime) {
    if (runtime)
        runtime->ops->free(runtime);
}

bool runtime_error_is(const struct error *error, const char *status) {
    return error_is(error, status);
}

const char *runtime_error_text(const struct error *error) {
    const char *message = error_message(error);
    const char *description = str_starts(message, "rpc error: ") ? strstr(message, " desc = ") : NULL;
    return description ? description + strlen(" desc = ") : message;
}
