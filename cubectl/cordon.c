// SPDX-License-Identifier: Apache-2.0
// `cordon` and `uncordon`.
#include "cubectl/cordon.h"

#include "common/api/node.h"
#include "common/base/macro.h"
#include "cubectl/failure.h"
#include "cubectl/target.h"
#include "cubectl/write_options.h"

struct cordon_options {
    struct global_options global;
    char *selector, *dry_run;
};

static const struct option options_table[] = {
    {"selector", 'l', OPTION_STRING, offsetof(struct cordon_options, selector), NULL, "Selector (label query) to filter on",
     NULL},
    {"dry-run", 0, OPTION_STRING, offsetof(struct cordon_options, dry_run), "none", "Must be \"none\", \"server\", or \"client\"",
     NULL},
    COMMAND_OPTIONS_END,
};

static int set_unschedulable(struct session *session, const struct target *target, bool wanted, enum write_dry_run dry_run,
                             struct error **err) {
    const char *verb = wanted ? "cordoned" : "uncordoned";
    bool already = node_is_unschedulable(target->object) == wanted;
    if (!already && dry_run != WRITE_DRY_CLIENT) {
        AUTO_STR path = {0};
        AUTO_JSON patch = json_new_object();
        json_put(patch, "spec.unschedulable", wanted ? json_new_bool(true) : NULL);
        target_path(target, NULL, &path);
        write_add_query(&path, dry_run, NULL, NULL);
        struct session_call call = {
            .method = "PATCH", .path = path.data, .content_type = "application/strategic-merge-patch+json", .body = patch};
        if (session_call(session, &call, NULL, err) < 0)
            return error_prefix(err, "unable to %s node \"%s\"", wanted ? "cordon" : "uncordon", target->name);
    }
    fprintf(session->out, "node/%s %s%s%s\n", target->name, already ? "already " : "", verb, write_dry_run_suffix(dry_run));
    return 0;
}

static int run(struct session *session, const struct cordon_options *options, const struct str_list *arguments, bool wanted,
               struct error **err) {
    enum write_dry_run dry_run;
    AUTO_TARGETS targets = {0};
    AUTO_STR_LIST words = {0};
    if (arguments->len == 0 && str_empty(options->selector))
        return failure_usage(session, err, "USAGE: %s NODE [flags]", wanted ? "cordon" : "uncordon");
    if (write_dry_run_parse(options->dry_run, &dry_run, err) < 0)
        return -1;
    str_list_add(&words, "nodes");
    for (size_t i = 0; i < arguments->len; i++) {
        const char *name = str_skip_prefix(arguments->items[i], "node/");
        str_list_add(&words, name ? name : arguments->items[i]);
    }
    struct target_query query = {.arguments = &words, .selector = options->selector, .fetch = true};
    if (target_collect(session, &query, &targets, err) < 0)
        return -1;
    for (size_t i = 0; i < targets.len; i++) {
        struct error *error = NULL;
        if (set_unschedulable(session, &targets.items[i], wanted, dry_run, &error) < 0)
            failure_add(session, error);
    }
    return 0;
}

static int run_cordon(struct session *session, const void *options, const struct str_list *arguments, struct error **err) {
    return run(session, options, arguments, true, err);
}

static int run_uncordon(struct session *session, const void *options, const struct str_list *arguments, struct error **err) {
    return run(session, options, arguments, false, err);
}

const struct command cordon_command = {
    .name = "cordon",
    .arguments = "NODE",
    .summary = "Mark node as unschedulable",
    .options = options_table,
    .options_size = sizeof(struct cordon_options),
    .run = run_cordon,
};

const struct command uncordon_command = {
    .name = "uncordon",
    .arguments = "NODE",
    .summary = "Mark node as schedulable",
    .options = options_table,
    .options_size = sizeof(struct cordon_options),
    .run = run_uncordon,
};
