// SPDX-License-Identifier: Apache-2.0
// Creating one object.
#include "cubectl/create_object.h"

#include <stdlib.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "cubectl/failure.h"
#include "cubectl/mapping.h"

int create_plan_make(const struct create_options *options, struct create_plan *ret_plan, struct error **err) {
    if (write_dry_run_parse(options->dry_run, &ret_plan->dry_run, err) < 0 ||
        write_validation_parse(options->validate, &ret_plan->validation, err) < 0)
        return -1;
    return output_new(options->output, options->show_managed_fields, options->allow_missing, &ret_plan->output, err);
}

void create_plan_free(struct create_plan *plan) {
    output_free(plan->output);
    plan->output = NULL;
}

int create_object(struct session *session, const struct create_options *options, const struct create_plan *plan,
                  const struct target *target, struct error **err) {
    AUTO_JSON made = NULL;
    CLEANUP(free_ptr) char *what = alloc_printf("created%s", write_dry_run_suffix(plan->dry_run));
    if (options->save_config)
        write_set_last_applied(target->object);
    if (plan->dry_run == WRITE_DRY_CLIENT)
        return output_done(plan->output, target->object, what, session->out, err);
    AUTO_STR path = {0};
    target_list_path(target->resource, target->ns, &path);
    write_add_query(&path, plan->dry_run, options->manager, plan->validation);
    struct session_call call = {.method = "POST", .path = path.data, .body = target->object};
    if (session_call(session, &call, &made, err) < 0)
        return failure_source(err, "creating", target->source);
    return output_done(plan->output, made, what, session->out, err);
}

int create_made(struct session *session, const struct create_options *options, struct json *object, struct error **err) {
    CLEANUP(create_plan_free) struct create_plan plan = {0};
    if (create_plan_make(options, &plan, err) < 0 || session_prepare(session, err) < 0)
        return -1;
    const struct resource *resource =
        resources_find_api_version_kind(json_get_text(object, "apiVersion"), json_get_text(object, "kind"));
    struct target target = {.resource = resource,
                            .ns = resource->namespaced ? session->ns : (char *)"",
                            .name = (char *)meta_name(object),
                            .object = object};
    if (resource->namespaced && session->ns_given)
        json_put_string(object, "metadata.namespace", session->ns);
    AUTO_ERROR cause = NULL;
    if (create_object(session, options, &plan, &target, &cause) == 0)
        return 0;
    if (cause->code == 0 || resource == resource_namespaces())
        return error_move(err, &cause);
    return error_set(err, "failed to create %s%s %s", resource->singular, resource == resource_secrets() ? "" : ":",
                     error_message(cause));
}
