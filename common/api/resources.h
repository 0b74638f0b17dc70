// SPDX-License-Identifier: Apache-2.0
// The resources of the API as const rows, compiled at build time from common/api/schema/*.yaml, and every way to find one.
#ifndef CUBE_COMMON_API_RESOURCES_H
#define CUBE_COMMON_API_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/api/schema.h"
#include "common/base/str.h"

// Bits of resource.verbs and resource_subresource.verbs.
enum resource_verb {
    RESOURCE_VERB_CREATE = 1 << 0,
    RESOURCE_VERB_DELETE = 1 << 1,
    RESOURCE_VERB_DELETECOLLECTION = 1 << 2,
    RESOURCE_VERB_GET = 1 << 3,
    RESOURCE_VERB_LIST = 1 << 4,
    RESOURCE_VERB_PATCH = 1 << 5,
    RESOURCE_VERB_UPDATE = 1 << 6,
    RESOURCE_VERB_WATCH = 1 << 7,
};

struct resource_subresource {
    const char *name;    // "status"
    const char *group;   // of the kind that it takes and answers: "autoscaling" for scale
    const char *version; // "v1"
    const char *kind;    // "Scale"
    uint32_t verbs;
    const struct schema_type *type; // of that kind; NULL where no schema belongs to it (pods/exec options, node proxy)
};

// A column of `kubectl get`. path is a JSONPath such as ".metadata.name"; without the leading dot it names a value that the printer
// computes for this resource ("ready" of pods). priority 0 is always shown, others only with -o wide.
struct resource_column {
    const char *name;
    const char *type;   // "string", "integer", "boolean", "date"
    const char *format; // "name" for the first column, "" mostly
    int priority;
    const char *path;
    const char *doc;
};

// A field that field selectors may use, and where it is. metadata.name (and metadata.namespace where namespaced) are always there.
struct resource_selectable {
    const char *field; // "spec.nodeName"
    const char *path;  // JSON path without leading dot; mostly the same text
};

struct resource {
    const char *group; // "" for core
    const char *version;
    const char *api_version; // "v1", "apps/v1"
    const char *plural;
    const char *singular;
    const char *kind;
    const char *list_kind;
    const char *const *short_names; // NULL-ended; never NULL itself, as all lists here
    const char *const *categories;
    bool namespaced;
    uint32_t verbs;
    const struct resource_subresource *subresources;
    size_t subresource_count;
    const struct resource_column *columns;
    size_t column_count;
    const struct resource_selectable *selectable; // metadata.name and metadata.namespace among them
    size_t selectable_count;
    const char *storage_prefix;          // "/registry/minions": keys are this + "/" + [namespace + "/"] + name
    const struct schema_type *type;      // the root type
    const struct schema_type *list_type; // NULL for what can't be listed (bindings)
};

struct resource_version {
    const char *version;
    const struct resource *const *resources; // in alphabetical order of plural, as discovery lists them
    size_t resource_count;
};

// versions[0] is the preferred one. Groups stand in upstream's discovery order, core ("") first.
struct resource_group {
    const char *group;
    const struct resource_version *versions;
    size_t version_count;
};

// All rows, in discovery order.
const struct resource *const *resources_all(size_t *ret_count);
const struct resource_group *resources_groups(size_t *ret_count);
const struct resource_group *resources_group(const char *group);                          // NULL if there is none
const struct resource_version *resources_version(const char *group, const char *version); // NULL if there is none

// NULL if there is none.
const struct resource *resources_find(const char *group, const char *version, const char *plural);
const struct resource *resources_find_kind(const char *group, const char *version, const char *kind);
// The same by apiVersion text ("v1", "apps/v1").
const struct resource *resources_find_api_version_kind(const char *api_version, const char *kind);
// What a user types, in any case: plural, singular, short name, kind, `plural.group`, `plural.version.group`. Core and the preferred
// version win where several match. NULL if nothing does.
const struct resource *resources_find_typed(const char *text);
// Appends the resources of a category ("all").
void resources_in_category(const char *category, const struct resource ***ret_rows, size_t *ret_count); // free(*ret_rows)
const struct resource_subresource *resource_subresource(const struct resource *resource, const char *name);
bool resource_has_verb(const struct resource *resource, enum resource_verb verb);
const struct resource_selectable *resource_selectable(const struct resource *resource,
                                                      const char *field); // NULL if not selectable
const char *resource_verb_name(enum resource_verb verb);
// "pods", "replicasets.apps": how upstream names a resource in messages (GroupResource.String). Appends.
void resource_append_name(const struct resource *resource, struct str *out);
// Splits "apps/v1" or "v1" ("" group). group and version are malloc'd. false: more than one slash, or empty.
bool resource_split_api_version(const char *api_version, char **ret_group, char **ret_version) MUST_CHECK;

// Any named type of the schema by its OpenAPI name ("io.k8s.api.core.v1.PodSpec"); NULL if there is none.
const struct schema_type *resources_type(const char *openapi_name);
const struct schema_type *const *resources_types(size_t *ret_count); // all named types, by name

// Well-known rows; never NULL.
const struct resource *resource_pods(void);
const struct resource *resource_nodes(void);
const struct resource *resource_namespaces(void);
const struct resource *resource_configmaps(void);
const struct resource *resource_secrets(void);
const struct resource *resource_serviceaccounts(void);
const struct resource *resource_events(void);
const struct resource *resource_bindings(void);
const struct resource *resource_replicasets(void);
const struct resource *resource_leases(void);

#endif
