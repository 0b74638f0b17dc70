// SPDX-License-Identifier: Apache-2.0
// `version`.
#include "cubectl/version.h"

#include "common/component/version.h"
#include "common/data/yaml.h"

struct version_options {
    struct global_options global;
    char *output;
    bool client;
};

static const struct option options_table[] = {
    {"client", 0, OPTION_BOOL, offsetof(struct version_options, client), NULL, "The client's version only", NULL},
    {"output", 'o', OPTION_STRING, offsetof(struct version_options, output), NULL, "One of 'yaml' or 'json'.", NULL},
    COMMAND_OPTIONS_END,
};

static void print_text(const struct json *versions, FILE *out) {
    fprintf(out, "Client Version: %s\n", json_find_text(versions, "clientVersion.gitVersion"));
    if (json_get(versions, "serverVersion"))
        fprintf(out, "Server Version: %s\n", json_find_text(versions, "serverVersion.gitVersion"));
}

static int run(struct session *session, const void *opaque, const struct str_list *arguments, struct error **err) {
    const struct version_options *options = opaque;
    bool yaml = str_equal(options->output, "yaml"), json = str_equal(options->output, "json");
    if (arguments->len > 0)
        return error_set(err, "extra arguments: [%s]", arguments->items[0]);
    if (!yaml && !json && !str_empty(options->output))
        return error_set(err, "--output must be 'yaml' or 'json'");
    AUTO_JSON versions = json_new_object();
    json_set(versions, "clientVersion", version_info());
    struct json *server = NULL;
    int result = options->client ? 0 : session_call(session, &(struct session_call){.path = "/version"}, &server, err);
    if (server)
        json_set(versions, "serverVersion", server);
    AUTO_STR text = {0};
    if (yaml)
        yaml_write(versions, &text);
    else if (json)
        json_write_pretty(versions, &text, 2);
    else
        print_text(versions, session->out);
    if (json && !str_ends(str_text(&text), "\n"))
        str_append_char(&text, '\n');
    fwrite(str_text(&text), 1, text.len, session->out);
    return result;
}

const struct command version_command = {
    .name = "version",
    .arguments = "",
    .summary = "Print the client and server version information",
    .options = options_table,
    .options_size = sizeof(struct version_options),
    .run = run,
};
