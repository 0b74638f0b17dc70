// SPDX-License-Identifier: Apache-2.0
// `delete`.
#include "cubectl/delete.h"

#include <stdlib.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "cubectl/failure.h"
#include "cubectl/mapping.h"
#include "cubectl/target.h"
#include "cubectl/waiting.h"
#include "cubectl/write_options.h"

#define FOREVER (168 * HOUR)

struct delete_options {
    struct global_options global;
    struct str_list filenames;
    char *selector, *field_selector, *output, *dry_run, *cascade, *raw;
    int64_t grace_period, timeout;
    bool recursive, all, all_namespaces, force, now, wait, ignore_not_found;
};

#define MEMBER(member) offsetof(struct delete_options, member)

static const struct option options_table[] = {
    {"filename", 'f', OPTION_LIST, MEMBER(filenames), NULL, "Files or folders that name the objects to delete", NULL},
    {"recursive", 'R', OPTION_BOOL, MEMBER(recursive), NULL, "Process the folder of -f recursively", NULL},
    {"selector", 'l', OPTION_STRING, MEMBER(selector), NULL, "Selector (label query) to filter on", NULL},
    {"field-selector", 0, OPTION_STRING, MEMBER(field_selector), NULL, "Selector (field query) to filter on", NULL},
    {"all", 0, OPTION_BOOL, MEMBER(all), NULL, "Delete all objects of the given types in the namespace", NULL},
    {"all-namespaces", 'A', OPTION_BOOL, MEMBER(all_namespaces), NULL, "Across all namespaces", NULL},
    {"grace-period", 0, OPTION_INT, MEMBER(grace_period), "-1",
     "Seconds given to the object to end gracefully; -1: its own, 0 only with --force", NULL},
    {"force", 0, OPTION_BOOL, MEMBER(force), NULL, "Remove the object from the API at once", NULL},
    {"now", 0, OPTION_BOOL, MEMBER(now), NULL, "The same as --grace-period=1", NULL},
    {"wait", 0, OPTION_BOOL, MEMBER(wait), "true", "Wait until the objects are gone", NULL},
    {"timeout", 0, OPTION_DURATION, MEMBER(timeout), "0s", "How long to wait; zero: a week", NULL},
    {"ignore-not-found", 0, OPTION_BOOL, MEMBER(ignore_not_found), NULL, "An object that is not there is no error", NULL},
    {"cascade", 0, OPTION_STRING, MEMBER(cascade), "background", "Must be \"background\", \"orphan\", or \"foreground\"", NULL},
    {"dry-run", 0, OPTION_STRING, MEMBER(dry_run), "none", "Must be \"none\", \"server\", or \"client\"", NULL},
    {"output", 'o', OPTION_STRING, MEMBER(output), NULL, "Output mode: name", NULL},
    {"raw", 0, OPTION_STRING, MEMBER(raw), NULL, "Path to send the DELETE to", NULL},
    COMMAND_OPTIONS_END,
};

// The deleted objects, to be waited for.
struct deletion {
    struct session *session;
    const struct delete_options *options;
    enum write_dry_run dry_run;
    const char *propagation;
    int64_t grace_period;
    char **uids; // by target; NULL: not deleted
    size_t deleted;
};

