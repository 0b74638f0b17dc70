// SPDX-License-Identifier: Apache-2.0
// Keys and values from flags and files.
#include "cubectl/create_data.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/encoding.h"
#include "common/base/file.h"
#include "common/data/json_scan.h"

#define MAX_BYTES ((size_t)3 << 20)

struct filling {
    struct json *object;
    bool secret;
    const char *name;
};

static bool is_utf8(const char *bytes, size_t len) {
    for (size_t i = 0; i < len;) {
        size_t step = json_scan_utf8((const unsigned char *)bytes + i, len - i);
        if (step == 0)
            return false;
        i += step;
    }
    return true;
}

static bool is_key(const char *key) {
    size_t len = strlen(key);
    if (len == 0 || len > 253 || str_equal(key, ".") || str_starts(key, ".."))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)key[i]) && !strchr("-._", key[i]))
            return false;
    return true;
}

static int add(const struct filling *filling, const char *key, const char *bytes, size_t len, struct error **err) {
    AUTO_STR quoted = {0};
    str_append_quoted(&quoted, key);
    if (!is_key(key))
        return error_set(err,
                         "%s is not a valid key name for a %s: a valid config key must consist of alphanumeric characters, '-', "
                         "'_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
                         "'[-._a-zA-Z0-9]+')",
                         str_text(&quoted), filling->secret ? "Secret" : "ConfigMap");
    if (json_has(json_get(filling->object, "data"), key) || json_has(json_get(filling->object, "binaryData"), key))
        return error_set(err, "cannot add key %s, another key by that name already exists in Data for %s \"%s\"",
                         str_text(&quoted), filling->secret ? "Secret" : "ConfigMap", filling->name);
    bool plain = !filling->secret && is_utf8(bytes, len);
    struct json *map = json_ensure_object(filling->object, filling->secret || plain ? "data" : "binaryData");
    if (plain) {
        json_set(map, key, json_new_string_n(bytes, len));
        return 0;
    }
    AUTO_STR encoded = {0};
    base64_encode(&encoded, bytes, len);
    json_set(map, key, json_new_string(str_text(&encoded)));
    return 0;
}

static int add_literal(const struct filling *filling, const char *text, struct error **err) {
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return error_set(err, "invalid literal source %s, expected key=value", text);
    CLEANUP(free_ptr) char *key = alloc_string_n(text, (size_t)(equals - text));
    const char *value = equals + 1;
    size_t len = strlen(value);
    bool quoted = len >= 2 && (*value == '"' || *value == '\'') && value[len - 1] == *value;
    return quoted ? add(filling, key, value + 1, len - 2, err) : add(filling, key, value, len, err);
}

static int add_file(const struct filling *filling, const char *key, const char *path, struct error **err) {
    AUTO_STR bytes = {0};
    if (file_read(path, MAX_BYTES, &bytes, err) < 0)
        return -1;
    return add(filling, key, str_text(&bytes), bytes.len, err);
}

// A folder's files, by name; what is no file or has a name that is no key is left out.
static int add_folder(const struct filling *filling, const char *path, struct error **err) {
    AUTO_STR_LIST names = {0};
    if (file_list(path, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.len; i++) {
        CLEANUP(free_ptr) char *full = alloc_printf("%s/%s", path, names.items[i]);
        if (is_key(names.items[i]) && !file_is_directory(full) && add_file(filling, names.items[i], full, err) < 0)
            return -1;
    }
    return 0;
}

// `path`, `key=path`, or a folder.
static int add_source(const struct filling *filling, const char *text, struct error **err) {
    const char *equals = strchr(text, '=');
    if (equals == text)
        return error_set(err, "key name for file path %s missing", text + 1);
    if (equals && equals[1] == '\0')
        return error_set(err, "file path for key name %.*s missing", (int)(equals - text), text);
    CLEANUP(free_ptr) char *key = equals ? alloc_string_n(text, (size_t)(equals - text)) : NULL;
    const char *path = equals ? equals + 1 : text, *slash = strrchr(path, '/');
    if (file_is_directory(path))
        return key ? error_set(err, "cannot give a key name for a directory path") : add_folder(filling, path, err);
    if (!file_exists(path))
        return error_set(err, "error reading %s: no such file or directory", path);
    return add_file(filling, key ? key : slash ? slash + 1 : path, path, err);
}

// Lines of KEY=VALUE; empty ones and those with # are left out; a KEY alone takes the environment's value.
static int add_env_file(const struct filling *filling, const char *path, struct error **err) {
    AUTO_STR bytes = {0};
    AUTO_STR_LIST lines = {0};
    if (file_read(path, MAX_BYTES, &bytes, err) < 0)
        return -1;
    str_list_split(&lines, str_text(&bytes), '\n');
    for (size_t i = 0; i < lines.len; i++) {
        char *line = lines.items[i] + strspn(lines.items[i], " \t");
        size_t len = strlen(line);
        if (len > 0 && line[len - 1] == '\r')
            line[len - 1] = '\0';
        if (*line == '\0' || *line == '#')
            continue;
        char *equals = strchr(line, '=');
        if (equals)
            *equals = '\0';
        const char *value = equals ? equals + 1 : getenv(line);
        if (value && add(filling, line, value, strlen(value), err) < 0)
            return -1;
    }
    return 0;
}

int create_data_fill(const struct create_data *data, const char *kind, const char *name, struct json *object,
                     struct error **err) {
    struct filling filling = {.object = object, .secret = str_equal(kind, "Secret"), .name = name};
    if (data->env_files.len > 0 && (data->files.len > 0 || data->literals.len > 0))
        return error_set(err, "from-env-file cannot be combined with from-file or from-literal");
    for (size_t i = 0; i < data->literals.len; i++)
        if (add_literal(&filling, data->literals.items[i], err) < 0)
            return -1;
    for (size_t i = 0; i < data->files.len; i++)
        if (add_source(&filling, data->files.items[i], err) < 0)
            return -1;
    for (size_t i = 0; i < data->env_files.len; i++)
        if (add_env_file(&filling, data->env_files.items[i], err) < 0)
            return -1;
    return 0;
}
