// SPDX-License-Identifier: Apache-2.0
// What the schema compiler generates. Only resources.c looks at it.
#ifndef CUBE_COMMON_API_SCHEMA_TABLES_H
#define CUBE_COMMON_API_SCHEMA_TABLES_H

#include <stddef.h>

#include "common/api/resources.h"

extern const struct schema_type *const schema_tables_types[]; // by OpenAPI name
extern const size_t schema_tables_type_count;
extern const struct resource *const schema_tables_resources[];
extern const size_t schema_tables_resource_count;
extern const struct resource_group schema_tables_groups[];
extern const size_t schema_tables_group_count;

extern const struct resource schema_tables_resource_core_v1_bindings;
extern const struct resource schema_tables_resource_core_v1_configmaps;
extern const struct resource schema_tables_resource_core_v1_events;
extern const struct resource schema_tables_resource_core_v1_namespaces;
extern const struct resource schema_tables_resource_core_v1_nodes;
extern const struct resource schema_tables_resource_core_v1_pods;
extern const struct resource schema_tables_resource_core_v1_secrets;
extern const struct resource schema_tables_resource_core_v1_serviceaccounts;
extern const struct resource schema_tables_resource_apps_v1_replicasets;
extern const struct resource schema_tables_resource_coordination_k8s_io_v1_leases;

#endif
