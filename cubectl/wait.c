// SPDX-License-Identifier: Apache-2.0
// `wait`.
#include "cubectl/wait.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/data/jsonpath.h"
#include "cubectl/failure.h"
#include "cubectl/target.h"
#include "cubectl/waiting.h"

#define FOREVER (168 * HOUR)

struct wait_options {
    struct global_options global;
    struct str_list filenames, conditions;
    char *selector, *field_selector;
    int64_t timeout;
    bool recursive, all, all_namespaces;
};

#define MEMBER(member) offsetof(struct wait_options, member)

static const struct option options_table[] = {
    {"for", 0, OPTION_ARRAY, MEMBER(conditions), NULL,
     "What to wait for: create, delete, condition=NAME[=VALUE], jsonpath='{PATH}'[=VALUE]", NULL},
    {"timeout", 0, OPTION_DURATION, MEMBER(timeout), "30s", "How long to wait; zero: look once, negative: a week", NULL},
    {"filename", 'f', OPTION_LIST, MEMBER(filenames), NULL, "Files or folders that name the objects", NULL},
    {"recursive", 'R', OPTION_BOOL, MEMBER(recursive), NULL, "Process the folder of -f recursively", NULL},
    {"selector", 'l', OPTION_STRING, MEMBER(selector), NULL, "Selector (label query) to filter on", NULL},
    {"field-selector", 0, OPTION_STRING, MEMBER(field_selector), NULL, "Selector (field query) to filter on", NULL},
    {"all", 0, OPTION_BOOL, MEMBER(all), NULL, "All objects of the type in the namespace", NULL},
    {"all-namespaces", 'A', OPTION_BOOL, MEMBER(all_namespaces), NULL, "Across all namespaces", NULL},
    COMMAND_OPTIONS_END,
};

// One --for, understood.
struct condition {
    enum { FOR_DELETE, FOR_CREATE, FOR_CONDITION, FOR_JSONPATH } kind;
    char *name;  // of the condition
    char *value; // wanted; NULL: any (jsonpath)
    struct jsonpath *path;
};

static void condition_free(struct condition *condition) {
    free(condition->name);
    free(condition->value);
    jsonpath_free(condition->path);
}

static int parse_jsonpath(const char *text, struct condition *condition, struct error **err) {
    // the value stands behind the closing brace
    const char *brace = strrchr(text, '}');
    const char *equals = brace ? (brace[1] == '=' ? brace + 1 : NULL) : strchr(text, '=');
    if (brace && brace[1] != '\0' && brace[1] != '=')
        return error_set(err, "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or "
                              "--for=jsonpath='{.status.readyReplicas}'");
    CLEANUP(free_ptr) char *path = equals ? alloc_string_n(text, (size_t)(equals - text)) : alloc_string(text);
    if (equals && equals[1] == '\0')
        return error_set(err, "jsonpath wait has to have a value after equal sign");
    if (equals) {
        size_t len = strlen(equals + 1);
        bool quoted = len >= 2 && (equals[1] == '\'' || equals[1] == '"') && equals[len] == equals[1];
        condition->value = quoted ? alloc_string_n(equals + 2, len - 2) : alloc_string(equals + 1);
    }
    condition->kind = FOR_JSONPATH;
    return jsonpath_compile_path(path, &condition->path, err);
}

static int condition_parse(const char *text, struct condition *condition, struct error **err) {
    const char *rest;
    if (str_equal_nocase(text, "delete") || str_equal_nocase(text, "create")) {
        condition->kind = str_equal_nocase(text, "delete") ? FOR_DELETE : FOR_CREATE;
        return 0;
    }
    if ((rest = str_skip_prefix(text, "condition="))) {
        const char *equals = strchr(rest, '=');
        condition->kind = FOR_CONDITION;
        condition->name = equals ? alloc_string_n(rest, (size_t)(equals - rest)) : alloc_string(rest);
        condition->value = alloc_string(equals ? equals + 1 : "true");
        return 0;
    }
    if ((rest = str_skip_prefix(text, "jsonpath=")))
        return parse_jsonpath(rest, condition, err);
    AUTO_STR quoted = {0};
    str_append_quoted(&quoted, text);
    return error_set(err, "unrecognized condition: %s", str_text(&quoted));
}

static bool condition_is(const struct json *object, const char *name, const char *value) {
    const struct json *conditions = json_find(object, "status.conditions");
    for (size_t i = 0; i < json_len(conditions); i++) {
        const struct json *entry = json_at(conditions, i);
        if (!str_equal_nocase(json_get_text(entry, "type"), name))
            continue;
        int64_t seen = json_get_int(entry, "observedGeneration", 0);
        return str_equal_nocase(json_get_text(entry, "status"), value) && (seen == 0 || seen >= meta_generation(object));
    }
    return false;
}

