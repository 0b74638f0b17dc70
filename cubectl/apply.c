// SPDX-License-Identifier: Apache-2.0
// `apply`: create what is missing, patch what differs.
#include "cubectl/apply.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/api/strategic_patch.h"
#include "common/base/alloc.h"
#include "common/data/merge_patch.h"
#include "common/net/url.h"
#include "cubectl/failure.h"
#include "cubectl/output.h"
#include "cubectl/target.h"
#include "cubectl/write_options.h"

#define CONFLICT_RETRIES 5
#define DEFAULT_MANAGER "kubectl-client-side-apply"
#define DEFAULT_SERVER_SIDE_MANAGER "kubectl"

struct apply_options {
    struct global_options global;
    struct str_list filenames;
    char *output, *dry_run, *validate, *manager;
    bool recursive, server_side, force_conflicts, show_managed_fields, allow_missing;
};

#define MEMBER(member) offsetof(struct apply_options, member)

static const struct option options_table[] = {
    {"filename", 'f', OPTION_LIST, MEMBER(filenames), NULL, "Files or folders that contain the configurations to apply", NULL},
    {"recursive", 'R', OPTION_BOOL, MEMBER(recursive), NULL, "Process the folder of -f recursively", NULL},
    {"output", 'o', OPTION_STRING, MEMBER(output), NULL, "Output format: json, yaml, name, jsonpath=...", NULL},
    {"dry-run", 0, OPTION_STRING, MEMBER(dry_run), "none", "Must be \"none\", \"server\", or \"client\"", NULL},
    {"validate", 0, OPTION_STRING, MEMBER(validate), "strict", "Unknown fields: strict (true), warn, or ignore (false)", NULL},
    {"field-manager", 0, OPTION_STRING, MEMBER(manager), NULL, "Name of the manager used to track field ownership", NULL},
    {"server-side", 0, OPTION_BOOL, MEMBER(server_side), NULL, "Apply runs in the server instead of the client", NULL},
    {"force-conflicts", 0, OPTION_BOOL, MEMBER(force_conflicts), NULL, "Server-side apply takes fields from other managers",
     NULL},
    {"show-managed-fields", 0, OPTION_BOOL, MEMBER(show_managed_fields), NULL, "Keep managedFields in JSON and YAML", NULL},
    {"allow-missing-template-keys", 0, OPTION_BOOL, MEMBER(allow_missing), "true",
     "Ignore keys that a template names and an object lacks", NULL},
    {"prune", 0, OPTION_REFUSED, 0, NULL, "", "delete what is no longer wanted by name"},
    {"kustomize", 'k', OPTION_REFUSED, 0, NULL, "", "build the manifests first and pass them with -f"},
    COMMAND_OPTIONS_END,
};

// --- deciding ----------------------------------------------------------------------------------------------------------

int apply_patch(const struct resource *resource, const struct json *current, const struct json *modified, struct json **ret_patch,
                struct error **err) {
    AUTO_JSON original = NULL;
    const char *last = meta_annotation(current, WRITE_LAST_APPLIED);
    if (last && json_parse(last, strlen(last), NULL, &original, err) < 0)
        return error_prefix(err, "annotation %s", WRITE_LAST_APPLIED);
    if (resource->type)
        return strategic_patch_three_way(resource->type, original, modified, current, ret_patch, err);
    *ret_patch = merge_patch_three_way(original, modified, current);
    return 0;
}

// --- acting ------------------------------------------------------------------------------------------------------------

struct apply {
    struct session *session;
    const struct apply_options *options;
    enum write_dry_run dry_run;
    const char *validation;
    const char *manager;
    struct output *output;
    struct json *list; // of what -o prints at the end; NULL: each by itself
};

static int done(struct apply *apply, struct json *object, const char *what, struct error **err) {
    if (apply->list) {
        json_append(json_get(apply->list, "items"), json_ref(object));
        return 0;
    }
    CLEANUP(free_ptr) char *text = alloc_printf("%s%s", what, write_dry_run_suffix(apply->dry_run));
    return output_done(apply->output, object, text, apply->session->out, err);
}

