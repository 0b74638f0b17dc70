// SPDX-License-Identifier: Apache-2.0
// Changing kubeconfigs: one file is read, changed and replaced as a whole.
#include "cubectl/config_set.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/encoding.h"
#include "common/base/file.h"
#include "common/data/yaml.h"
#include "cubectl/failure.h"

#define MAX_BYTES ((size_t)16 << 20)

// --- the file ----------------------------------------------------------------------------------------------------------

static int read_config(const char *path, struct json **ret_tree, struct error **err) {
    AUTO_STR text = {0};
    if (file_exists(path) && file_read(path, MAX_BYTES, &text, err) < 0)
        return -1;
    if (yaml_parse_one(str_text(&text), text.len, path, ret_tree, err) < 0)
        return -1;
    json_set_string(*ret_tree, "apiVersion", "v1");
    json_set_string(*ret_tree, "kind", "Config");
    json_ensure_object(*ret_tree, "preferences");
    return 0;
}

static int write_config(const char *path, const struct json *tree, struct error **err) {
    AUTO_STR text = {0};
    CLEANUP(free_ptr) char *folder = alloc_string(path);
    char *slash = strrchr(folder, '/');
    if (slash && slash != folder) {
        *slash = '\0';
        if (file_make_directories(folder, 0755, err) < 0)
            return -1;
    }
    yaml_write(tree, &text);
    return file_write_atomic(path, str_text(&text), text.len, 0600, err);
}

// The member of a named entry, made if it is missing. ret_made tells which.
static struct json *entry_of(struct json *tree, const char *list, const char *member, const char *name, bool *ret_made) {
    struct json *entries = json_ensure_array(tree, list);
    struct json *entry = json_array_find(entries, "name", name, NULL);
    *ret_made = !entry;
    if (!entry) {
        entry = json_new_object();
        json_set_string(entry, "name", name);
        json_append(entries, entry);
    }
    return json_ensure_object(entry, member);
}

// --- setting -----------------------------------------------------------------------------------------------------------

struct set_options {
    struct global_options global;
    bool embed_certs, current;
};

static const struct option embed_table[] = {
    {"embed-certs", 0, OPTION_BOOL, offsetof(struct set_options, embed_certs), NULL, "Put certificates into the kubeconfig",
     NULL},
    COMMAND_OPTIONS_END,
};

static const struct option context_table[] = {
    {"current", 0, OPTION_BOOL, offsetof(struct set_options, current), NULL, "Modify the current context", NULL},
    COMMAND_OPTIONS_END,
};

// A global flag and the member that it sets.
struct set_row {
    const char *flag, *member;
    size_t offset; // of the text in struct global_options
    bool is_file;  // may be embedded
};

#define GLOBAL(member) offsetof(struct global_options, member)

static const struct set_row context_rows[] = {
    {"cluster", "cluster", GLOBAL(cluster), false},
    {"user", "user", GLOBAL(user), false},
    {"namespace", "namespace", GLOBAL(ns), false},
};
static const struct set_row cluster_rows[] = {
    {"server", "server", GLOBAL(server), false},
    {"tls-server-name", "tls-server-name", GLOBAL(server_name), false},
    {"certificate-authority", "certificate-authority", GLOBAL(ca_file), true},
};
static const struct set_row user_rows[] = {
    {"client-certificate", "client-certificate", GLOBAL(certificate), true},
    {"client-key", "client-key", GLOBAL(key), true},
    {"token", "token", GLOBAL(token), false},
    {"username", "username", GLOBAL(username), false},
    {"password", "password", GLOBAL(password), false},
};

