// SPDX-License-Identifier: Apache-2.0
// `logs`: one stream for each container; several are followed by a thread each, whole lines at a time.
#include "cubectl/logs.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/base/lock.h"
#include "common/base/thread.h"
#include "common/base/time_format.h"
#include "common/net/url.h"
#include "cubectl/failure.h"
#include "cubectl/mapping.h"
#include "cubectl/target.h"

#define DEFAULT_CONTAINER_ANNOTATION "kubectl.kubernetes.io/default-container"
#define SELECTOR_TAIL 10

struct logs_options {
    struct global_options global;
    char *container, *selector, *since_time;
    int64_t tail, since, limit_bytes, max_requests;
    bool follow, previous, timestamps, all_containers, all_pods, prefix, ignore_errors;
};

#define MEMBER(member) offsetof(struct logs_options, member)

static const struct option options_table[] = {
    {"follow", 'f', OPTION_BOOL, MEMBER(follow), NULL, "Stream the logs as they are written", NULL},
    {"previous", 'p', OPTION_BOOL, MEMBER(previous), NULL, "The logs of the container's previous run", NULL},
    {"container", 'c', OPTION_STRING, MEMBER(container), NULL, "The container", NULL},
    {"selector", 'l', OPTION_STRING, MEMBER(selector), NULL, "Selector (label query) of pods", NULL},
    {"all-containers", 0, OPTION_BOOL, MEMBER(all_containers), NULL, "All containers of the pods", NULL},
    {"all-pods", 0, OPTION_BOOL, MEMBER(all_pods), NULL, "All pods of a controller, with --prefix", NULL},
    {"tail", 0, OPTION_INT, MEMBER(tail), "-1", "Lines from the end; -1: all, or 10 with a selector", NULL},
    {"since", 0, OPTION_DURATION, MEMBER(since), "0s", "Only logs newer than this", NULL},
    {"since-time", 0, OPTION_STRING, MEMBER(since_time), NULL, "Only logs after this time (RFC3339)", NULL},
    {"timestamps", 0, OPTION_BOOL, MEMBER(timestamps), NULL, "A time before each line", NULL},
    {"limit-bytes", 0, OPTION_INT, MEMBER(limit_bytes), "0", "At most so many bytes", NULL},
    {"prefix", 0, OPTION_BOOL, MEMBER(prefix), NULL, "Pod and container before each line", NULL},
    {"max-log-requests", 0, OPTION_INT, MEMBER(max_requests), "5", "Logs to follow at once with a selector", NULL},
    {"ignore-errors", 0, OPTION_BOOL, MEMBER(ignore_errors), NULL, "Errors of streams are shown, not returned", NULL},
    COMMAND_OPTIONS_END,
};

// One container's log.
struct source {
    struct logs *logs;
    char *path;
    char *prefix; // "[pod/web/main] "; NULL: none
    struct str line;
    struct error *error;
    struct thread *thread;
};

struct logs {
    struct session *session;
    const struct logs_options *options;
    bool selected; // by -l: fewer lines
    struct vec sources;
    struct lock lock; // the output
};

// --- sources -----------------------------------------------------------------------------------------------------------

static int add_query(const struct logs *logs, const char *container, struct str *path, struct error **err) {
    const struct logs_options *options = logs->options;
    int64_t tail = options->tail, ignored;
    if (logs->selected && tail == -1 && !session_given(logs->session, "tail"))
        tail = SELECTOR_TAIL;
    if (!str_empty(container))
        url_query_add(path, "container", container);
    if (options->follow)
        url_query_add(path, "follow", "true");
    if (options->previous)
        url_query_add(path, "previous", "true");
    if (options->timestamps)
        url_query_add(path, "timestamps", "true");
    const struct {
        const char *name;
        int64_t value;
        bool given;
    } numbers[] = {{"tailLines", tail, tail >= 0},
                   {"sinceSeconds", (options->since + SECOND - 1) / SECOND, options->since > 0},
                   {"limitBytes", options->limit_bytes, options->limit_bytes > 0}};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        CLEANUP(free_ptr) char *text = alloc_printf("%lld", (long long)numbers[i].value);
        if (numbers[i].given)
            url_query_add(path, numbers[i].name, text);
    }
    if (str_empty(options->since_time))
        return 0;
    if (!time_parse(options->since_time, &ignored))
        return error_set(err, "invalid argument \"%s\" for --since-time: not a time in RFC3339", options->since_time);
    url_query_add(path, "sinceTime", options->since_time);
    return 0;
}

