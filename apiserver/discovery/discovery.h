// SPDX-License-Identifier: Apache-2.0
// The discovery documents of the API: versions, groups and resources, plain and aggregated, as JSON text from the resource rows.
#ifndef CUBE_APISERVER_DISCOVERY_DISCOVERY_H
#define CUBE_APISERVER_DISCOVERY_DISCOVERY_H

#include <stdbool.h>

#include "common/base/str.h"

// GET /api: APIVersions. server_address is what serverAddressByClientCIDRs names.
void discovery_versions(const char *server_address, struct str *out);
// GET /apis: APIGroupList.
void discovery_groups(struct str *out);
// GET /apis/<group>: APIGroup. false: there is no such group.
bool discovery_group(const char *group, struct str *out);
// GET /api/v1 (group ""), /apis/<group>/<version>: APIResourceList. false: there is no such version.
bool discovery_resources(const char *group, const char *version, struct str *out);
// apidiscovery.k8s.io APIGroupDiscoveryList of the core group (GET /api) or all others (GET /apis). version: "v2" or "v2beta1".
void discovery_aggregated(bool core, const char *version, struct str *out);

#endif
