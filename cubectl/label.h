// SPDX-License-Identifier: Apache-2.0
// `label` and `annotate`: sets and removes keys of an object's metadata.
#ifndef CUBE_CUBECTL_LABEL_H
#define CUBE_CUBECTL_LABEL_H

#include "cubectl/command.h"

extern const struct command label_command;
extern const struct command annotate_command;

#endif