static int add_source(struct logs *logs, const struct target *pod, const char *container, struct error **err) {
    AUTO_STR path = {0};
    target_path(pod, "log", &path);
    if (add_query(logs, container, &path, err) < 0)
        return -1;
    struct source *source = vec_push_zero(&logs->sources);
    source->logs = logs;
    source->path = str_take(&path);
    if (logs->options->prefix || logs->options->all_pods)
        source->prefix = alloc_printf("[pod/%s/%s] ", pod->name, container);
    return 0;
}

static const char *const container_lists[] = {"spec.initContainers", "spec.containers", "spec.ephemeralContainers"};

static bool has_container(const struct json *pod, const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(container_lists); i++)
        if (json_array_find(json_find(pod, container_lists[i]), "name", name, NULL))
            return true;
    return false;
}

// "a, b, c (init)"
static void append_containers(const struct json *pod, struct str *out) {
    static const struct {
        const char *list, *suffix;
    } rows[] = {{"spec.containers", ""}, {"spec.ephemeralContainers", " (ephem)"}, {"spec.initContainers", " (init)"}};
    size_t start = out->len;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct json *list = json_find(pod, rows[i].list);
        for (size_t c = 0; c < json_len(list); c++)
            str_printf(out, "%s%s%s", out->len > start ? ", " : "", json_get_text(json_at(list, c), "name"), rows[i].suffix);
    }
}

static int add_default_container(struct logs *logs, const struct target *pod, struct error **err) {
    const struct json *containers = json_find(pod->object, "spec.containers");
    const char *wanted = meta_annotation(pod->object, DEFAULT_CONTAINER_ANNOTATION);
    if (wanted && !has_container(pod->object, wanted)) {
        fprintf(logs->session->errors, "Default container name \"%s\" not found in pod %s\n", wanted, pod->name);
        wanted = NULL;
    }
    const char *name = wanted ? wanted : json_get_text(json_at(containers, 0), "name");
    size_t all = json_len(containers) + json_len(json_find(pod->object, "spec.initContainers")) +
                 json_len(json_find(pod->object, "spec.ephemeralContainers"));
    if (!wanted && all > 1) {
        AUTO_STR names = {0};
        append_containers(pod->object, &names);
        fprintf(logs->session->errors, "Defaulted container \"%s\" out of: %s\n", name, str_text(&names));
    }
    return add_source(logs, pod, name, err);
}

static int add_pod(struct logs *logs, const struct target *pod, struct error **err) {
    const char *container = logs->options->container;
    if (logs->options->all_containers) {
        for (size_t i = 0; i < ARRAY_LEN(container_lists); i++) {
            const struct json *list = json_find(pod->object, container_lists[i]);
            for (size_t c = 0; c < json_len(list); c++)
                if (add_source(logs, pod, json_get_text(json_at(list, c), "name"), err) < 0)
                    return -1;
        }
        return 0;
    }
    if (str_empty(container))
        return add_default_container(logs, pod, err);
    if (!has_container(pod->object, container))
        return error_set(err, "container %s is not valid for pod %s", container, pod->name);
    return add_source(logs, pod, container, err);
}

// --- pods --------------------------------------------------------------------------------------------------------------

static int collect_pods(struct session *session, const char *selector, struct target_list *pods, struct error **err) {
    AUTO_STR_LIST words = {0};
    str_list_add(&words, "pods");
    struct target_query query = {.arguments = &words, .selector = selector, .all = true};
    return target_collect(session, &query, pods, err);
}

