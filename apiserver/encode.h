// SPDX-License-Identifier: Apache-2.0
// Answers of the resource handlers in the negotiated form: objects by reference, lists as slices, Tables, partial metadata, YAML.
#ifndef CUBE_APISERVER_ENCODE_H
#define CUBE_APISERVER_ENCODE_H

#include "apiserver/call.h"
#include "apiserver/negotiation.h"
#include "apiserver/registry/registry.h"
#include "common/api/object.h"

// Plain JSON hands on the object's own bytes. resource names the printer of Tables.
void encode_object(struct api_call *call, const struct negotiation *negotiation, const struct resource *resource, int status,
                   const struct object *object);
// Takes the list's contents. Plain JSON is slices of the objects' bytes.
void encode_list(struct api_call *call, const struct negotiation *negotiation, const struct resource *resource,
                 struct registry_list *take_list);
// A whole object as JSON text, such as a Status or an APIResourceList, in JSON or YAML.
void encode_json_text(struct api_call *call, const struct negotiation *negotiation, int status, const char *json, size_t len);
// Compresses the body if the client takes gzip and it is large enough to gain by it.
void encode_compress(struct api_call *call);

// {"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/<version>","metadata":...} from an object's tree.
struct json *encode_partial(const struct json *object, const char *meta_version);

#endif
