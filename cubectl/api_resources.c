// SPDX-License-Identifier: Apache-2.0
// `api-resources`.
#include "cubectl/api_resources.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "cubectl/mapping.h"
#include "cubectl/tab_writer.h"

struct api_resources_options {
    struct global_options global;
    char *output, *group, *namespaced, *sort_by;
    struct str_list verbs, categories;
    bool no_headers;
};

#define MEMBER(member) offsetof(struct api_resources_options, member)

static const struct option options_table[] = {
    {"output", 'o', OPTION_STRING, MEMBER(output), NULL, "Output format: wide, name", NULL},
    {"api-group", 0, OPTION_STRING, MEMBER(group), NULL, "Only this API group", NULL},
    {"namespaced", 0, OPTION_STRING, MEMBER(namespaced), NULL, "true or false: only those that are, or are not, in namespaces",
     NULL},
    {"verbs", 0, OPTION_LIST, MEMBER(verbs), NULL, "Only resources that have these verbs", NULL},
    {"categories", 0, OPTION_LIST, MEMBER(categories), NULL, "Only resources in these categories", NULL},
    {"no-headers", 0, OPTION_BOOL, MEMBER(no_headers), NULL, "Don't print headers", NULL},
    {"sort-by", 0, OPTION_STRING, MEMBER(sort_by), NULL, "name or kind", NULL},
    COMMAND_OPTIONS_END,
};

static bool has_verb_named(const struct resource *resource, const char *name) {
    for (unsigned verb = RESOURCE_VERB_CREATE; verb <= RESOURCE_VERB_WATCH; verb <<= 1)
        if (str_equal(resource_verb_name((enum resource_verb)verb), name))
            return resource_has_verb(resource, (enum resource_verb)verb);
    return false;
}

static bool in_list(const char *const *list, const char *text) {
    for (; *list; list++)
        if (str_equal(*list, text))
            return true;
    return false;
}

static bool wanted(const struct api_resources_options *options, const struct session *session, const struct resource *resource,
                   bool namespaced) {
    if (session_given(session, "api-group") && !str_equal(resource->group, options->group))
        return false;
    if (session_given(session, "namespaced") && resource->namespaced != namespaced)
        return false;
    for (size_t i = 0; i < options->verbs.len; i++)
        if (!has_verb_named(resource, options->verbs.items[i]))
            return false;
    for (size_t i = 0; i < options->categories.len; i++)
        if (!in_list(resource->categories, options->categories.items[i]))
            return false;
    return true;
}

static void append_list(const char *const *list, struct str *out) {
    for (size_t i = 0; list[i]; i++)
        str_printf(out, "%s%s", i > 0 ? "," : "", list[i]);
}

static void append_row(const struct resource *resource, bool wide, struct str *out) {
    str_printf(out, "%s\t", resource->plural);
    append_list(resource->short_names, out);
    str_printf(out, "\t%s\t%s\t%s", resource->api_version, resource->namespaced ? "true" : "false", resource->kind);
    if (wide) {
        const char *verbs[16] = {0};
        size_t count = 0;
        for (unsigned verb = RESOURCE_VERB_CREATE; verb <= RESOURCE_VERB_WATCH; verb <<= 1)
            if (resource_has_verb(resource, (enum resource_verb)verb))
                verbs[count++] = resource_verb_name((enum resource_verb)verb);
        str_append_char(out, '\t');
        append_list(verbs, out);
        str_append_char(out, '\t');
        append_list(resource->categories, out);
    }
    str_append_char(out, '\n');
}

static int compare_name(const void *a, const void *b) {
    const struct resource *left = *(const struct resource *const *)a, *right = *(const struct resource *const *)b;
    int order = strcmp(left->group, right->group);
    return order != 0 ? order : strcmp(left->plural, right->plural);
}

static int compare_plural(const void *a, const void *b) {
    const struct resource *left = *(const struct resource *const *)a, *right = *(const struct resource *const *)b;
    return strcmp(left->plural, right->plural);
}

static int compare_kind(const void *a, const void *b) {
    const struct resource *left = *(const struct resource *const *)a, *right = *(const struct resource *const *)b;
    return strcmp(left->kind, right->kind);
}

static int run(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    const struct api_resources_options *options = opaque;
    bool namespaced = true, wide = str_equal(options->output, "wide"), names = str_equal(options->output, "name");
    CLEANUP(ptr_vec_free) struct ptr_vec all = {0};
    if (arguments->len > 0)
        return error_set(err, "unexpected arguments: [%s]\nSee 'cubectl api-resources -h' for help and examples",
                         arguments->items[0]);
    if (!wide && !names && !str_empty(options->output))
        return error_set(err, "--output %s is not available", options->output);
    if (session_given(session, "namespaced") && !str_to_bool(options->namespaced, &namespaced))
        return error_set(err, "invalid argument \"%s\" for \"--namespaced\" flag: true or false", options->namespaced);
    if (!str_empty(options->sort_by) && !str_equal(options->sort_by, "name") && !str_equal(options->sort_by, "kind"))
        return error_set(err, "--sort-by accepts only name or kind");
    if (mapping_discover(session, &all, err) < 0)
        return -1;
    ptr_vec_sort(&all, str_equal(options->sort_by, "kind")   ? compare_kind
                       : str_equal(options->sort_by, "name") ? compare_plural
                                                             : compare_name);
    struct tab_writer writer = TAB_WRITER_TABLE;
    if (!options->no_headers && !names)
        str_printf(&writer.text, "NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND%s\n", wide ? "\tVERBS\tCATEGORIES" : "");
    AUTO_STR text = {0};
    for (size_t i = 0; i < all.len; i++) {
        const struct resource *resource = all.items[i];
        if (!wanted(options, session, resource, namespaced))
            continue;
        if (names)
            str_printf(&text, "%s%s%s\n", resource->plural, str_empty(resource->group) ? "" : ".", resource->group);
        else
            append_row(resource, wide, &writer.text);
    }
    tab_writer_flush(&writer, &text);
    tab_writer_free(&writer);
    fwrite(str_text(&text), 1, text.len, session->out);
    return 0;
}

const struct command api_resources_command = {
    .name = "api-resources",
    .arguments = "",
    .summary = "Print the supported API resources on the server",
    .options = options_table,
    .options_size = sizeof(struct api_resources_options),
    .run = run,
};
