// SPDX-License-Identifier: Apache-2.0
// The ConfigMap kube-root-ca.crt in every active namespace; keys are namespaces.
#include "controller-manager/root_ca_publisher.h"

#include <stdlib.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/controller/controller.h"

#define CONFIGMAP_NAME "kube-root-ca.crt"
#define DESCRIPTION_KEY "kubernetes.io/description"
#define DESCRIPTION "The CA that vouches for the kube-apiserver inside this cluster; not meant for anything else."

struct publisher {
    struct controller_context *context;
    struct informer *namespaces;
    struct informer *configmaps; // only those of our name: a cluster's other ConfigMaps need not be held here
    struct control_loop *loop;
};

static void on_namespace(void *context, const struct object *old UNUSED, const struct object *new) {
    struct publisher *self = context;
    if (new && !new->deleting)
        workqueue_add(control_loop_queue(self->loop), new->name);
}

static void on_configmap(void *context, const struct object *old, const struct object *new) {
    struct publisher *self = context;
    if (old) // deleted or changed by somebody
        workqueue_add(control_loop_queue(self->loop), (new ? new : old)->ns);
}

static struct json *wanted_configmap(const struct publisher *self, const char *ns) {
    struct json *wanted = json_new_object();
    json_set_string(wanted, "apiVersion", "v1");
    json_set_string(wanted, "kind", "ConfigMap");
    json_put_string(wanted, "metadata.name", CONFIGMAP_NAME);
    json_put_string(wanted, "metadata.namespace", ns);
    meta_set_annotation(wanted, DESCRIPTION_KEY, DESCRIPTION);
    json_set_string(json_ensure_object(wanted, "data"), "ca.crt", self->context->root_ca);
    return wanted;
}

// Creates it, or puts its data right. Nothing to do gives 0.
static int publish(struct publisher *self, const char *ns, const struct object *current, struct error **err) {
    AUTO_JSON wanted = wanted_configmap(self, ns);
    struct rest_target target = {.resource = resource_configmaps(), .ns = ns, .name = CONFIGMAP_NAME};
    if (!current)
        return rest_create(self->context->rest, &target, wanted, NULL, err);
    AUTO_JSON changed = object_tree(current);
    if (json_equal(json_get(changed, "data"), json_get(wanted, "data")))
        return 0;
    json_set(changed, "data", json_clone(json_get(wanted, "data")));
    meta_set_annotation(changed, DESCRIPTION_KEY, DESCRIPTION);
    return rest_update(self->context->rest, &target, changed, NULL, err);
}

static int sync_namespace(void *context, const char *key, struct sync_result *result, struct error **err) {
    struct publisher *self = context;
    AUTO_OBJECT namespace = informer_get(self->namespaces, key);
    if (!namespace || namespace->deleting)
        return 0;
    CLEANUP(free_ptr) char *configmap_key = alloc_printf("%s/" CONFIGMAP_NAME, key);
    AUTO_OBJECT current = informer_get(self->configmaps, configmap_key);
    struct error *failure = NULL;
    if (publish(self, key, current, &failure) == 0)
        return 0;
    bool stale = error_is(failure, "Conflict");
    if (stale || error_is(failure, "AlreadyExists") || error_is(failure, "NotFound") ||
        controller_context_is_terminating(failure)) {
        error_free(failure);
        result->outcome = stale ? SYNC_REQUEUE : SYNC_DONE;
        return 0;
    }
    return error_move(err, &failure);
}

static void *make(struct controller_context *context) {
    struct publisher *self = alloc_zero(sizeof(*self));
    self->context = context;
    self->namespaces = controller_context_informer(context, resource_namespaces());
    struct informer_config configmaps = {.rest = context->rest,
                                         .clock = context->clock,
                                         .random = context->random,
                                         .resource = resource_configmaps(),
                                         .field_selector = "metadata.name=" CONFIGMAP_NAME};
    self->configmaps = informer_new(&configmaps);
    struct control_loop_config config = {.name = "root-ca-certificate-publisher-controller",
                                         .clock = context->clock,
                                         .workers = 1,
                                         .sync = sync_namespace,
                                         .context = self};
    self->loop = control_loop_new(&config);
    informer_add_handler(self->namespaces, (struct informer_handler){on_namespace, self});
    informer_add_handler(self->configmaps, (struct informer_handler){on_configmap, self});
    return self;
}

static void start(void *controller) {
    struct publisher *self = controller;
    if (!self->context->root_ca)
        return; // no CA, nothing to publish
    informer_start(self->configmaps);
    control_loop_start(self->loop, (struct informer *const[]){self->namespaces, self->configmaps, NULL});
}

static void stop(void *controller) {
    struct publisher *self = controller;
    control_loop_stop(self->loop);
    informer_stop(self->configmaps);
}

static void free_controller(void *controller) {
    struct publisher *self = controller;
    control_loop_free(self->loop);
    informer_free(self->configmaps);
    free(self);
}

const struct controller_descriptor root_ca_publisher = {.name = "root-ca-certificate-publisher-controller",
                                                        .alias = "root-ca-cert-publisher",
                                                        .make = make,
                                                        .start = start,
                                                        .stop = stop,
                                                        .free = free_controller};