static bool path_is(const struct json *object, const struct condition *condition) {
    AUTO_JSONPATH_VALUES values = {0};
    if (jsonpath_find(condition->path, object, true, &values, NULL) < 0 || values.len != 1)
        return false;
    if (!condition->value)
        return true;
    const struct json *value = values.items[0];
    if (json_is_object(value) || json_is_array(value))
        return false;
    CLEANUP(free_ptr) char *text = json_is_string(value) ? alloc_string(json_string(value)) : json_text(value);
    return str_equal(text, condition->value);
}

static bool is_met(void *context, const struct json *object) {
    const struct condition *condition = context;
    switch (condition->kind) {
    case FOR_DELETE:
        return !object;
    case FOR_CREATE:
        return object != NULL;
    case FOR_CONDITION:
        return object && condition_is(object, condition->name, condition->value);
    case FOR_JSONPATH:
        return object && path_is(object, condition);
    }
    return false;
}

static int wait_one(struct session *session, const struct target *target, struct condition *condition, int64_t deadline,
                    struct error **err) {
    AUTO_STR name = {0};
    target_append_name(target, &name);
    if (condition->kind == FOR_DELETE) {
        const char *uid = target->object ? meta_uid(target->object) : NULL;
        if (waiting_deleted(session, target, uid, deadline, err) < 0)
            return -1;
    } else {
        struct waiting waiting = {.target = target,
                                  .must_exist = condition->kind != FOR_CREATE,
                                  .check = is_met,
                                  .context = condition,
                                  .deadline = deadline};
        if (waiting_run(session, &waiting, err) < 0)
            return -1;
    }
    fprintf(session->out, "%s condition met\n", str_text(&name));
    fflush(session->out);
    return 0;
}

static int wait_for(struct session *session, const struct wait_options *options, const struct str_list *arguments,
                    struct condition *condition, struct error **err) {
    AUTO_TARGETS targets = {0};
    bool needs_object = condition->kind == FOR_CONDITION || condition->kind == FOR_JSONPATH || condition->kind == FOR_DELETE;
    struct target_query query = {.filenames = &options->filenames,
                                 .recursive = options->recursive,
                                 .arguments = arguments,
                                 .selector = options->selector,
                                 .field_selector = options->field_selector,
                                 .all = options->all,
                                 .all_namespaces = options->all_namespaces,
                                 .fetch = needs_object};
    if (target_collect(session, &query, &targets, err) < 0)
        return -1;
    // what is gone already need not be waited for
    for (size_t i = session->failures.len; i > 0 && condition->kind == FOR_DELETE; i--) {
        struct error *failure = session->failures.items[i - 1];
        if (!error_has_code(failure, 404))
            continue;
        error_free(failure);
        ptr_vec_remove(&session->failures, i - 1);
        query.arguments = NULL;
    }
    if (targets.len == 0 && session->failures.len == 0 && (query.arguments || options->filenames.len > 0))
        return condition->kind == FOR_DELETE && options->filenames.len > 0 ? 0 : error_set(err, "no matching resources found");
    int64_t timeout = options->timeout < 0 ? FOREVER : options->timeout;
    int64_t deadline = clock_monotonic(session->clock) + timeout;
    for (size_t i = 0; i < targets.len; i++) {
        struct error *error = NULL;
        if (wait_one(session, &targets.items[i], condition, deadline, &error) < 0)
            failure_add(session, error);
    }
    return 0;
}

static int run(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    const struct wait_options *options = opaque;
    if (arguments->len == 0 && options->filenames.len == 0)
        return error_set(err, "arguments in resource/name form must have a single resource and name");
    if (options->conditions.len == 0)
        return error_set(err, "--for flag is required");
    for (size_t i = 0; i < options->conditions.len && session->failures.len == 0; i++) {
        struct condition condition = {0};
        int result = condition_parse(options->conditions.items[i], &condition, err);
        if (result == 0)
            result = wait_for(session, options, arguments, &condition, err);
        condition_free(&condition);
        if (result < 0)
            return -1;
    }
    return 0;
}

const struct command wait_command = {
    .name = "wait",
    .arguments = "([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) --for=...",
    .summary = "Wait for a specific condition on one or many resources",
    .options = options_table,
    .options_size = sizeof(struct wait_options),
    .run = run,
};
