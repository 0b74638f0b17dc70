// SPDX-License-Identifier: Apache-2.0
// The admission plug-ins in their order: which are on by default, which the flags turn on and off, and running them.
#ifndef CUBE_APISERVER_ADMISSION_CHAIN_H
#define CUBE_APISERVER_ADMISSION_CHAIN_H

#include "apiserver/admission/admission.h"

struct admission_chain;

// Starts the plug-ins that are on by default or enabled, without the disabled ones. Errors: a name that is no plug-in, one in both lists
// (upstream's texts), or an upstream plug-in that Cube does not have yet among the enabled ones.
int admission_chain_new(const struct admission_setup *setup, struct admission_chain **ret_chain, struct error **err) MUST_CHECK;
void admission_chain_free(struct admission_chain *chain); // NULL is fine

// Runs every plug-in that handles attributes->operation, in the order of the list, until one refuses.
int admission_chain_mutate(struct admission_chain *chain, struct admission_attributes *attributes, struct error **err) MUST_CHECK;
int admission_chain_validate(struct admission_chain *chain, const struct admission_attributes *attributes,
                             struct error **err) MUST_CHECK;
// The names of the running plug-ins, in order, comma separated; malloc'd.
char *admission_chain_names(const struct admission_chain *chain);

#endif
