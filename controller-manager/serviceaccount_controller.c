// SPDX-License-Identifier: Apache-2.0
// A ServiceAccount "default" in every active namespace; keys are namespaces.
#include "controller-manager/serviceaccount_controller.h"

#include <stdlib.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/controller/controller.h"

#define ACCOUNT_NAME "default"

struct serviceaccounts {
    struct controller_context *context;
    struct informer *namespaces;
    struct informer *accounts;
    struct control_loop *loop;
};

static void on_namespace(void *context, const struct object *old UNUSED, const struct object *new) {
    struct serviceaccounts *self = context;
    if (new && !new->deleting)
        workqueue_add(control_loop_queue(self->loop), new->name);
}

static void on_account(void *context, const struct object *old, const struct object *new) {
    struct serviceaccounts *self = context;
    if (!new &&str_equal(old->name, ACCOUNT_NAME))
        workqueue_add(control_loop_queue(self->loop), old->ns);
}

static int sync_namespace(void *context, const char *key, struct sync_result *result UNUSED, struct error **err) {
    struct serviceaccounts *self = context;
    AUTO_OBJECT namespace = informer_get(self->namespaces, key);
    if (!namespace || namespace->deleting)
        return 0;
    CLEANUP(free_ptr) char *account_key = alloc_printf("%s/" ACCOUNT_NAME, key);
    AUTO_OBJECT account = informer_get(self->accounts, account_key);
    if (account)
        return 0;
    AUTO_JSON wanted = json_new_object();
    json_set_string(wanted, "apiVersion", "v1");
    json_set_string(wanted, "kind", "ServiceAccount");
    json_put_string(wanted, "metadata.name", ACCOUNT_NAME);
    json_put_string(wanted, "metadata.namespace", key);
    struct rest_target target = {.resource = resource_serviceaccounts(), .ns = key};
    struct error *failure = NULL;
    if (rest_create(self->context->rest, &target, wanted, NULL, &failure) == 0)
        return 0;
    // It is there already, or the namespace is on its way out: both are fine.
    if (error_is(failure, "AlreadyExists") || error_is(failure, "NotFound") || controller_context_is_terminating(failure)) {
        error_free(failure);
        return 0;
    }
    return error_move(err, &failure);
}

static void *make(struct controller_context *context) {
    struct serviceaccounts *self = alloc_zero(sizeof(*self));
    self->context = context;
    self->namespaces = controller_context_informer(context, resource_namespaces());
    self->accounts = controller_context_informer(context, resource_serviceaccounts());
    struct control_loop_config config = {
        .name = "serviceaccount-controller", .clock = context->clock, .workers = 1, .sync = sync_namespace, .context = self};
    self->loop = control_loop_new(&config);
    informer_add_handler(self->namespaces, (struct informer_handler){on_namespace, self});
    informer_add_handler(self->accounts, (struct informer_handler){on_account, self});
    return self;
}

static void start(void *controller) {
    struct serviceaccounts *self = controller;
    control_loop_start(self->loop, (struct informer *const[]){self->namespaces, self->accounts, NULL});
}

static void stop(void *controller) {
    control_loop_stop(((struct serviceaccounts *)controller)->loop);
}

static void free_controller(void *controller) {
    struct serviceaccounts *self = controller;
    control_loop_free(self->loop);
    free(self);
}

const struct controller_descriptor serviceaccount_controller = {.name = "serviceaccount-controller",
                                                                .alias = "serviceaccount",
                                                                .make = make,
                                                                .start = start,
                                                                .stop = stop,
                                                                .free = free_controller};