// spec.selector of a controller as text: matchLabels, or the map itself (ReplicationController).
static void selector_text(const struct json *object, struct str *out) {
    const struct json *selector = json_find(object, "spec.selector");
    const struct json *labels = json_get(selector, "matchLabels");
    if (!labels && !json_has(selector, "matchExpressions"))
        labels = selector;
    for (struct json_iter it = json_iter(labels); json_iter_next(&it);)
        str_printf(out, "%s%s=%s", out->len > 0 ? "," : "", it.key, json_string(it.value) ? json_string(it.value) : "");
    static const struct { const char *name, *format; } set_operators[] = {{"In", "in"}, {"NotIn", "notin"}};
    const struct json *expressions = json_get(selector, "matchExpressions");
    for (size_t i = 0; i < json_len(expressions); i++) {
        const struct json *entry = json_at(expressions, i);
        const char *key = json_get_text(entry, "key"), *op = json_get_text(entry, "operator");
        if (out->len > 0)
            str_append_char(out, ',');
        if (str_equal(op, "DoesNotExist"))
            str_append_char(out, '!');
        str_append(out, key);
        for (size_t o = 0; o < ARRAY_LEN(set_operators); o++) {
            if (!str_equal(op, set_operators[o].name))
                continue;
            const struct json *values = json_get(entry, "values");
            str_printf(out, " %s (", set_operators[o].format);
            for (size_t v = 0; v < json_len(values); v++)
                str_printf(out, "%s%s", v > 0 ? "," : "", json_string(json_at(values, v)) ? json_string(json_at(values, v)) : "");
            str_append_char(out, ')');
        }
    }
}

// The controller's pods; without --all-pods the one that ran longest.
static int add_controller(struct logs *logs, const struct target *controller, struct error **err) {
    AUTO_STR selector = {0};
    AUTO_TARGETS pods = {0};
    selector_text(controller->object, &selector);
    if (selector.len == 0)
        return error_set(err, "cannot get the logs from *unstructured.Unstructured: selector is not set");
    if (collect_pods(logs->session, selector.data, &pods, err) < 0)
        return -1;
    if (pods.len == 0)
        return logs->session->failures.len > 0 ? 0 : error_set(err, "timed out waiting for the condition");
    size_t best = 0;
    for (size_t i = 0; i < pods.len; i++) {
        if (logs->options->all_pods && add_pod(logs, &pods.items[i], err) < 0)
            return -1;
        bool running = str_equal(json_find_string(pods.items[i].object, "status.phase"), "Running");
        bool best_running = str_equal(json_find_string(pods.items[best].object, "status.phase"), "Running");
        if (running && !best_running)
            best = i;
    }
    if (logs->options->all_pods)
        return 0;
    if (pods.len > 1)
        fprintf(logs->session->errors, "Found %zu pods, using pod/%s\n", pods.len, pods.items[best].name);
    return add_pod(logs, &pods.items[best], err);
}

static int add_named(struct logs *logs, const char *word, struct error **err) {
    AUTO_STR_LIST words = {0};
    AUTO_TARGETS targets = {0};
    if (!strchr(word, '/'))
        str_list_add(&words, "pods");
    str_list_add(&words, word);
    struct target_query query = {.arguments = &words, .fetch = true};
    if (target_collect(logs->session, &query, &targets, err) < 0)
        return -1;
    if (targets.len == 0) {
        struct error *failure = ptr_vec_pop(&logs->session->failures);
        if (error_has_code(failure, 404)) {
            error_set(err, "error from server (NotFound): %s in namespace \"%s\"", error_message(failure), logs->session->ns);
            error_free(failure);
            return -1;
        }
        return failure ? error_move(err, &failure) : 0;
    }
    if (targets.items[0].resource == resource_pods())
        return add_pod(logs, &targets.items[0], err);
    return add_controller(logs, &targets.items[0], err);
}

static int add_selected(struct logs *logs, struct error **err) {
    AUTO_TARGETS pods = {0};
    logs->selected = true;
    if (collect_pods(logs->session, logs->options->selector, &pods, err) < 0)
        return -1;
    if (pods.len == 0 && logs->session->failures.len == 0)
        fprintf(logs->session->errors, "No resources found in %s namespace.\n", logs->session->ns);
    for (size_t i = 0; i < pods.len; i++)
        if (add_pod(logs, &pods.items[i], err) < 0)
            return -1;
    return 0;
}

// --- streams -----------------------------------------------------------------------------------------------------------

static void write_out(struct source *source, const char *bytes, size_t len) {
    struct logs *logs = source->logs;
    LOCKED(&logs->lock) {
        fwrite(bytes, 1, len, logs->session->out);
        fflush(logs->session->out);
    }
}

