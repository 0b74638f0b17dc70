// SPDX-License-Identifier: Apache-2.0
// YAML to and from JSON values, with line numbers in errors. The only file that knows libyaml.
#ifndef CUBE_COMMON_DATA_YAML_H
#define CUBE_COMMON_DATA_YAML_H

#include <stddef.h>

#include "common/base/error.h"
#include "common/base/str.h"
#include "common/data/json.h"

// One document of a stream. line is where it starts (1-based).
struct yaml_document {
    struct json *value;
    size_t line;
};

struct yaml_documents {
    struct yaml_document *items;
    size_t len;
};

// Parses a stream of documents (`---`); JSON text is fine too. Scalars are typed as sigs.k8s.io/yaml does (YAML 1.1 booleans,
// ints, floats, null; quoted is always a string); merge keys (<<) and anchors work within a bound on expansion; duplicate keys are
// an error. Empty documents are left out. source names the file in messages: `error parsing x.yaml: error converting YAML to JSON:
// yaml: line 3: ...`.
int yaml_parse(const char *bytes, size_t len, const char *source, struct yaml_documents *ret_documents,
               struct error **err) MUST_CHECK;
void yaml_documents_free(struct yaml_documents *documents);
// Exactly one document is wanted: config files and kubeconfigs. None gives an empty object.
int yaml_parse_one(const char *bytes, size_t len, const char *source, struct json **ret_value, struct error **err) MUST_CHECK;
// Appends block-style YAML, keys sorted, as `kubectl get -o yaml` prints it (strings quoted only where they must be).
void yaml_write(const struct json *value, struct str *out);

#endif
