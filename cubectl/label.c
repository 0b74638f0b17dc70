// SPDX-License-Identifier: Apache-2.0
// `label` and `annotate`: one merge patch for each object.
#include "cubectl/label.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "cubectl/failure.h"
#include "cubectl/output.h"
#include "cubectl/target.h"
#include "cubectl/write_options.h"

struct label_options {
    struct global_options global;
    struct str_list filenames;
    char *selector, *field_selector, *output, *dry_run, *resource_version;
    bool recursive, all, all_namespaces, overwrite, list;
};

#define MEMBER(member) offsetof(struct label_options, member)

static const struct option options_table[] = {
    {"overwrite", 0, OPTION_BOOL, MEMBER(overwrite), NULL, "Allow existing values to be replaced", NULL},
    {"list", 0, OPTION_BOOL, MEMBER(list), NULL, "Show what there is", NULL},
    {"resource-version", 0, OPTION_STRING, MEMBER(resource_version), NULL, "Only if this is the current version", NULL},
    {"filename", 'f', OPTION_LIST, MEMBER(filenames), NULL, "Files or folders that name the objects", NULL},
    {"recursive", 'R', OPTION_BOOL, MEMBER(recursive), NULL, "Process the folder of -f recursively", NULL},
    {"selector", 'l', OPTION_STRING, MEMBER(selector), NULL, "Selector (label query) to filter on", NULL},
    {"field-selector", 0, OPTION_STRING, MEMBER(field_selector), NULL, "Selector (field query) to filter on", NULL},
    {"all", 0, OPTION_BOOL, MEMBER(all), NULL, "All objects of the types in the namespace", NULL},
    {"all-namespaces", 'A', OPTION_BOOL, MEMBER(all_namespaces), NULL, "Across all namespaces", NULL},
    {"dry-run", 0, OPTION_STRING, MEMBER(dry_run), "none", "Must be \"none\", \"server\", or \"client\"", NULL},
    {"output", 'o', OPTION_STRING, MEMBER(output), NULL, "Output format: json, yaml, name", NULL},
    COMMAND_OPTIONS_END,
};

// What differs between the two commands.
struct label_kind {
    const char *map;      // "labels"
    const char *done;     // "labeled"
    const char *undone;   // "unlabeled": only removals
    const char *not_done; // "not labeled"
    const char *one;      // "label", for messages
};

static const struct label_kind label_kind = {"labels", "labeled", "unlabeled", "not labeled", "label"};
static const struct label_kind annotation_kind = {"annotations", "annotated", "annotated", "annotated", "annotation"};

struct labelling {
    struct session *session;
    const struct label_options *options;
    const struct label_kind *kind;
    enum write_dry_run dry_run;
    struct json *set;        // key to value
    struct str_list removed; // keys
    struct output *output;
};

// "k=v" and "k-" behind the resources.
static int parse_pairs(struct labelling *labelling, const struct str_list *arguments, struct str_list *resources,
                       struct error **err) {
    for (size_t i = 0; i < arguments->len; i++) {
        const char *word = arguments->items[i], *equals = strchr(word, '=');
        size_t len = strlen(word);
        if (equals && equals != word) {
            CLEANUP(free_ptr) char *key = alloc_string_n(word, (size_t)(equals - word));
            json_set_string(labelling->set, key, equals + 1);
        } else if (i > 0 && len > 1 && word[len - 1] == '-') {
            str_list_take(&labelling->removed, alloc_string_n(word, len - 1));
        } else {
            str_list_add(resources, word);
        }
    }
    for (size_t i = 0; i < labelling->removed.len; i++)
        if (json_has(labelling->set, labelling->removed.items[i]))
            return error_set(err, "can not both modify and remove a %s in the same command", labelling->kind->one);
    return 0;
}

static int check_overwrite(const struct labelling *labelling, const struct json *current, struct error **err) {
    if (labelling->options->overwrite)
        return 0;
    for (struct json_iter it = json_iter(labelling->set); json_iter_next(&it);) {
        const char *now = json_get_string(current, it.key);
        if (now && !str_equal(now, json_string(it.value)))
            return error_set(err, "'%s' already has a value (%s), and --overwrite is false", it.key, now);
    }
    return 0;
}

// The patch's map; empty when nothing changes.
static struct json *changes_of(const struct labelling *labelling, const struct json *current, const char **ret_done) {
    struct json *changes = json_new_object();
    bool added = false;
    for (struct json_iter it = json_iter(labelling->set); json_iter_next(&it);)
        if (!str_equal(json_get_string(current, it.key), json_string(it.value))) {
            json_set(changes, it.key, json_ref(it.value));
            added = true;
        }
    for (size_t i = 0; i < labelling->removed.len; i++) {
        if (json_has(current, labelling->removed.items[i]))
            json_set(changes, labelling->removed.items[i], NULL);
        else
            fprintf(labelling->session->out, "%s \"%s\" not found.\n", labelling->kind->one, labelling->removed.items[i]);
    }
    *ret_done = json_object_size(changes) == 0 ? labelling->kind->not_done
                : added                        ? labelling->kind->done
                                               : labelling->kind->undone;
    return changes;
}

