// SPDX-License-Identifier: Apache-2.0
// Registry credentials of a pod: imagePullSecrets of types kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg.
#ifndef CUBE_KUBELET_PULL_SECRETS_H
#define CUBE_KUBELET_PULL_SECRETS_H

#include "kubelet/pod_context.h"
#include "kubelet/runtime/runtime.h"

struct pull_secret {
    struct runtime_auth auth; // points into the strings below
    char *username, *password, *server, *identity_token;
};

// The first credentials that fit the image's registry (and path); NULL: none. Secrets that can't be read are logged and skipped.
struct pull_secret *pull_secrets_find(const struct pod_context *context, const char *image);
void pull_secrets_freep(struct pull_secret **secret);
// Whether a registry entry ("index.docker.io/v1/", "registry.x:5000/team") is for the image. Pure.
bool pull_secrets_match(const char *entry, const char *image);

#endif
