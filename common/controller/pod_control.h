// SPDX-License-Identifier: Apache-2.0
// Creating and deleting pods for an owner, with the owner reference and the events that upstream records.
#ifndef CUBE_COMMON_CONTROLLER_POD_CONTROL_H
#define CUBE_COMMON_CONTROLLER_POD_CONTROL_H

#include "common/client/events.h"
#include "common/client/rest.h"

struct pod_control;

// The seam: tests hand in a recording one.
struct pod_control_ops {
    // template is a PodTemplateSpec tree; owner the owning object. The pod gets generateName "<owner>-", the template's labels, annotations
    // and finalizers, and a controller reference.
    int (*create)(struct pod_control *control, const char *ns, const struct json *template, const struct object *owner,
                  struct error **err);
    int (*delete)(struct pod_control *control, const char *ns, const char *name, const struct object *owner, struct error **err);
    int (*patch)(struct pod_control *control, const char *ns, const char *name, const struct json *strategic_patch,
                 struct error **err);
};
struct pod_control {
    const struct pod_control_ops *ops;
};

// rest and recorder stay the caller's. Events: SuccessfulCreate, FailedCreate, SuccessfulDelete, FailedDelete on the owner.
struct pod_control *pod_control_new(struct rest *rest, struct event_recorder *recorder);
void pod_control_free(struct pod_control *control);

#endif