static int propagation_parse(const char *text, const char **ret_propagation, struct error **err) {
    static const struct {
        const char *text, *propagation;
    } rows[] = {{"background", "Background"}, {"foreground", "Foreground"}, {"orphan", "Orphan"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (str_equal(text, rows[i].text)) {
            *ret_propagation = rows[i].propagation;
            return 0;
        }
    return error_set(err, "Invalid cascade value (%s). Must be \"background\", \"foreground\", or \"orphan\".", text ? text : "");
}

static struct json *delete_body(const struct deletion *deletion) {
    struct json *body = json_new_object();
    schema_set_kind(body, "v1", "DeleteOptions");
    json_set_string(body, "propagationPolicy", deletion->propagation);
    if (deletion->grace_period >= 0)
        json_set_int(body, "gracePeriodSeconds", deletion->grace_period);
    return body;
}

static void report(const struct deletion *deletion, const struct target *target) {
    FILE *out = deletion->session->out;
    AUTO_STR kind = {0};
    mapping_append_kind(target->resource, &kind);
    if (str_equal(deletion->options->output, "name")) {
        fprintf(out, "%s/%s\n", str_text(&kind), target->name);
        return;
    }
    fprintf(out, "%s \"%s\" %s%s\n", str_text(&kind), target->name, deletion->grace_period == 0 ? "force deleted" : "deleted",
            write_dry_run_suffix(deletion->dry_run));
}

// The uid of what was deleted: the object itself or the Status's details. malloc'd.
static char *uid_of(const struct json *answer) {
    const char *uid = json_find_string(answer, "metadata.uid");
    return alloc_string(uid ? uid : json_find_text(answer, "details.uid"));
}

static int delete_one(struct deletion *deletion, size_t index, const struct target *target, struct error **err) {
    AUTO_JSON answer = NULL;
    if (deletion->dry_run != WRITE_DRY_CLIENT) {
        AUTO_STR path = {0};
        AUTO_JSON body = delete_body(deletion);
        target_path(target, NULL, &path);
        write_add_query(&path, deletion->dry_run, NULL, NULL);
        struct session_call call = {.method = "DELETE", .path = path.data, .body = body};
        if (session_call(deletion->session, &call, &answer, err) < 0)
            return failure_source(err, "deleting", target->source);
    }
    deletion->uids[index] = uid_of(answer);
    deletion->deleted++;
    report(deletion, target);
    return 0;
}

static void delete_all(struct deletion *deletion, const struct target_list *targets) {
    for (size_t i = 0; i < targets->len; i++) {
        struct error *error = NULL;
        if (delete_one(deletion, i, &targets->items[i], &error) == 0)
            continue;
        bool fine = error_has_code(error, 404) && deletion->options->ignore_not_found;
        if (fine)
            error_free(error);
        else
            failure_add(deletion->session, error);
    }
    fflush(deletion->session->out);
}

static void wait_all(struct deletion *deletion, const struct target_list *targets) {
    int64_t timeout = deletion->options->timeout;
    int64_t deadline = clock_monotonic(deletion->session->clock) + (timeout > 0 ? timeout : FOREVER);
    for (size_t i = 0; i < targets->len; i++) {
        struct error *error = NULL;
        if (!deletion->uids[i])
            continue;
        if (waiting_deleted(deletion->session, &targets->items[i], deletion->uids[i], deadline, &error) == 0)
            continue;
        // who may not look need not wait
        if (error_has_code(error, 403) || error_has_code(error, 405))
            error_free(error);
        else
            failure_add(deletion->session, error);
    }
}

static int check_options(struct deletion *deletion, const struct str_list *arguments, struct error **err) {
    const struct delete_options *options = deletion->options;
    if (arguments->len == 0 && options->filenames.len == 0)
        return error_set(err, "You must provide one or more resources by argument or filename.\nExample resource specifications "
                              "include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'");
    if (options->all && !str_empty(options->selector))
        return error_set(err, "cannot set --all and --selector at the same time");
    if (options->all && !str_empty(options->field_selector))
        return error_set(err, "cannot set --all and --field-selector at the same time");
    if (options->now && options->grace_period != -1)
        return error_set(err, "--now and --grace-period cannot be specified together");
    if (!str_empty(options->output) && !str_equal(options->output, "name"))
        return error_set(err, "unexpected -o output mode: %s. We only support '-o name'", options->output);
    deletion->grace_period = options->now ? 1 : options->grace_period;
    if (deletion->grace_period == 0 && !options->force)
        deletion->grace_period = 1; // as kubectl: 0 takes --force
    if (options->force && deletion->grace_period < 0)
        deletion->grace_period = 0;
    if (options->force && deletion->grace_period > 0)
        return error_set(err, "--force and --grace-period greater than 0 cannot be specified together");
    if (write_dry_run_parse(options->dry_run, &deletion->dry_run, err) < 0)
        return -1;
    return propagation_parse(options->cascade, &deletion->propagation, err);
}

static void warn(const struct deletion *deletion, const struct target_list *targets) {
    FILE *errors = deletion->session->errors;
    if (deletion->grace_period == 0)
        fprintf(errors,
                "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. "
                "The resource may continue to run on the cluster indefinitely.\n");
    for (size_t i = 0; i < targets->len && deletion->session->ns_given; i++)
        if (!targets->items[i].resource->namespaced) {
            fprintf(errors, "Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n");
            break;
        }
}

static int delete_raw(struct session *session, const char *path, struct error **err) {
    AUTO_STR text = {0};
    if (session_call_text(session, &(struct session_call){.method = "DELETE", .path = path}, &text, err) < 0)
        return -1;
    fwrite(str_text(&text), 1, text.len, session->out);
    return 0;
}

static int run(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    const struct delete_options *options = opaque;
    if (!str_empty(options->raw))
        return delete_raw(session, options->raw, err);
    struct deletion deletion = {.session = session, .options = options};
    AUTO_TARGETS targets = {0};
    if (check_options(&deletion, arguments, err) < 0)
        return -1;
    struct target_query query = {.filenames = &options->filenames,
                                 .recursive = options->recursive,
                                 .arguments = arguments,
                                 .selector = options->selector,
                                 .field_selector = options->field_selector,
                                 .all = options->all,
                                 .all_namespaces = options->all_namespaces};
    if (target_collect(session, &query, &targets, err) < 0)
        return -1;
    warn(&deletion, &targets);
    deletion.uids = alloc_array(targets.len + 1, sizeof(*deletion.uids));
    delete_all(&deletion, &targets);
    if (deletion.deleted == 0 && session->failures.len == 0)
        fprintf(session->out, "No resources found\n");
    if (options->wait && deletion.dry_run == WRITE_REALLY)
        wait_all(&deletion, &targets);
    for (size_t i = 0; i < targets.len; i++)
        free(deletion.uids[i]);
    free(deletion.uids);
    return 0;
}

const struct command delete_command = {
    .name = "delete",
    .arguments = "([-f FILENAME] | TYPE [(NAME | -l label | --all)])",
    .summary = "Delete objects by file names, stdin, resources and names, or by resources and label selector",
    .options = options_table,
    .options_size = sizeof(struct delete_options),
    .run = run,
};
