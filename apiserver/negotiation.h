// SPDX-License-Identifier: Apache-2.0
// Content negotiation: which form an answer takes, and which form a body came in.
#ifndef CUBE_APISERVER_NEGOTIATION_H
#define CUBE_APISERVER_NEGOTIATION_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/macro.h"

enum negotiation_form {
    NEGOTIATION_OBJECT,
    NEGOTIATION_TABLE,   // as=Table;g=meta.k8s.io
    NEGOTIATION_PARTIAL, // as=PartialObjectMetadata or PartialObjectMetadataList
};

struct negotiation {
    enum negotiation_form form;
    const char *meta_version; // "v1" or "v1beta1" of meta.k8s.io, for the forms above
    bool yaml;
    bool pretty; // indented JSON
};

// The best clause of an Accept header (NULL: application/json). tables: whether Table and PartialObjectMetadata may be had here.
// 406 NotAcceptable if nothing fits.
int negotiation_accept(const char *accept, bool tables, struct negotiation *ret_negotiation, struct error **err) MUST_CHECK;
// Whether some clause of the Accept header asks for as=<kind> of group and version in JSON, before any clause that plain JSON
// satisfies: discovery's forms.
bool negotiation_prefers(const char *accept, const char *group, const char *version, const char *kind);
// As upstream's pretty printing: the `pretty` parameter (NULL if absent), else by the client's name.
bool negotiation_pretty(const char *parameter, const char *user_agent);
// The form of a request body; NULL and "" count as JSON. 415 for anything but JSON and YAML.
int negotiation_body(const char *content_type, bool *ret_yaml, struct error **err) MUST_CHECK;
// The Content-Type of an answer in this form.
const char *negotiation_content_type(const struct negotiation *negotiation);

#endif
