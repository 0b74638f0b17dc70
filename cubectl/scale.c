// SPDX-License-Identifier: Apache-2.0
// `scale`.
#include "cubectl/scale.h"

#include <stdlib.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "cubectl/failure.h"
#include "cubectl/output.h"
#include "cubectl/target.h"
#include "cubectl/waiting.h"
#include "cubectl/write_options.h"

struct scale_options {
    struct global_options global;
    struct str_list filenames;
    char *selector, *output, *dry_run, *resource_version;
    int64_t replicas, current_replicas, timeout;
    bool recursive, all;
};

#define MEMBER(member) offsetof(struct scale_options, member)

static const struct option options_table[] = {
    {"replicas", 0, OPTION_INT, MEMBER(replicas), "0", "The new desired number of replicas. Required.", NULL},
    {"current-replicas", 0, OPTION_INT, MEMBER(current_replicas), "-1", "Scale only if there are that many now", NULL},
    {"resource-version", 0, OPTION_STRING, MEMBER(resource_version), NULL, "Scale only if this is the current version", NULL},
    {"timeout", 0, OPTION_DURATION, MEMBER(timeout), "0s", "How long to wait for the new number; zero: don't wait", NULL},
    {"filename", 'f', OPTION_LIST, MEMBER(filenames), NULL, "Files or folders that name the objects", NULL},
    {"recursive", 'R', OPTION_BOOL, MEMBER(recursive), NULL, "Process the folder of -f recursively", NULL},
    {"selector", 'l', OPTION_STRING, MEMBER(selector), NULL, "Selector (label query) to filter on", NULL},
    {"all", 0, OPTION_BOOL, MEMBER(all), NULL, "All objects of the type in the namespace", NULL},
    {"dry-run", 0, OPTION_STRING, MEMBER(dry_run), "none", "Must be \"none\", \"server\", or \"client\"", NULL},
    {"output", 'o', OPTION_STRING, MEMBER(output), NULL, "Output format: json, yaml, name", NULL},
    COMMAND_OPTIONS_END,
};

static int put(struct session *session, const struct scale_options *options, const struct target *target, const char *path,
               struct error **err) {
    AUTO_STR plain = {0};
    AUTO_JSON scale = NULL;
    target_path(target, "scale", &plain);
    if (session_call(session, &(struct session_call){.path = str_text(&plain)}, &scale, err) < 0)
        return -1;
    int64_t now = json_find_int(scale, "spec.replicas", 0);
    if (options->current_replicas != -1 && now != options->current_replicas)
        return error_set(err, "Expected replicas to be %lld, was %lld", (long long)options->current_replicas, (long long)now);
    if (!str_empty(options->resource_version) && !str_equal(meta_resource_version(scale), options->resource_version))
        return error_set(err, "Expected resource version to be %s, was %s", options->resource_version,
                         meta_resource_version(scale));
    json_put(scale, "spec.replicas", json_new_int(options->replicas));
    return session_call(session, &(struct session_call){.method = "PUT", .path = path, .body = scale}, NULL, err);
}

static int patch(struct session *session, const struct scale_options *options, const char *path, struct error **err) {
    AUTO_JSON change = json_new_object();
    json_put(change, "spec.replicas", json_new_int(options->replicas));
    struct session_call call = {.method = "PATCH", .path = path, .content_type = "application/merge-patch+json", .body = change};
    return session_call(session, &call, NULL, err);
}

static bool is_scaled(void *context, const struct json *object) {
    const int64_t *replicas = context;
    return !object || (json_find_int(object, "status.replicas", 0) == *replicas &&
                       json_find_int(object, "status.observedGeneration", 0) >= meta_generation(object));
}

static int scale_one(struct session *session, const struct scale_options *options, struct target *target,
                     enum write_dry_run dry_run, struct error **err) {
    AUTO_STR path = {0};
    target_path(target, "scale", &path);
    write_add_query(&path, dry_run, NULL, NULL);
    bool checked = options->current_replicas != -1 || !str_empty(options->resource_version);
    if (dry_run == WRITE_DRY_CLIENT)
        return 0;
    if (checked ? put(session, options, target, path.data, err) < 0 : patch(session, options, path.data, err) < 0)
        return -1;
    if (options->timeout <= 0 || dry_run != WRITE_REALLY)
        return 0;
    int64_t replicas = options->replicas;
    struct waiting waiting = {.target = target,
                              .must_exist = true,
                              .check = is_scaled,
                              .context = &replicas,
                              .deadline = clock_monotonic(session->clock) + options->timeout};
    return waiting_run(session, &waiting, err);
}

// With no object at all kubectl says so, and why.
static int nothing_to_scale(struct session *session, struct error **err) {
    if (session->failures.len != 1)
        return session->failures.len > 0 ? 0 : error_set(err, "no objects passed to scale");
    struct error *error = ptr_vec_pop(&session->failures);
    if (!error_has_code(error, 404))
        return error_move(err, &error);
    error_set(err, "no objects passed to scale %s", error_message(error));
    error_free(error);
    return -1;
}

static int scale_all(struct session *session, const struct scale_options *options, const struct target_list *targets,
                     enum write_dry_run dry_run, struct error **err) {
    AUTO_OUTPUT output = NULL;
    if (output_new(options->output, false, true, &output, err) < 0)
        return -1;
    CLEANUP(free_ptr) char *what = alloc_printf("scaled%s", write_dry_run_suffix(dry_run));
    for (size_t i = 0; i < targets->len; i++) {
        struct error *error = NULL;
        if (scale_one(session, options, &targets->items[i], dry_run, &error) < 0)
            failure_add(session, error);
        else if (output_done(output, targets->items[i].object, what, session->out, err) < 0)
            return -1;
    }
    return 0;
}

static int run(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    const struct scale_options *options = opaque;
    enum write_dry_run dry_run;
    AUTO_TARGETS targets = {0};
    if (!session_given(session, "replicas"))
        return error_set(err, "required flag(s) \"replicas\" not set");
    if (options->replicas < 0)
        return error_set(err, "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0");
    if (options->current_replicas < -1)
        return error_set(err, "The --current-replicas must specify an integer of -1 or greater");
    if (write_dry_run_parse(options->dry_run, &dry_run, err) < 0)
        return -1;
    struct target_query query = {.filenames = &options->filenames,
                                 .recursive = options->recursive,
                                 .arguments = arguments,
                                 .selector = options->selector,
                                 .all = options->all,
                                 .fetch = true};
    if (target_collect(session, &query, &targets, err) < 0)
        return -1;
    if (targets.len == 0)
        return nothing_to_scale(session, err);
    return scale_all(session, options, &targets, dry_run, err);
}

const struct command scale_command = {
    .name = "scale",
    .arguments = "[--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME)",
    .summary = "Set a new size for a replica set",
    .options = options_table,
    .options_size = sizeof(struct scale_options),
    .run = run,
};