static int create(struct apply *apply, const struct target *target, struct json *modified, struct error **err) {
    if (apply->dry_run == WRITE_DRY_CLIENT)
        return done(apply, modified, "created", err);
    AUTO_STR path = {0};
    AUTO_JSON made = NULL;
    target_list_path(target->resource, target->ns, &path);
    write_add_query(&path, apply->dry_run, apply->manager, apply->validation);
    struct session_call call = {.method = "POST", .path = path.data, .body = modified};
    if (session_call(apply->session, &call, &made, err) < 0) {
        failure_source(err, "creating", target->source);
        return -1;
    }
    return done(apply, made, "created", err);
}

static int send_patch(struct apply *apply, const struct target *target, const struct json *patch, struct json **ret_object,
                      struct error **err) {
    AUTO_STR path = {0};
    target_path(target, NULL, &path);
    write_add_query(&path, apply->dry_run, apply->manager, apply->validation);
    struct session_call call = {.method = "PATCH",
                                .path = path.data,
                                .content_type = target->resource->type ? "application/strategic-merge-patch+json"
                                                                       : "application/merge-patch+json",
                                .body = patch};
    return session_call(apply->session, &call, ret_object, err);
}

static int patch_failed(const struct target *target, const struct json *patch, struct error **err) {
    if (str_empty(target->source) || !err || !*err)
        return -1;
    AUTO_STR text = {0};
    json_write_sorted(patch, &text, -1);
    while (text.len > 0 && text.data[text.len - 1] == '\n')
        str_truncate(&text, text.len - 1);
    return error_prefix(err,
                        "error when applying patch:\n%s\nto:\nResource: \"%s%s%s, Resource=%s\", GroupVersionKind: \"%s%s%s, "
                        "Kind=%s\"\nName: \"%s\", Namespace: \"%s\"\nfor: \"%s\"",
                        str_text(&text), target->resource->group, str_empty(target->resource->group) ? "" : "/",
                        target->resource->version, target->resource->plural, target->resource->group,
                        str_empty(target->resource->group) ? "" : "/", target->resource->version, target->resource->kind,
                        target->name, target->ns, target->source);
}

static void warn_unmanaged(const struct apply *apply, const struct target *target, const struct json *current) {
    if (meta_annotation(current, WRITE_LAST_APPLIED))
        return;
    fprintf(
        apply->session->errors,
        "Warning: resource %s/%s is missing the %s annotation which is required by kubectl apply. kubectl apply should only be "
        "used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing "
        "annotation will be patched automatically.\n",
        target->resource->plural, target->name, WRITE_LAST_APPLIED);
}

static int update(struct apply *apply, const struct target *target, struct json *current, const struct json *modified,
                  struct error **err) {
    AUTO_JSON patch = NULL;
    if (apply->dry_run == WRITE_DRY_CLIENT) {
        // as kubectl: what the server has, and no look at the difference
        warn_unmanaged(apply, target, current);
        return done(apply, current, "configured", err);
    }
    if (apply_patch(target->resource, current, modified, &patch, err) < 0)
        return -1;
    warn_unmanaged(apply, target, current);
    if (json_object_size(patch) == 0)
        return done(apply, current, "unchanged", err);
    AUTO_JSON changed = NULL;
    if (send_patch(apply, target, patch, &changed, err) < 0)
        return patch_failed(target, patch, err);
    return done(apply, changed, "configured", err);
}

static int apply_client_side(struct apply *apply, const struct target *target, struct error **err) {
    AUTO_JSON modified = json_clone(target->object);
    write_set_last_applied(modified);
    for (int attempt = 0;; attempt++) {
        AUTO_JSON current = NULL;
        struct error *error = NULL;
        if (target_get(apply->session, target, &current, &error) < 0) {
            if (!error_has_code(error, 404))
                return failure_source(&error, "retrieving current configuration of", target->source), error_move(err, &error);
            error_free(error);
            return create(apply, target, modified, err);
        }
        if (update(apply, target, current, modified, &error) == 0)
            return 0;
        if (!error_has_code(error, 409) || attempt >= CONFLICT_RETRIES)
            return error_move(err, &error);
        error_free(error);
    }
}

