// SPDX-License-Identifier: Apache-2.0
// How each kind is described, without its events.
#ifndef CUBE_CUBECTL_DESCRIBE_KINDS_H
#define CUBE_CUBECTL_DESCRIBE_KINDS_H

#include "cubectl/describe_text.h"

int describe_pod(struct describe_text *text, const struct json *pod, struct error **err) MUST_CHECK;
int describe_node(struct describe_text *text, const struct json *node, struct error **err) MUST_CHECK;
int describe_replicaset(struct describe_text *text, const struct json *replicaset, struct error **err) MUST_CHECK;
int describe_namespace(struct describe_text *text, const struct json *namespace, struct error **err) MUST_CHECK;
int describe_configmap(struct describe_text *text, const struct json *configmap, struct error **err) MUST_CHECK;
int describe_secret(struct describe_text *text, const struct json *secret, struct error **err) MUST_CHECK; // sizes, not values
// All fields, with their names as words.
int describe_generic(struct describe_text *text, const struct json *object, struct error **err) MUST_CHECK;

#endif