static int set_file(struct json *entry, const struct set_row *row, const char *path, bool embed, struct error **err) {
    CLEANUP(free_ptr) char *data_member = alloc_printf("%s-data", row->member);
    if (embed) {
        AUTO_STR bytes = {0};
        AUTO_STR text = {0};
        if (file_read(path, MAX_BYTES, &bytes, err) < 0)
            return -1;
        base64_encode(&text, str_text(&bytes), bytes.len);
        json_set_string(entry, data_member, str_text(&text));
        json_remove(entry, row->member);
        return 0;
    }
    char *absolute = realpath(path, NULL);
    json_set_string(entry, row->member, absolute ? absolute : path);
    json_remove(entry, data_member);
    free(absolute);
    return 0;
}

static int set_members(const struct session *session, const struct set_row *rows, size_t count, bool embed, struct json *entry,
                       struct error **err) {
    for (size_t i = 0; i < count; i++) {
        if (!session_given(session, rows[i].flag))
            continue;
        const char *value = *(char *const *)((const char *)session->global + rows[i].offset);
        if (!rows[i].is_file || str_empty(value))
            json_set_string(entry, rows[i].member, str_empty(value) ? NULL : value);
        else if (set_file(entry, &rows[i], value, embed, err) < 0)
            return -1;
    }
    return 0;
}

// One kind of entry.
struct set_kind {
    const char *list, *member;
    const char *what; // "Cluster", for the message
    const struct set_row *rows;
    size_t row_count;
};

static const struct set_kind cluster_kind = {"clusters", "cluster", "Cluster", cluster_rows, ARRAY_LEN(cluster_rows)};
static const struct set_kind user_kind = {"users", "user", "User", user_rows, ARRAY_LEN(user_rows)};
static const struct set_kind context_kind = {"contexts", "context", "Context", context_rows, ARRAY_LEN(context_rows)};

static int set_entry(struct session *session, const struct set_options *options, const struct set_kind *kind, const char *name,
                     struct error **err) {
    CLEANUP(free_ptr) char *path = session_config_file(session);
    AUTO_JSON tree = NULL;
    bool made = false;
    if (read_config(path, &tree, err) < 0)
        return -1;
    if (!name)
        name = json_get_text(tree, "current-context");
    if (str_empty(name))
        return error_set(err, "no current context is set");
    AUTO_STR kept = {0};
    str_append(&kept, name);
    struct json *entry = entry_of(tree, kind->list, kind->member, str_text(&kept), &made);
    if (set_members(session, kind->rows, kind->row_count, options->embed_certs, entry, err) < 0)
        return -1;
    if (kind == &cluster_kind && session_given(session, "insecure-skip-tls-verify"))
        json_set_bool(entry, "insecure-skip-tls-verify", options->global.insecure);
    if (write_config(path, tree, err) < 0)
        return -1;
    if (kind == &context_kind)
        fprintf(session->out, "Context \"%s\" %s.\n", str_text(&kept), made ? "created" : "modified");
    else
        fprintf(session->out, "%s \"%s\" set.\n", kind->what, str_text(&kept));
    return 0;
}

static int set_context(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    const struct set_options *options = opaque;
    if (options->current ? arguments->len != 0 : arguments->len != 1)
        return failure_usage(session, err, "unexpected number of arguments: one NAME or --current");
    return set_entry(session, options, &context_kind, options->current ? NULL : arguments->items[0], err);
}

static int set_cluster(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    if (arguments->len != 1)
        return failure_usage(session, err, "exactly one NAME is required, got %zu", arguments->len);
    return set_entry(session, opaque, &cluster_kind, arguments->items[0], err);
}

static int set_credentials(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    if (arguments->len != 1)
        return failure_usage(session, err, "exactly one NAME is required, got %zu", arguments->len);
    return set_entry(session, opaque, &user_kind, arguments->items[0], err);
}