static int apply_server_side(struct apply *apply, const struct target *target, struct error **err) {
    AUTO_STR path = {0};
    AUTO_JSON made = NULL;
    target_path(target, NULL, &path);
    write_add_query(&path, apply->dry_run, apply->manager, apply->validation);
    url_query_add(&path, "force", apply->options->force_conflicts ? "true" : "false");
    struct session_call call = {
        .method = "PATCH", .path = path.data, .content_type = "application/apply-patch+yaml", .body = target->object};
    AUTO_ERROR error = NULL;
    if (session_call(apply->session, &call, &made, &error) < 0)
        return error_has_code(error, 415) ? error_set_api(err, 0, FAILURE_VERBATIM,
                                                          "Server-side apply not available on the server: (%s)", error->message)
                                          : error_move(err, &error);
    return done(apply, made, "serverside-applied", err);
}

static int apply_all(struct apply *apply, const struct target_list *targets, struct error **err) {
    enum output_form form = output_form(apply->output);
    if (form != OUTPUT_DEFAULT && !output_by_object(apply->output) && targets->len > 1)
        apply->list = output_new_list(false);
    for (size_t i = 0; i < targets->len; i++) {
        const struct target *target = &targets->items[i];
        struct error *error = NULL;
        int result;
        if (str_empty(target->name) && !str_empty(json_find_text(target->object, "metadata.generateName")))
            result = error_set(&error, "from %s: cannot use generate name with apply",
                               json_find_text(target->object, "metadata.generateName"));
        else if (str_empty(target->name))
            result = error_set(&error, "error when retrieving current configuration of \"%s\": resource name may not be empty",
                               target->source);
        else
            result =
                apply->options->server_side ? apply_server_side(apply, target, &error) : apply_client_side(apply, target, &error);
        if (result < 0)
            failure_add(apply->session, error);
        fflush(apply->session->out);
    }
    int result = 0;
    if (apply->list && json_len(json_get(apply->list, "items")) > 0)
        result = output_print(apply->output, apply->list, apply->session->out, err);
    output_flush(apply->output, apply->session->out);
    json_unref(apply->list);
    return result;
}

static int run(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    const struct apply_options *options = opaque;
    struct apply apply = {.session = session, .options = options};
    AUTO_OUTPUT output = NULL;
    AUTO_TARGETS targets = {0};
    if (arguments->len > 0)
        return failure_usage(session, err, "Unexpected args: [%s]", arguments->items[0]);
    if (options->filenames.len == 0)
        return error_set(err, "must specify one of -f and -k");
    if (write_dry_run_parse(options->dry_run, &apply.dry_run, err) < 0 ||
        write_validation_parse(options->validate, &apply.validation, err) < 0 ||
        output_new(options->output, options->show_managed_fields, options->allow_missing, &output, err) < 0)
        return -1;
    if (options->server_side && apply.dry_run == WRITE_DRY_CLIENT)
        return error_set(err, "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)");
    if (options->force_conflicts && !options->server_side)
        return error_set(err, "--force-conflicts only works with --server-side");
    apply.manager = !str_empty(options->manager) ? options->manager
                    : options->server_side       ? DEFAULT_SERVER_SIDE_MANAGER
                                                 : DEFAULT_MANAGER;
    apply.output = output;
    struct target_query query = {.filenames = &options->filenames, .recursive = options->recursive};
    if (target_collect(session, &query, &targets, err) < 0)
        return -1;
    if (targets.len == 0 && session->failures.len == 0)
        return error_set(err, "no objects passed to apply");
    return apply_all(&apply, &targets, err);
}

const struct command apply_command = {
    .name = "apply",
    .arguments = "(-f FILENAME)",
    .summary = "Apply a configuration to objects by file name or stdin",
    .options = options_table,
    .options_size = sizeof(struct apply_options),
    .run = run,
};
