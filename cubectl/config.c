// SPDX-License-Identifier: Apache-2.0
// The subcommands of `config` that read: view, current-context, get-contexts, get-clusters, get-users.
#include "cubectl/config.h"

#include "common/base/encoding.h"
#include "common/base/file.h"
#include "cubectl/config_set.h"
#include "cubectl/output.h"
#include "cubectl/tab_writer.h"

#define MAX_BYTES ((size_t)1 << 20)

struct view_options {
    struct global_options global;
    char *output;
    bool minify, raw, flatten;
};

static const struct option view_table[] = {
    {"output", 'o', OPTION_STRING, offsetof(struct view_options, output), "yaml", "Output format: yaml, json, jsonpath=...",
     NULL},
    {"minify", 0, OPTION_BOOL, offsetof(struct view_options, minify), NULL, "Only what the current context uses", NULL},
    {"raw", 0, OPTION_BOOL, offsetof(struct view_options, raw), NULL, "Show certificate data and secrets", NULL},
    {"flatten", 0, OPTION_BOOL, offsetof(struct view_options, flatten), NULL, "Put the content of files into the output", NULL},
    COMMAND_OPTIONS_END,
};

static const struct {
    const char *list, *member;
} lists[] = {{"clusters", "cluster"}, {"contexts", "context"}, {"users", "user"}};

// Leaves only the named entry of a list.
static void keep_only(struct json *tree, const char *list, const char *name) {
    struct json *entry = json_array_find(json_get(tree, list), "name", name, NULL);
    struct json *kept = json_new_array();
    if (entry)
        json_append(kept, json_ref(entry));
    json_set(tree, list, kept);
}

static int minify(const struct session *session, struct json *tree, struct error **err) {
    const char *wanted = session->global->context;
    const char *current = str_empty(wanted) ? json_get_text(tree, "current-context") : wanted;
    if (str_empty(current))
        return error_set(err, "current-context must exist in order to minify");
    const struct json *entry = json_array_find(json_get(tree, "contexts"), "name", current, NULL);
    if (!entry)
        return error_set(err, "cannot locate context %s", current);
    AUTO_STR name = {0};
    AUTO_STR cluster = {0};
    AUTO_STR user = {0};
    str_append(&name, current);
    str_append(&cluster, json_find_text(entry, "context.cluster"));
    str_append(&user, json_find_text(entry, "context.user"));
    json_set_string(tree, "current-context", str_text(&name));
    keep_only(tree, "contexts", str_text(&name));
    keep_only(tree, "clusters", str_text(&cluster));
    keep_only(tree, "users", str_text(&user));
    return 0;
}

static void redact(struct json *tree) {
    static const struct {
        const char *member, *shown;
    } secrets[] = {{"certificate-authority-data", "DATA+OMITTED"},
                   {"client-certificate-data", "DATA+OMITTED"},
                   {"client-key-data", "DATA+OMITTED"},
                   {"token", "REDACTED"},
                   {"password", "REDACTED"}};
    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        const struct json *list = json_get(tree, lists[l].list);
        for (size_t i = 0; i < json_len(list); i++) {
            struct json *entry = json_get(json_at(list, i), lists[l].member);
            for (size_t s = 0; s < ARRAY_LEN(secrets); s++)
                if (!str_empty(json_get_text(entry, secrets[s].member)))
                    json_set_string(entry, secrets[s].member, secrets[s].shown);
        }
    }
}

static int flatten(struct json *tree, struct error **err) {
    static const char *const files[] = {"certificate-authority", "client-certificate", "client-key"};
    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        const struct json *list = json_get(tree, lists[l].list);
        for (size_t i = 0; i < json_len(list); i++) {
            struct json *entry = json_get(json_at(list, i), lists[l].member);
            for (size_t f = 0; f < ARRAY_LEN(files); f++) {
                AUTO_STR bytes = {0};
                AUTO_STR text = {0};
                AUTO_STR member = {0};
                if (str_empty(json_get_text(entry, files[f])))
                    continue;
                if (file_read(json_get_text(entry, files[f]), MAX_BYTES, &bytes, err) < 0)
                    return -1;
                base64_encode(&text, str_text(&bytes), bytes.len);
                str_printf(&member, "%s-data", files[f]);
                json_set_string(entry, str_text(&member), str_text(&text));
                json_remove(entry, files[f]);
            }
        }
    }
    return 0;
}

static int view(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    const struct view_options *options = opaque;
    AUTO_JSON tree = NULL;
    AUTO_OUTPUT output = NULL;
    if (arguments->len > 0)
        return error_set(err, "unexpected arguments: [%s]", arguments->items[0]);
    if (output_new(options->output, true, true, &output, err) < 0 || session_config_tree(session, &tree, err) < 0)
        return -1;
    if (options->minify && minify(session, tree, err) < 0)
        return -1;
    if (options->flatten && flatten(tree, err) < 0)
        return -1;
    if (!options->raw)
        redact(tree);
    // as kubectl prints it: what is empty is null, and there are always preferences
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (json_len(json_get(tree, lists[i].list)) == 0)
            json_set(tree, lists[i].list, NULL);
    if (!json_get(tree, "preferences"))
        json_set(tree, "preferences", json_new_object());
    if (!json_get(tree, "current-context"))
        json_set_string(tree, "current-context", "");
    return output_print(output, tree, session->out, err);
}

