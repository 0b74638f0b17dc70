// SPDX-License-Identifier: Apache-2.0
// What every controller is handed: the client, time, shared informers, events, options.
#ifndef CUBE_CONTROLLER_MANAGER_CONTROLLER_CONTEXT_H
#define CUBE_CONTROLLER_MANAGER_CONTROLLER_CONTEXT_H

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/client/events.h"
#include "common/client/informer.h"
#include "common/client/rest.h"
#include "controller-manager/options.h"

// Constant while controllers run, but for the informers, which are added before they start.
struct controller_context {
    const struct controller_manager_options *options;
    const char *root_ca; // PEM; NULL if there is none
    struct rest *rest;
    struct clock *clock;
    struct random *random;
    struct ptr_vec recorders; // struct event_recorder *, one for each controller that records
    struct vec informers;     // struct shared_informer
};

// One informer per resource, whoever asks for it.
struct shared_informer {
    const struct resource *resource;
    bool metadata_only;
    struct informer *informer;
};

// A recorder whose events name this component as their source; freed with the context.
struct event_recorder *controller_context_recorder(struct controller_context *context, const char *component);
void controller_context_free_recorders(struct controller_context *context);
// The shared informer of a resource in all namespaces; made at the first call. Whole objects serve those who want metadata only, too.
struct informer *controller_context_informer(struct controller_context *context, const struct resource *resource);
struct informer *controller_context_metadata_informer(struct controller_context *context, const struct resource *resource);
void controller_context_start_informers(struct controller_context *context);
void controller_context_stop_informers(struct controller_context *context);
void controller_context_free_informers(struct controller_context *context);
// Was the request refused because its namespace is being deleted? Then there is nothing to do about it.
bool controller_context_is_terminating(const struct error *error);

#endif