// With a prefix, or among other sources, only whole lines are written.
static bool on_data(void *context, const char *bytes, size_t len) {
    struct source *source = context;
    if (!source->prefix && source->logs->sources.len == 1) {
        write_out(source, bytes, len);
        return true;
    }
    AUTO_STR lines = {0};
    for (size_t i = 0; i < len; i++) {
        str_append_char(&source->line, bytes[i]);
        if (bytes[i] != '\n')
            continue;
        str_append(&lines, source->prefix ? source->prefix : "");
        str_append_n(&lines, source->line.data, source->line.len);
        str_clear(&source->line);
    }
    if (lines.len > 0)
        write_out(source, lines.data, lines.len);
    return true;
}

static void stream(void *argument) {
    struct source *source = argument;
    struct session_stream_call call = {.path = source->path, .accept = "*/*", .on_data = on_data, .context = source};
    if (session_stream(source->logs->session, &call, &source->error) == 0 && source->line.len > 0)
        on_data(source, "\n", 1);
}

static int stream_all(struct logs *logs, struct error **err) {
    size_t count = logs->sources.len;
    bool together = logs->options->follow && count > 1;
    if (together && (int64_t)count > logs->options->max_requests)
        return error_set(err,
                         "you are attempting to follow %zu log streams, but maximum allowed concurrency is %lld, use "
                         "--max-log-requests to increase the limit",
                         count, (long long)logs->options->max_requests);
    for (size_t i = 0; i < count; i++) {
        struct source *source = VEC_AT(&logs->sources, struct source, i);
        if (together)
            source->thread = thread_start("logs", stream, source);
        else
            stream(source);
        if (source->error && !together && !logs->options->ignore_errors)
            break;
    }
    for (size_t i = 0; i < count; i++) {
        struct source *source = VEC_AT(&logs->sources, struct source, i);
        if (source->thread)
            thread_join(source->thread);
        if (source->error && logs->options->ignore_errors)
            fprintf(logs->session->errors, "error: %s\n", error_message(source->error));
        else if (source->error)
            failure_add(logs->session, STEAL(source->error));
    }
    return 0;
}

static int check_options(struct session *session, const struct logs_options *options, const struct str_list *arguments,
                         struct error **err) {
    if (arguments->len == 0 && str_empty(options->selector))
        return failure_usage(session, err,
                             "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required "
                             "argument for the logs command");
    if (arguments->len > 0 && !str_empty(options->selector))
        return failure_usage(session, err, "only a selector (-l) or a POD name is allowed");
    if (arguments->len > 2 || (arguments->len == 2 && !str_empty(options->container)))
        return failure_usage(session, err, "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.");
    if (options->all_containers && !str_empty(options->container))
        return error_set(err, "--all-containers=true should not be specified with container name %s", options->container);
    if (options->since != 0 && !str_empty(options->since_time))
        return error_set(err, "at most one of `sinceTime` or `sinceSeconds` may be specified");
    if (options->since < 0)
        return error_set(err, "--since must be greater than 0");
    if (options->tail < -1)
        return error_set(err, "--tail must be greater than or equal to -1");
    return session_prepare(session, err);
}

static int run(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    struct logs_options options = *(const struct logs_options *)opaque;
    struct logs logs = {.session = session, .options = &options, .sources = VEC_OF(struct source)};
    if (check_options(session, &options, arguments, err) < 0)
        return -1;
    if (arguments->len == 2)
        options.container = arguments->items[1];
    lock_init(&logs.lock, "logs");
    int result = arguments->len > 0 ? add_named(&logs, arguments->items[0], err) : add_selected(&logs, err);
    if (result == 0)
        result = stream_all(&logs, err);
    for (size_t i = 0; i < logs.sources.len; i++) {
        struct source *source = VEC_AT(&logs.sources, struct source, i);
        free(source->path);
        free(source->prefix);
        str_free(&source->line);
        error_free(source->error);
    }
    vec_free(&logs.sources);
    lock_destroy(&logs.lock);
    return result;
}

const struct command logs_command = {
    .name = "logs",
    .aliases = "log",
    .arguments = "[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]",
    .summary = "Print the logs for a container in a pod",
    .options = options_table,
    .options_size = sizeof(struct logs_options),
    .run = run,
};
