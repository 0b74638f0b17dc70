// SPDX-License-Identifier: Apache-2.0
// Command-line options: finds rows, takes values from arguments, and sets them. Messages are pflag's.
#include "common/base/options.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/log.h"
#include "common/base/option_value.h"

// One parse under way.
struct parse {
    const struct option *table;
    void *target;
    int argc;
    char **argv;
    int next; // the first argument not yet looked at
    struct options_result *result;
};

static bool takes_no_value(const struct option *row) {
    return row->type == OPTION_BOOL || row->type == OPTION_IGNORED_BOOL;
}

// The name as given, with `_` as `-`; owned by the caller.
static char *normal_name(const char *name, size_t len) {
    char *copy = alloc_string_n(name, len);
    for (char *p = copy; *p != '\0'; p++)
        if (*p == '_')
            *p = '-';
    return copy;
}

static const struct option *find_name(const struct option *table, const char *name) {
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static const struct option *find_letter(const struct option *table, char letter) {
    for (; table->name; table++)
        if (table->letter != 0 && table->letter == letter)
            return table;
    return NULL;
}

// "--name", or "-v, --name" if it has a letter.
static char *display_name(const struct option *row) {
    return row->letter ? alloc_printf("-%c, --%s", row->letter, row->name) : alloc_printf("--%s", row->name);
}

static int apply(struct parse *parse, const struct option *row, const char *value, struct error **err) {
    if (row->type == OPTION_REFUSED)
        return error_set(err, "flag --%s is not supported: %s", row->name, row->why);
    bool first = !str_list_contains(&parse->result->given, row->name);
    AUTO_ERROR cause = NULL;
    if (option_value_set(row, parse->target, value, first, &cause) != 0) {
        CLEANUP(free_ptr) char *name = display_name(row);
        AUTO_STR quoted = {0};
        str_append_quoted(&quoted, value);
        return error_set(err, "invalid argument %s for \"%s\" flag: %s", str_text(&quoted), name, error_message(cause));
    }
    if (!first)
        return 0;
    str_list_add(&parse->result->given, row->name);
    bool ignored = row->type == OPTION_IGNORED || row->type == OPTION_IGNORED_BOOL;
    if (row->why) {
        CLEANUP(free_ptr)
        char *text =
            alloc_printf(ignored ? "Flag --%s has no effect, %s" : "Flag --%s has been deprecated, %s", row->name, row->why);
        log_warning(text, NULL);
    }
    return 0;
}

// --help and --version exist in every program whose table doesn't have rows of these names.
static int apply_special(struct parse *parse, const char *name, const char *value, struct error **err) {
    struct options_result *result = parse->result;
    bool help = str_equal(name, "help");
    if (!help && str_equal(value, "raw")) {
        if (!str_equal(result->special, "help"))
            result->special = "version=raw";
        return 0;
    }
    bool on = true;
    if (value && !str_to_bool(value, &on)) {
        AUTO_STR quoted = {0};
        str_append_quoted(&quoted, value);
        return error_set(err, "invalid argument %s for \"%s\" flag: strconv.ParseBool: parsing %s: invalid syntax",
                         str_text(&quoted), help ? "-h, --help" : "--version", str_text(&quoted));
    }
    if (help)
        result->special = on ? "help" : str_equal(result->special, "help") ? NULL : result->special;
    else if (!str_equal(result->special, "help"))
        result->special = on ? "version" : NULL;
    return 0;
}

static int parse_long(struct parse *parse, const char *argument, struct error **err) {
    const char *name = argument + 2;
    if (*name == '-' || *name == '=')
        return error_set(err, "bad flag syntax: %s", argument);
    const char *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    CLEANUP(free_ptr) char *normal = normal_name(name, len);
    const struct option *row = find_name(parse->table, normal);
    if (!row && (str_equal(normal, "help") || str_equal(normal, "version")))
        return apply_special(parse, normal, equals ? equals + 1 : NULL, err);
    if (!row)
        return error_set(err, "unknown flag: --%.*s", (int)len, name);
    if (equals)
        return apply(parse, row, equals + 1, err);
    if (takes_no_value(row) || row->type == OPTION_REFUSED)
        return apply(parse, row, "true", err);
    if (parse->next >= parse->argc)
        return error_set(err, "flag needs an argument: %s", argument);
    return apply(parse, row, parse->argv[parse->next++], err);
}

// A cluster such as -abc or -v2.
static int parse_letters(struct parse *parse, const char *argument, struct error **err) {
    for (const char *letter = argument + 1; *letter != '\0'; letter++) {
        const struct option *row = find_letter(parse->table, *letter);
        if (!row && *letter == 'h') {
            if (apply_special(parse, "help", NULL, err) != 0)
                return -1;
            continue;
        }
        if (!row)
            return error_set(err, "unknown shorthand flag: '%c' in -%s", *letter, letter);
        if (letter[1] == '=' && letter[2] != '\0')
            return apply(parse, row, letter + 2, err);
        if (takes_no_value(row)) {
            if (apply(parse, row, "true", err) != 0)
                return -1;
            continue;
        }
        if (letter[1] != '\0')
            return apply(parse, row, letter + 1, err);
        if (parse->next >= parse->argc)
            return error_set(err, "flag needs an argument: '%c' in -%s", *letter, letter);
        return apply(parse, row, parse->argv[parse->next++], err);
    }
    return 0;
}

static int parse_arguments(struct parse *parse, struct error **err) {
    while (parse->next < parse->argc) {
        const char *argument = parse->argv[parse->next++];
        if (str_equal(argument, "--")) {
            while (parse->next < parse->argc)
                str_list_add(&parse->result->arguments, parse->argv[parse->next++]);
            return 0;
        }
        int result = 0;
        if (argument[0] != '-' || argument[1] == '\0')
            str_list_add(&parse->result->arguments, argument);
        else if (argument[1] == '-')
            result = parse_long(parse, argument, err);
        else
            result = parse_letters(parse, argument, err);
        if (result != 0)
            return -1;
    }
    return 0;
}

static int refuse_arguments(const char *program, const struct str_list *arguments, struct error **err) {
    const char *slash = strrchr(program, '/');
    AUTO_STR text = {0};
    str_append_quoted(&text, slash ? slash + 1 : program);
    str_append(&text, " does not take any arguments, got [");
    for (size_t i = 0; i < arguments->len; i++) {
        if (i > 0)
            str_append_char(&text, ' ');
        str_append_quoted(&text, arguments->items[i]);
    }
    return error_set(err, "%s]", str_text(&text));
}

static int set_defaults(const struct option *table, void *target, struct error **err) {
    for (const struct option *row = table; row->name; row++) {
        bool no_items = row->type == OPTION_ARRAY && str_empty(row->default_text);
        if (!row->default_text || row->type == OPTION_REFUSED || no_items)
            continue;
        if (option_value_set(row, target, row->default_text, true, err) != 0)
            return error_prefix(err, "default of --%s", row->name);
    }
    return 0;
}

int options_parse(const struct option *table, void *target, int argc, char **argv, struct options_result *ret_result,
                  struct error **err) {
    if (set_defaults(table, target, err) != 0)
        return -1;
    struct parse parse = {.table = table, .target = target, .argc = argc, .argv = argv, .next = 1, .result = ret_result};
    if (parse_arguments(&parse, err) != 0)
        return -1;
    if (!ret_result->allow_arguments && !ret_result->special && ret_result->arguments.len > 0)
        return refuse_arguments(argv[0], &ret_result->arguments, err);
    return 0;
}

void options_result_free(struct options_result *result) {
    str_list_free(&result->arguments);
    str_list_free(&result->given);
    result->special = NULL;
}

struct option *options_join(const struct option *const *tables, size_t count) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        for (const struct option *row = tables[i]; row->name; row++)
            total++;
    struct option *joined = alloc_array(total + 1, sizeof(*joined));
    struct option *next = joined;
    for (size_t i = 0; i < count; i++)
        for (const struct option *row = tables[i]; row->name; row++)
            *next++ = *row;
    return joined;
}

