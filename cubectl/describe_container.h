// SPDX-License-Identifier: Apache-2.0
// Containers of pods and pod templates, described.
#ifndef CUBE_CUBECTL_DESCRIBE_CONTAINER_H
#define CUBE_CUBECTL_DESCRIBE_CONTAINER_H

#include "cubectl/describe_text.h"

// "Containers:" and each of them. pod gives statuses and field values; NULL in templates, which are one space further in.
void describe_containers(struct describe_text *text, const char *title, const struct json *containers,
                         const struct json *statuses, const struct json *pod);
// The "Pod Template:" of a controller.
void describe_pod_template(struct describe_text *text, const struct json *pod_template);

#endif