static const struct command view_command = {
    .name = "view",
    .arguments = "",
    .summary = "Display merged kubeconfig settings or a specified kubeconfig file",
    .options = view_table,
    .options_size = sizeof(struct view_options),
    .run = view,
};

static int current_context(struct session *session, const void *options UNUSED, const struct str_list *arguments UNUSED,
                           struct error **err) {
    AUTO_JSON tree = NULL;
    if (session_config_tree(session, &tree, err) < 0)
        return -1;
    if (str_empty(json_get_text(tree, "current-context")))
        return error_set(err, "current-context is not set");
    fprintf(session->out, "%s\n", json_get_text(tree, "current-context"));
    return 0;
}

static const struct command current_context_command = {
    .name = "current-context",
    .arguments = "",
    .summary = "Display the current-context",
    .run = current_context,
};

// --- lists -------------------------------------------------------------------------------------------------------------

struct get_contexts_options {
    struct global_options global;
    char *output;
    bool no_headers;
};

static const struct option get_contexts_table[] = {
    {"output", 'o', OPTION_STRING, offsetof(struct get_contexts_options, output), NULL, "Output format: name", NULL},
    {"no-headers", 0, OPTION_BOOL, offsetof(struct get_contexts_options, no_headers), NULL, "Don't print headers", NULL},
    COMMAND_OPTIONS_END,
};

// Entries of a list in order of name.
static void sorted_names(const struct json *list, struct str_list *names) {
    for (size_t i = 0; i < json_len(list); i++)
        str_list_add(names, json_get_text(json_at(list, i), "name"));
    str_list_sort(names);
}

static int get_contexts(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    const struct get_contexts_options *options = opaque;
    bool names_only = str_equal(options->output, "name");
    AUTO_JSON tree = NULL;
    AUTO_STR_LIST names = {0};
    if (!names_only && !str_empty(options->output))
        return error_set(err, "output must be one of '' or 'name': %s", options->output);
    if (session_config_tree(session, &tree, err) < 0)
        return -1;
    sorted_names(json_get(tree, "contexts"), &names);
    struct tab_writer writer = TAB_WRITER_TABLE;
    if (!options->no_headers && !names_only)
        str_append(&writer.text, "CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n");
    size_t found = 0;
    for (size_t i = 0; i < names.len; i++) {
        if (arguments->len > 0 && !str_list_contains(arguments, names.items[i]))
            continue;
        found++;
        const struct json *entry = json_array_find(json_get(tree, "contexts"), "name", names.items[i], NULL);
        if (names_only)
            str_printf(&writer.text, "%s\n", names.items[i]);
        else
            str_printf(&writer.text, "%s\t%s\t%s\t%s\t%s\n",
                       str_equal(names.items[i], json_get_text(tree, "current-context")) ? "*" : "", names.items[i],
                       json_find_text(entry, "context.cluster"), json_find_text(entry, "context.user"),
                       json_find_text(entry, "context.namespace"));
    }
    AUTO_STR text = {0};
    tab_writer_flush(&writer, &text);
    tab_writer_free(&writer);
    if (arguments->len > 0 && found == 0)
        return error_set(err, "context %s not found", arguments->items[0]);
    fwrite(str_text(&text), 1, text.len, session->out);
    return 0;
}

static const struct command get_contexts_command = {
    .name = "get-contexts",
    .arguments = "[NAME]",
    .summary = "Describe one or many contexts",
    .options = get_contexts_table,
    .options_size = sizeof(struct get_contexts_options),
    .run = get_contexts,
};

static int print_names(struct session *session, const char *list, struct error **err) {
    AUTO_JSON tree = NULL;
    AUTO_STR_LIST names = {0};
    if (session_config_tree(session, &tree, err) < 0)
        return -1;
    sorted_names(json_get(tree, list), &names);
    fprintf(session->out, "NAME\n");
    for (size_t i = 0; i < names.len; i++)
        fprintf(session->out, "%s\n", names.items[i]);
    return 0;
}

static int get_clusters(struct session *session, const void *options UNUSED, const struct str_list *arguments UNUSED,
                        struct error **err) {
    return print_names(session, "clusters", err);
}

static int get_users(struct session *session, const void *options UNUSED, const struct str_list *arguments UNUSED,
                     struct error **err) {
    return print_names(session, "users", err);
}

static const struct command get_clusters_command = {
    .name = "get-clusters",
    .arguments = "",
    .summary = "Display clusters defined in the kubeconfig",
    .run = get_clusters,
};

static const struct command get_users_command = {
    .name = "get-users",
    .arguments = "",
    .summary = "Display users defined in the kubeconfig",
    .run = get_users,
};

static const struct command *const subcommands[] = {
    &current_context_command,
    &config_delete_cluster_command,
    &config_delete_context_command,
    &config_delete_user_command,
    &get_clusters_command,
    &get_contexts_command,
    &get_users_command,
    &config_set_cluster_command,
    &config_set_context_command,
    &config_set_credentials_command,
    &config_use_context_command,
    &view_command,
    NULL,
};

const struct command config_command = {
    .name = "config",
    .arguments = "SUBCOMMAND",
    .summary = "Modify kubeconfig files",
    .subcommands = subcommands,
};
