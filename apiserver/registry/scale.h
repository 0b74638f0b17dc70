// SPDX-License-Identifier: Apache-2.0
// The scale subresource: an autoscaling/v1 Scale made of an object with replicas, and put back into it.
#ifndef CUBE_APISERVER_REGISTRY_SCALE_H
#define CUBE_APISERVER_REGISTRY_SCALE_H

#include <stdbool.h>

#include "apiserver/registry/write.h"

bool scale_is(const struct registry_request *request); // it is about the scale subresource
// The Scale of an object. Error: its selector can't be read.
int scale_of(const struct json *object, struct json **ret_scale, struct error **err) MUST_CHECK;
// A copy of current with the scale's replicas and resourceVersion; 422 for negative replicas, 409 for another uid.
int scale_apply(const struct write *write, const struct json *scale, const struct json *current, struct json **ret_object,
                struct error **err) MUST_CHECK;
// For requests about scale: replaces the result's object by its Scale.
int scale_answer(const struct registry_request *request, struct registry_result *result, struct error **err) MUST_CHECK;

#endif
