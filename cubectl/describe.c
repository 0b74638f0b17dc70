// SPDX-License-Identifier: Apache-2.0
// `describe`.
#include "cubectl/describe.h"

#include "common/api/meta.h"
#include "common/base/macro.h"
#include "cubectl/describe_kinds.h"
#include "cubectl/failure.h"
#include "cubectl/target.h"

struct describe_options {
    struct global_options global;
    struct str_list filenames;
    char *selector;
    bool recursive, all_namespaces, show_events;
};

#define MEMBER(member) offsetof(struct describe_options, member)

static const struct option options_table[] = {
    {"filename", 'f', OPTION_LIST, MEMBER(filenames), NULL, "Files or folders that name the objects", NULL},
    {"recursive", 'R', OPTION_BOOL, MEMBER(recursive), NULL, "Process the folder of -f recursively", NULL},
    {"selector", 'l', OPTION_STRING, MEMBER(selector), NULL, "Selector (label query) to filter on", NULL},
    {"all-namespaces", 'A', OPTION_BOOL, MEMBER(all_namespaces), NULL, "Across all namespaces", NULL},
    {"show-events", 0, OPTION_BOOL, MEMBER(show_events), "true", "Show the events about the object", NULL},
    COMMAND_OPTIONS_END,
};

static const struct {
    const char *api_version, *kind;
    int (*describe)(struct describe_text *text, const struct json *object, struct error **err);
    bool events;
} kinds[] = {
    {"v1", "Pod", describe_pod, true},
    {"v1", "Node", describe_node, true},
    {"apps/v1", "ReplicaSet", describe_replicaset, true},
    {"v1", "Namespace", describe_namespace, false},
    {"v1", "ConfigMap", describe_configmap, true},
    {"v1", "Secret", describe_secret, false},
};

static int describe_one(struct session *session, const struct json *object, bool show_events, struct error **err) {
    struct describe_text text = {.session = session, .writer = TAB_WRITER_DESCRIBE, .now = clock_wall(session->clock)};
    bool events = true;
    int (*describe)(struct describe_text *, const struct json *, struct error **) = describe_generic;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_equal(kinds[i].api_version, json_get_string(object, "apiVersion")) &&
            str_equal(kinds[i].kind, json_get_string(object, "kind"))) {
            describe = kinds[i].describe;
            events = kinds[i].events;
        }
    int result = describe(&text, object, err);
    if (result == 0 && events && show_events)
        result = describe_events(&text, object, err);
    AUTO_STR out = {0};
    tab_writer_flush(&text.writer, &out);
    tab_writer_free(&text.writer);
    fwrite(str_text(&out), 1, out.len, session->out);
    return result;
}

static void nothing_found(struct session *session, const struct describe_options *options, bool namespaced) {
    fflush(session->out);
    if (namespaced && !options->all_namespaces)
        fprintf(session->errors, "No resources found in %s namespace.\n", session->ns);
    else
        fprintf(session->errors, "No resources found\n");
}

static int run(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    const struct describe_options *options = opaque;
    AUTO_TARGETS targets = {0};
    AUTO_TARGET_WORDS words = {0};
    if (arguments->len == 0 && options->filenames.len == 0)
        return error_set(err, "You must specify the type of resource to describe. Use \"cubectl api-resources\" for a complete "
                              "list of supported resources.");
    struct target_query query = {.filenames = &options->filenames,
                                 .recursive = options->recursive,
                                 .arguments = arguments,
                                 .selector = options->selector,
                                 .all_namespaces = options->all_namespaces,
                                 .fetch = true};
    if (session_prepare(session, err) < 0)
        return -1;
    if (options->filenames.len == 0) {
        if (target_parse(session, arguments, options->all_namespaces, &words, err) < 0)
            return -1;
        query.all = words.len > 0 && !words.items[0].name; // a type alone means all of it
    }
    if (target_collect(session, &query, &targets, err) < 0)
        return -1;
    if (targets.len == 0 && session->failures.len == 0)
        nothing_found(session, options, words.len > 0 && words.items[0].resource->namespaced);
    for (size_t i = 0; i < targets.len; i++) {
        struct error *error = NULL;
        if (i > 0)
            fprintf(session->out, "\n\n");
        if (describe_one(session, targets.items[i].object, options->show_events, &error) < 0)
            failure_add(session, error);
    }
    return 0;
}

const struct command describe_command = {
    .name = "describe",
    .arguments = "(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME)",
    .summary = "Show details of a specific resource or group of resources",
    .options = options_table,
    .options_size = sizeof(struct describe_options),
    .run = run,
};
