// SPDX-License-Identifier: Apache-2.0
// From what a user types or a manifest says to a resource: the built-in table first, the server's discovery for what it lacks.
#ifndef CUBE_CUBECTL_MAPPING_H
#define CUBE_CUBECTL_MAPPING_H

#include "common/api/resources.h"
#include "cubectl/session.h"

// Error: `the server doesn't have a resource type "x"`. The row lives as long as the session.
int mapping_find(struct session *session, const char *text, const struct resource **ret_resource, struct error **err) MUST_CHECK;
// Error: `no matches for kind "X" in version "y/v1"`.
int mapping_find_kind(struct session *session, const char *api_version, const char *kind, const struct resource **ret_resource,
                      struct error **err) MUST_CHECK;
// All resources that the server has, in its order (no subresources). The vector (ptr_vec_free) holds const struct resource *.
int mapping_discover(struct session *session, struct ptr_vec *ret_resources, struct error **err) MUST_CHECK;
void mapping_free(struct session *session);
// "pod", "replicaset.apps": lower-case kind and group, as messages name an object's type. Appends.
void mapping_append_kind(const struct resource *resource, struct str *out);

#endif
