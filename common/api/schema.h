// SPDX-License-Identifier: Apache-2.0
// The schema engine: const tables that describe every field, and what is done by them to a JSON tree (decode check, pruning, defaults,
// validation, lookup by path).
//
// Built-in types are compiled from common/api/schema/*.yaml (docs/add-a-resource.md has the format); CRDs are compiled into the same
// structures at run time.
#ifndef CUBE_COMMON_API_SCHEMA_H
#define CUBE_COMMON_API_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/api/field_errors.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/json.h"

enum schema_kind {
    SCHEMA_STRING,
    SCHEMA_INT32,
    SCHEMA_INT64,
    SCHEMA_NUMBER,
    SCHEMA_BOOL,
    SCHEMA_OBJECT,        // fields
    SCHEMA_MAP,           // string keys to element
    SCHEMA_LIST,          // of element
    SCHEMA_ANY,           // any JSON value: RawExtension, FieldsV1
    SCHEMA_INT_OR_STRING, // intstr.IntOrString
    SCHEMA_QUANTITY,      // resource.Quantity: string or number
    SCHEMA_TIME,          // metav1.Time
    SCHEMA_MICROTIME,     // metav1.MicroTime
    SCHEMA_BYTES,         // base64
};

enum schema_list_type { SCHEMA_LIST_ATOMIC, SCHEMA_LIST_SET, SCHEMA_LIST_MAP };

struct schema_field;

// What a value may be. Named types are shared; anonymous ones (lists, maps, constrained scalars) belong to one field.
struct schema_type {
    enum schema_kind kind;
    const char *name; // OpenAPI name "io.k8s.api.core.v1.PodSpec"; NULL if anonymous
    const char *doc;  // never NULL for named types
    // Of a kind that stands alone (x-kubernetes-group-version-kind); NULL for other types.
    const char *gvk_group;
    const char *gvk_version;
    const char *gvk_kind;

    const struct schema_field *fields; // SCHEMA_OBJECT; sorted by name
    size_t field_count;
    const struct schema_type *element; // SCHEMA_LIST, SCHEMA_MAP
    enum schema_list_type list_type;
    const char *const *map_keys; // NULL-ended, for SCHEMA_LIST_MAP; else NULL
    bool atomic;                 // object or map whose parts belong to one owner (x-kubernetes-map-type: atomic)
    bool preserve_unknown;       // unknown fields stay
    bool embedded;               // a whole object: apiVersion, kind, metadata are known

    // Constraints; NULL or has_* false where there are none.
    const char *const *enum_values; // NULL-ended
    const char *format; // "date-time", "dns1123-label", ...; shown in OpenAPI and checked where known (schema_validate)
    const char *pattern;
    const char *alias; // Go name of the named scalar type in decode errors, e.g. "v1.Protocol"; NULL: the plain type's
    bool nullable;
    bool has_minimum;
    bool has_maximum;
    int64_t minimum;
    int64_t maximum;
    int64_t min_length; // bytes of a string, entries of a list or map; -1: none
    int64_t max_length;
};

enum schema_patch {
    SCHEMA_PATCH_REPLACE = 0,
    SCHEMA_PATCH_MERGE = 1,
    SCHEMA_PATCH_RETAIN_KEYS = 2
}; // MERGE | RETAIN_KEYS is possible

struct schema_field {
    const char *name;
    const char *doc; // never NULL
    const struct schema_type *type;
    const char *default_text; // JSON; NULL: none
    bool required;            // OpenAPI `required`; without a default its absence (or emptiness) is "Required value"
    bool immutable;           // may not change once set
    bool deprecated;
    unsigned patch;        // bits of enum schema_patch
    const char *merge_key; // of a merged list of objects; NULL
};

// NULL if the type has no such field.
const struct schema_field *schema_find(const struct schema_type *type, const char *field);
// By dotted path as `kubectl explain` takes it: lists and maps are looked through ("spec.containers.image"). "" gives the type itself and
// *ret_field NULL. false: no such path. Either result may be NULL if not wanted.
bool schema_walk(const struct schema_type *type, const char *path, const struct schema_type **ret_type,
                 const struct schema_field **ret_field) MUST_CHECK;
// The object type behind lists and maps; NULL for scalars.
const struct schema_type *schema_object_of(const struct schema_type *type);
// "string", "[]Container", "map[string]string", "Object", "integer": as `kubectl explain` prints types. Appends.
void schema_append_type_name(const struct schema_type *type, struct str *out);

// Decode check. A wrong type is an error 400 BadRequest in upstream's words, e.g.
//   Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field PodSpec.spec.replicas of type int32
// (kind and version come from the type's gvk). What the schema does not know is removed, and unknown (if not NULL) gets
// `unknown field "spec.foo"` for each, in order. Nulls count as absent and are removed; so are empty lists and maps that are not required, as
// upstream's omitempty does. Quantities, times and base64 are brought into canonical form.
int schema_check_and_prune(const struct schema_type *type, struct json *object, struct str_list *unknown,
                           struct error **err) MUST_CHECK;
// The error that a strict decode makes of a list of such texts: `strict decoding error: unknown field "spec.foo", duplicate field "x"`.
int schema_strict_error(const struct str_list *problems, const struct schema_type *type, struct error **err);
// Fills in defaults top-down, also inside lists and maps. An empty string counts as absent where the default is a string. Idempotent.
void schema_default(const struct schema_type *type, struct json *object);
// Required, enums, bounds, lengths, formats, patterns. (Whether a list may repeat a key is up to each kind in upstream: validation.h.)
void schema_validate(const struct schema_type *type, const struct json *object, struct field_errors *errors);
// Fields marked immutable that differ: `field is immutable`.
void schema_validate_update(const struct schema_type *type, const struct json *object, const struct json *old,
                            struct field_errors *errors);
// kind and apiVersion set and moved to the front; then canonical bytes are just json_write.
void schema_set_kind(struct json *object, const char *api_version, const char *kind);

#endif