void options_free(const struct option *table, void *target) {
    for (; table->name; table++)
        option_value_clear(table, target);
}

static bool shows_default(const struct option *row) {
    static const char *const zeros[] = {"", "false", "0", "0s", "[]"};
    for (size_t i = 0; i < ARRAY_LEN(zeros); i++)
        if (str_equal(row->default_text, zeros[i]))
            return false;
    return row->default_text && row->type < OPTION_IGNORED;
}

// The left column of a row: "  -v, --v int".
static void append_usage(const struct option *row, struct str *out) {
    static const char *const type_names[] = {[OPTION_BOOL] = "",
                                             [OPTION_INT] = " int",
                                             [OPTION_DOUBLE] = " float",
                                             [OPTION_STRING] = " string",
                                             [OPTION_DURATION] = " duration",
                                             [OPTION_LIST] = " strings",
                                             [OPTION_ARRAY] = " stringArray",
                                             [OPTION_MAP] = " mapStringString",
                                             [OPTION_IGNORED] = " string",
                                             [OPTION_IGNORED_BOOL] = "",
                                             [OPTION_REFUSED] = ""};
    if (row->letter)
        str_printf(out, "  -%c, ", row->letter);
    else
        str_append(out, "      ");
    str_printf(out, "--%s%s", row->name, type_names[row->type]);
}

void options_help(const struct option *table, struct str *out) {
    size_t width = 0;
    for (const struct option *row = table; row->name; row++) {
        AUTO_STR usage = {0};
        append_usage(row, &usage);
        if (!str_empty(row->help))
            width = MAX(width, usage.len);
    }
    for (const struct option *row = table; row->name; row++) {
        if (str_empty(row->help))
            continue;
        AUTO_STR usage = {0};
        append_usage(row, &usage);
        str_printf(out, "%-*s   %s", (int)width, str_text(&usage), row->help);
        bool list = row->type == OPTION_LIST || row->type == OPTION_ARRAY || row->type == OPTION_MAP;
        if (shows_default(row)) {
            str_append(out, " (default ");
            if (row->type == OPTION_STRING)
                str_append_quoted(out, row->default_text);
            else
                str_printf(out, list ? "[%s]" : "%s", row->default_text);
            str_append_char(out, ')');
        }
        if (row->why && row->type < OPTION_IGNORED)
            str_printf(out, " (DEPRECATED: %s)", row->why);
        str_append_char(out, '\n');
    }
}

static int compare_names(const void *a, const void *b) {
    return strcmp((*(const struct option *const *)a)->name, (*(const struct option *const *)b)->name);
}

void options_list(const struct option *table, const void *target, struct str *out) {
    size_t count = 0;
    while (table[count].name)
        count++;
    const struct option **rows = alloc_array(count, sizeof(*rows));
    for (size_t i = 0; i < count; i++)
        rows[i] = &table[i];
    qsort(rows, count, sizeof(*rows), compare_names);
    for (size_t i = 0; i < count; i++) {
        if (rows[i]->type >= OPTION_IGNORED)
            continue;
        AUTO_STR value = {0};
        option_value_format(rows[i], target, &value);
        str_printf(out, "FLAG: --%s=", rows[i]->name);
        str_append_quoted(out, str_text(&value));
        str_append_char(out, '\n');
    }
    free(rows);
}
