// SPDX-License-Identifier: Apache-2.0
// Volumes of pods and pod templates, described.
#ifndef CUBE_CUBECTL_DESCRIBE_VOLUME_H
#define CUBE_CUBECTL_DESCRIBE_VOLUME_H

#include "cubectl/describe_text.h"

// "Volumes:" and each of them; in a template one space further in.
void describe_volumes(struct describe_text *text, const struct json *volumes, bool in_template);

#endif
