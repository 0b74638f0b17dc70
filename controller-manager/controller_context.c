// SPDX-License-Identifier: Apache-2.0
// Shared informers and the recorders of events.
#include "controller-manager/controller_context.h"

static struct informer *add_informer(struct controller_context *context, const struct resource *resource, bool metadata_only) {
    struct informer_config config = {.rest = context->rest,
                                     .clock = context->clock,
                                     .random = context->random,
                                     .resource = resource,
                                     .metadata_only = metadata_only};
    struct shared_informer shared = {resource, metadata_only, informer_new(&config)};
    if (context->informers.element_size == 0)
        context->informers = VEC_OF(struct shared_informer);
    vec_push(&context->informers, &shared);
    return shared.informer;
}

static struct informer *find_informer(const struct controller_context *context, const struct resource *resource,
                                      bool metadata_too) {
    for (size_t i = 0; i < context->informers.len; i++) {
        const struct shared_informer *shared = VEC_AT(&context->informers, struct shared_informer, i);
        if (shared->resource == resource && (metadata_too || !shared->metadata_only))
            return shared->informer;
    }
    return NULL;
}

struct informer *controller_context_informer(struct controller_context *context, const struct resource *resource) {
    struct informer *informer = find_informer(context, resource, false);
    return informer ? informer : add_informer(context, resource, false);
}

struct informer *controller_context_metadata_informer(struct controller_context *context, const struct resource *resource) {
    struct informer *informer = find_informer(context, resource, true);
    return informer ? informer : add_informer(context, resource, true);
}

void controller_context_start_informers(struct controller_context *context) {
    for (size_t i = 0; i < context->informers.len; i++)
        informer_start(VEC_AT(&context->informers, struct shared_informer, i)->informer);
}

void controller_context_stop_informers(struct controller_context *context) {
    for (size_t i = 0; i < context->informers.len; i++)
        informer_request_stop(VEC_AT(&context->informers, struct shared_informer, i)->informer);
    for (size_t i = 0; i < context->informers.len; i++)
        informer_stop(VEC_AT(&context->informers, struct shared_informer, i)->informer);
}

void controller_context_free_informers(struct controller_context *context) {
    for (size_t i = 0; i < context->informers.len; i++)
        informer_free(VEC_AT(&context->informers, struct shared_informer, i)->informer);
    vec_free(&context->informers);
}

struct event_recorder *controller_context_recorder(struct controller_context *context, const char *component) {
    struct event_recorder_config config = {
        .rest = context->rest, .clock = context->clock, .random = context->random, .component = component};
    struct event_recorder *recorder = event_recorder_new(&config);
    ptr_vec_push(&context->recorders, recorder);
    return recorder;
}

void controller_context_free_recorders(struct controller_context *context) {
    for (size_t i = 0; i < context->recorders.len; i++)
        event_recorder_free(context->recorders.items[i]);
    ptr_vec_free(&context->recorders);
}

bool controller_context_is_terminating(const struct error *error) {
    for (size_t i = 0; error && i < error->cause_count; i++) {
        if (str_equal(error->causes[i].reason, "NamespaceTerminating"))
            return true;
    }
    return false;
}