static int label_one(struct labelling *labelling, const struct target *target, struct error **err) {
    const struct json *current = json_get(json_get(target->object, "metadata"), labelling->kind->map);
    const char *what = NULL;
    AUTO_JSON made = json_ref(target->object);
    if (check_overwrite(labelling, current, err) < 0)
        return -1;
    AUTO_JSON changes = changes_of(labelling, current, &what);
    if (json_object_size(changes) > 0 && labelling->dry_run != WRITE_DRY_CLIENT) {
        AUTO_STR path = {0};
        AUTO_JSON patch = json_new_object();
        struct json *metadata = json_ensure_object(patch, "metadata");
        json_set(metadata, labelling->kind->map, json_ref(changes));
        if (!str_empty(labelling->options->resource_version))
            json_set_string(metadata, "resourceVersion", labelling->options->resource_version);
        target_path(target, NULL, &path);
        write_add_query(&path, labelling->dry_run, NULL, NULL);
        struct session_call call = {
            .method = "PATCH", .path = path.data, .content_type = "application/merge-patch+json", .body = patch};
        json_unref(STEAL(made));
        if (session_call(labelling->session, &call, &made, err) < 0)
            return -1;
    }
    CLEANUP(free_ptr) char *text = alloc_printf("%s%s", what, write_dry_run_suffix(labelling->dry_run));
    return output_done(labelling->output, made, text, labelling->session->out, err);
}

static void list_one(const struct labelling *labelling, const struct target *target) {
    const struct json *current = json_get(json_get(target->object, "metadata"), labelling->kind->map);
    for (struct json_iter it = json_iter(current); json_iter_next(&it);)
        fprintf(labelling->session->out, "%s=%s\n", it.key, json_string(it.value) ? json_string(it.value) : "");
}

static int label_all(struct labelling *labelling, const struct str_list *arguments, struct error **err) {
    const struct label_options *options = labelling->options;
    AUTO_STR_LIST resources = {0};
    AUTO_TARGETS targets = {0};
    if (parse_pairs(labelling, arguments, &resources, err) < 0)
        return -1;
    if (resources.len == 0 && options->filenames.len == 0)
        return error_set(err, "one or more resources must be specified as <resource> <name> or <resource>/<name>");
    if (json_object_size(labelling->set) == 0 && labelling->removed.len == 0 && !options->list)
        return error_set(err, "at least one %s update is required", labelling->kind->one);
    struct target_query query = {.filenames = &options->filenames,
                                 .recursive = options->recursive,
                                 .arguments = &resources,
                                 .selector = options->selector,
                                 .field_selector = options->field_selector,
                                 .all = options->all,
                                 .all_namespaces = options->all_namespaces,
                                 .fetch = true};
    if (target_collect(labelling->session, &query, &targets, err) < 0)
        return -1;
    for (size_t i = 0; i < targets.len; i++) {
        struct error *error = NULL;
        if (options->list)
            list_one(labelling, &targets.items[i]);
        else if (label_one(labelling, &targets.items[i], &error) < 0)
            failure_add(labelling->session, error);
    }
    return 0;
}

static int run_kind(struct session *session, const struct label_options *options, const struct label_kind *kind,
                    const struct str_list *arguments, struct error **err) {
    AUTO_OUTPUT output = NULL;
    struct labelling labelling = {.session = session, .options = options, .kind = kind};
    if (write_dry_run_parse(options->dry_run, &labelling.dry_run, err) < 0 ||
        output_new(options->output, false, true, &output, err) < 0)
        return -1;
    labelling.output = output;
    labelling.set = json_new_object();
    int result = label_all(&labelling, arguments, err);
    json_unref(labelling.set);
    str_list_free(&labelling.removed);
    return result;
}

static int run_label(struct session *session, const void *options, const struct str_list *arguments, struct error **err) {
    return run_kind(session, options, &label_kind, arguments, err);
}

static int run_annotate(struct session *session, const void *options, const struct str_list *arguments, struct error **err) {
    return run_kind(session, options, &annotation_kind, arguments, err);
}

const struct command label_command = {
    .name = "label",
    .arguments = "[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N",
    .summary = "Update the labels on a resource",
    .options = options_table,
    .options_size = sizeof(struct label_options),
    .run = run_label,
};

const struct command annotate_command = {
    .name = "annotate",
    .arguments = "[--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N",
    .summary = "Update the annotations on a resource",
    .options = options_table,
    .options_size = sizeof(struct label_options),
    .run = run_annotate,
};
