// SPDX-License-Identifier: Apache-2.0
// kubeconfig files: which server, which CA, which credentials; and the transport made of them.
#ifndef CUBE_COMMON_CLIENT_KUBECONFIG_H
#define CUBE_COMMON_CLIENT_KUBECONFIG_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/data/json.h"
#include "common/net/transport.h"

// What one context of a kubeconfig means. All strings owned; NULL where absent. Relative file names were made absolute by the folder of
// the kubeconfig that holds them; *-data fields are decoded.
struct kubeconfig {
    char *context, *cluster, *user, *ns;
    char *server;
    char *ca_pem, *ca_file;
    char *certificate_pem, *certificate_file;
    char *key_pem, *key_file;
    char *token, *token_file;
    char *username, *password;
    char *server_name, *proxy_url;
    bool insecure;
};

// Loads one file. context NULL: current-context. Errors name the file and the missing entry, worded as client-go's where it has a text.
int kubeconfig_load(const char *path, const char *context, struct kubeconfig **ret_config, struct error **err) MUST_CHECK;
// From an already merged tree ($KUBECONFIG with several files; kubeconfig_merge).
int kubeconfig_resolve(const struct json *tree, const char *context, struct kubeconfig **ret_config,
                       struct error **err) MUST_CHECK;
// Reads and merges files separated by ':' as kubectl does: the first file to set a named entry or the current context wins; missing
// files are skipped. The tree has absolute file references. No file at all gives an empty tree.
int kubeconfig_merge(const char *paths, struct json **ret_tree, struct error **err) MUST_CHECK;
// In-cluster: /var/run/secrets/kubernetes.io/serviceaccount and KUBERNETES_SERVICE_HOST/PORT.
int kubeconfig_in_cluster(struct kubeconfig **ret_config, struct error **err) MUST_CHECK;
void kubeconfig_free(struct kubeconfig *config);
void kubeconfig_freep(struct kubeconfig **config);
int kubeconfig_transport(const struct kubeconfig *config, const char *user_agent, struct transport **ret_transport,
                         struct error **err) MUST_CHECK;

#endif
