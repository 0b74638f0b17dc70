// SPDX-License-Identifier: Apache-2.0
// From argv to a command's function and to the exit code.
#include "cubectl/cubectl.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/base/vec.h"
#include "cubectl/commands.h"
#include "cubectl/failure.h"

// Flags that may stand without a value, and the one that they have then.
static const struct {
    const char *flag, *full;
} optional_values[] = {
    {"--dry-run", "--dry-run=unchanged"},
    {"--validate", "--validate=strict"},
    {"--cascade", "--cascade=background"},
};

// argv without the words that name the command.
struct invocation {
    const struct command *command;
    struct str name; // "cubectl create namespace"
    struct ptr_vec arguments;
};

// Whether the flag at this argument takes the next one as its value.
static bool takes_next(const struct option *table, const char *argument) {
    if (argument[1] == '-') {
        if (strchr(argument, '='))
            return false;
        for (; table->name; table++)
            if (str_equal(table->name, argument + 2))
                return table->type != OPTION_BOOL && table->type != OPTION_IGNORED_BOOL;
        return false;
    }
    // a cluster of letters: the last one counts
    char last = argument[strlen(argument) - 1];
    for (; table->name; table++)
        if (table->letter == argument[1])
            return table->type != OPTION_BOOL && argument[2] == '\0';
        else if (table->letter == last && table->type != OPTION_BOOL)
            return true;
    return false;
}

static struct option *join_options(const struct command *command) {
    const struct option *const tables[] = {session_global_options(), command->options};
    return options_join(tables, command->options ? 2 : 1);
}

// The position of the next argument that is no flag; argc if there is none.
static size_t next_word(const struct ptr_vec *arguments, size_t from, const struct option *table) {
    for (size_t i = from; i < arguments->len; i++) {
        const char *argument = arguments->items[i];
        if (str_equal(argument, "--"))
            return arguments->len;
        if (argument[0] != '-' || argument[1] == '\0')
            return i;
        if (takes_next(table, argument))
            i++;
    }
    return arguments->len;
}

static char *full_form(char *argument) {
    for (size_t i = 0; i < ARRAY_LEN(optional_values); i++)
        if (str_equal(argument, optional_values[i].flag))
            return (char *)optional_values[i].full;
    return argument;
}

// --- help --------------------------------------------------------------------------------------------------------------

static void list_commands(const struct command *const *commands, FILE *out) {
    for (; *commands; commands++)
        fprintf(out, "  %-15s %s\n", (*commands)->name, (*commands)->summary);
}

static void print_help(const struct session *session, const struct command *command) {
    FILE *out = session->out;
    if (!command) {
        fprintf(out, "cubectl controls a Kubernetes cluster.\n\nCommands:\n");
        list_commands(commands_all(), out);
        fprintf(out, "\nUsage:\n  cubectl [command] [flags]\n\nUse \"cubectl <command> --help\" for more about a command.\n");
        return;
    }
    const char *arguments = command->subcommands ? "COMMAND" : command->arguments;
    fprintf(out, "%s\n\nUsage:\n  %s%s%s [flags]\n", command->summary, session->command, str_empty(arguments) ? "" : " ",
            str_empty(arguments) ? "" : arguments);
    if (command->subcommands) {
        fprintf(out, "\nAvailable Commands:\n");
        list_commands(command->subcommands, out);
    }
    AUTO_STR text = {0};
    if (command->options) {
        options_help(command->options, &text);
        fprintf(out, "\nOptions:\n%s", str_text(&text));
    }
    str_clear(&text);
    options_help(session_global_options(), &text);
    fprintf(out, "\nOptions of all commands:\n%s", str_text(&text));
}

// --- running -----------------------------------------------------------------------------------------------------------

static int unknown_command(const struct invocation *invocation, const char *word, struct error **err) {
    return error_set(err, "unknown command \"%s\" for \"%s\"", word, str_text(&invocation->name));
}

// Takes the command's words out of the arguments. command stays NULL when there is none.
static int find_command(struct invocation *invocation, struct error **err) {
    const struct command *const *level = commands_all();
    struct option *table = options_join((const struct option *const[]){session_global_options()}, 1);
    int result = 0;
    while (level) {
        size_t position = next_word(&invocation->arguments, 1, table);
        if (position >= invocation->arguments.len)
            break;
        const char *word = invocation->arguments.items[position];
        const struct command *command = commands_find(level, word);
        if (!command) {
            result = unknown_command(invocation, word, err);
            break;
        }
        ptr_vec_remove(&invocation->arguments, position);
        str_printf(&invocation->name, " %s", command->name);
        invocation->command = command;
        level = command->subcommands;
        free(table);
        table = join_options(command);
    }
    free(table);
    return result;
}

static int run_parsed(struct session *session, const struct command *command, void *options, struct options_result *parsed,
                      struct error **err) {
    session->global = options;
    session->given = &parsed->given;
    log_set_verbosity((int)session->global->verbosity);
    if (parsed->special && str_equal(parsed->special, "help")) {
        print_help(session, command);
        return 0;
    }
    if (!command->run) {
        print_help(session, command);
        return 0;
    }
    return command->run(session, options, &parsed->arguments, err);
}

static int run_command(struct session *session, const struct invocation *invocation, struct error **err) {
    const struct command *command = invocation->command;
    struct option *table = join_options(command);
    void *options = alloc_zero(MAX(command->options_size, sizeof(struct global_options)));
    struct options_result parsed = {.allow_arguments = true};
    const struct ptr_vec *arguments = &invocation->arguments;
    int result = options_parse(table, options, (int)arguments->len, (char **)arguments->items, &parsed, err);
    if (result < 0 && err && *err) {
        AUTO_STR text = {0};
        str_printf(&text, "%s\nSee '%s --help' for usage.", error_message(*err), session->command);
        error_free(STEAL(*err));
        error_set(err, "%s", str_text(&text));
    } else if (result == 0) {
        result = run_parsed(session, command, options, &parsed, err);
    }
    options_result_free(&parsed);
    session->global = NULL;
    session->given = NULL;
    options_free(table, options);
    free(options);
    free(table);
    return result;
}

// `help COMMAND` is `COMMAND --help`.
static void take_help(struct ptr_vec *arguments) {
    size_t position = next_word(arguments, 1, session_global_options());
    if (position >= arguments->len || !str_equal(arguments->items[position], "help"))
        return;
    ptr_vec_remove(arguments, position);
    ptr_vec_push(arguments, (char *)"--help");
}

int cubectl_run(const struct cubectl_config *config, int argc, char **argv) {
    struct session session = {
        .in = config->in, .out = config->out, .errors = config->errors, .clock = config->clock, .transport = config->transport};
    struct invocation invocation = {0};
    str_append(&invocation.name, "cubectl");
    for (int i = 0; i < argc; i++)
        ptr_vec_push(&invocation.arguments, full_form(argv[i]));
    take_help(&invocation.arguments);
    struct error *error = NULL;
    int result = find_command(&invocation, &error);
    session.command = str_text(&invocation.name);
    if (result == 0 && invocation.command)
        result = run_command(&session, &invocation, &error);
    else if (result == 0)
        print_help(&session, NULL);
    if (result < 0)
        failure_add(&session, error);
    int code = failure_report(&session);
    fflush(session.out);
    session_free(&session);
    ptr_vec_free(&invocation.arguments);
    str_free(&invocation.name);
    return code;
}
