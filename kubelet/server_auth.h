// SPDX-License-Identifier: Apache-2.0
// Who may use the kubelet's server: client certificates, bearer tokens by TokenReview, and SubjectAccessReview on nodes/<subresource>.
#ifndef CUBE_KUBELET_SERVER_AUTH_H
#define CUBE_KUBELET_SERVER_AUTH_H

#include <stdbool.h>

#include "common/base/clock.h"
#include "common/client/rest.h"
#include "common/net/http_server.h"
#include "kubelet/options.h"

struct server_auth;

struct server_auth *server_auth_new(const struct kubelet_options *options, struct rest *rest, struct clock *clock,
                                    const char *node_name);
void server_auth_free(struct server_auth *auth);
// May block (a review). 0: go on. Else the HTTP status (401, 403) and its text.
int server_auth_check(struct server_auth *auth, const struct http_server_request *request, struct str *message);
// The subresource of nodes that a path stands for: "stats", "metrics", "log", "spec", "checkpoint" or "proxy".
const char *server_auth_subresource(const char *path);
const char *server_auth_verb(const char *method);

#endif