static int use_context(struct session *session, const void *options UNUSED, const struct str_list *arguments,
                       struct error **err) {
    AUTO_JSON merged = NULL;
    AUTO_JSON tree = NULL;
    CLEANUP(free_ptr) char *path = session_config_file(session);
    if (arguments->len != 1)
        return failure_usage(session, err, "exactly one NAME is required, got %zu", arguments->len);
    const char *name = arguments->items[0];
    if (session_config_tree(session, &merged, err) < 0)
        return -1;
    if (!json_array_find(json_get(merged, "contexts"), "name", name, NULL))
        return error_set(err, "no context exists with the name: \"%s\"", name);
    if (read_config(path, &tree, err) < 0)
        return -1;
    json_set_string(tree, "current-context", name);
    if (write_config(path, tree, err) < 0)
        return -1;
    fprintf(session->out, "Switched to context \"%s\".\n", name);
    return 0;
}

// --- deleting ----------------------------------------------------------------------------------------------------------

static int delete_entry(struct session *session, const char *list, const char *what, const struct str_list *arguments,
                        struct error **err) {
    CLEANUP(free_ptr) char *path = session_config_file(session);
    AUTO_JSON tree = NULL;
    size_t index = 0;
    if (arguments->len != 1)
        return failure_usage(session, err, "exactly one NAME is required, got %zu", arguments->len);
    if (read_config(path, &tree, err) < 0)
        return -1;
    const char *name = arguments->items[0];
    if (!json_array_find(json_get(tree, list), "name", name, &index))
        return error_set(err, "cannot delete %s %s, not in %s", what, name, path);
    if (str_equal(what, "context") && str_equal(json_get_text(tree, "current-context"), name))
        fprintf(session->errors, "warning: this removed your active context, use \"kubectl config use-context\" to select a "
                                 "different one\n");
    json_delete(json_get(tree, list), index);
    if (write_config(path, tree, err) < 0)
        return -1;
    fprintf(session->out, "deleted %s %s from %s\n", what, name, path);
    return 0;
}

static int delete_context(struct session *session, const void *options UNUSED, const struct str_list *arguments,
                          struct error **err) {
    return delete_entry(session, "contexts", "context", arguments, err);
}

static int delete_cluster(struct session *session, const void *options UNUSED, const struct str_list *arguments,
                          struct error **err) {
    return delete_entry(session, "clusters", "cluster", arguments, err);
}

static int delete_user(struct session *session, const void *options UNUSED, const struct str_list *arguments,
                       struct error **err) {
    return delete_entry(session, "users", "user", arguments, err);
}

const struct command config_set_context_command = {
    .name = "set-context",
    .arguments = "[NAME | --current] [--cluster=name] [--user=name] [--namespace=name]",
    .summary = "Set a context entry in kubeconfig",
    .options = context_table,
    .options_size = sizeof(struct set_options),
    .run = set_context,
};

const struct command config_set_cluster_command = {
    .name = "set-cluster",
    .arguments = "NAME [--server=url] [--certificate-authority=path]",
    .summary = "Set a cluster entry in kubeconfig",
    .options = embed_table,
    .options_size = sizeof(struct set_options),
    .run = set_cluster,
};

const struct command config_set_credentials_command = {
    .name = "set-credentials",
    .arguments = "NAME [--client-certificate=path] [--client-key=path] [--token=token]",
    .summary = "Set a user entry in kubeconfig",
    .options = embed_table,
    .options_size = sizeof(struct set_options),
    .run = set_credentials,
};

const struct command config_use_context_command = {
    .name = "use-context",
    .aliases = "use",
    .arguments = "CONTEXT_NAME",
    .summary = "Set the current-context in a kubeconfig file",
    .run = use_context,
};

const struct command config_delete_context_command = {
    .name = "delete-context",
    .arguments = "NAME",
    .summary = "Delete the specified context from the kubeconfig",
    .run = delete_context,
};

const struct command config_delete_cluster_command = {
    .name = "delete-cluster",
    .arguments = "NAME",
    .summary = "Delete the specified cluster from the kubeconfig",
    .run = delete_cluster,
};

const struct command config_delete_user_command = {
    .name = "delete-user",
    .arguments = "NAME",
    .summary = "Delete the specified user from the kubeconfig",
    .run = delete_user,
};
