// SPDX-License-Identifier: Apache-2.0
// CRI messages out of the runtime seam's values and back. The only file, with cri.c, that knows protobuf-c.
#ifndef CUBE_KUBELET_RUNTIME_CRI_MESSAGES_H
#define CUBE_KUBELET_RUNTIME_CRI_MESSAGES_H

#include <stddef.h>

#include "common/base/vec.h"
#include "kubelet/runtime/cri.pb-c.h"
#include "kubelet/runtime/runtime.h"

// Memory of one message under construction, freed as a whole. Zero-initialise; strings are borrowed from what the message is made of.
struct cri_arena {
    struct ptr_vec blocks;
};
void *cri_arena_zero(struct cri_arena *arena, size_t size);
void cri_arena_free(struct cri_arena *arena);
#define AUTO_CRI_ARENA CLEANUP(cri_arena_free) struct cri_arena

void cri_messages_pairs(struct cri_arena *arena, const struct runtime_pairs *pairs, size_t *ret_len, Cri__Pair ***ret_pairs);
Cri__PodSandboxConfig *cri_messages_sandbox_config(struct cri_arena *arena, const struct runtime_sandbox_config *config);
Cri__ContainerConfig *cri_messages_container_config(struct cri_arena *arena, const struct runtime_container_config *config);

// Into zeroed structs.
void cri_messages_take_pairs(struct runtime_pairs *to, size_t len, Cri__Pair *const *pairs);
void cri_messages_take_sandbox(struct runtime_sandbox *to, const Cri__PodSandbox *from);
void cri_messages_take_sandbox_status(struct runtime_sandbox *to, const Cri__PodSandboxStatus *from);
void cri_messages_take_container(struct runtime_container *to, const Cri__Container *from);
void cri_messages_take_container_status(struct runtime_container *to, const Cri__ContainerStatus *from);
void cri_messages_take_image(struct runtime_image *to, const Cri__Image *from);
void cri_messages_take_stats(struct runtime_container_stats *to, const Cri__ContainerStats *from);

#endif
