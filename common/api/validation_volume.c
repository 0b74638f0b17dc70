// SPDX-License-Identifier: Apache-2.0
// Rules of volumes: unique names, exactly one source, paths that stay inside.
#include "common/api/validation_volume.h"

#include <string.h>

static bool has_dots(const char *path) {
    for (const char *p = path; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
        if (strcspn(p, "/") == 2 && p[0] == '.' && p[1] == '.')
            return true;
    return false;
}

// Names the first source as given; a second one is refused.
static const char *check_sources(const struct json *volume, struct str *path, struct field_errors *errors) {
    const char *source = NULL;
    for (struct json_iter it = json_iter(volume); json_iter_next(&it);) {
        if (str_equal(it.key, "name") || !it.value)
            continue;
        size_t mark = field_path_push(path, it.key);
        if (source)
            field_errors_forbidden(errors, str_text(path), "may not specify more than 1 volume type");
        else
            source = it.key;
        str_truncate(path, mark);
    }
    if (!source)
        field_errors_required(errors, str_text(path), "must specify a volume type");
    return source;
}

static void check_mode(const struct json *source, const char *field, struct str *path, struct field_errors *errors) {
    const struct json *mode = json_get(source, field);
    int64_t value = json_int(mode, 0);
    size_t mark = field_path_push(path, field);
    if (mode && (value < 0 || value > 0777))
        field_errors_invalid(errors, str_text(path), mode, "must be a number between 0 and 0777 (octal), both inclusive");
    str_truncate(path, mark);
}

// items of configMap, secret, downwardAPI and of projected sources.
static void check_items(const struct json *source, struct str *path, struct field_errors *errors) {
    const struct json *items = json_get(source, "items");
    size_t mark = field_path_push(path, "items");
    for (size_t i = 0; i < json_len(items); i++) {
        const struct json *item = json_at(items, i);
        const char *file = json_get_text(item, "path");
        size_t at = field_path_push_index(path, i);
        check_mode(item, "mode", path, errors);
        field_path_push(path, "path");
        if (*file == '/')
            field_errors_invalid_text(errors, str_text(path), file, "must be a relative path");
        else if (has_dots(file))
            field_errors_invalid_text(errors, str_text(path), file, "must not contain '..'");
        else if (str_starts(file, ".."))
            field_errors_invalid_text(errors, str_text(path), file, "must not start with '..'");
        str_truncate(path, at);
    }
    str_truncate(path, mark);
}

static void check_projected(const struct json *projected, struct str *path, struct field_errors *errors) {
    static const char *const kinds[] = {"configMap", "secret", "downwardAPI"};
    const struct json *sources = json_get(projected, "sources");
    size_t mark = field_path_push(path, "sources");
    for (size_t i = 0; i < json_len(sources); i++) {
        size_t at = field_path_push_index(path, i);
        for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
            size_t kind_mark = field_path_push(path, kinds[k]);
            check_items(json_get(json_at(sources, i), kinds[k]), path, errors);
            str_truncate(path, kind_mark);
        }
        if (json_object_size(json_at(sources, i)) > 1)
            field_errors_forbidden(errors, str_text(path), "may not specify more than 1 volume type");
        str_truncate(path, at);
    }
    str_truncate(path, mark);
}

static void check_volume(const struct json *volume, struct str *path, struct field_errors *errors) {
    const char *kind = check_sources(volume, path, errors);
    if (!kind)
        return;
    const struct json *source = json_get(volume, kind);
    size_t mark = field_path_push(path, kind);
    check_mode(source, "defaultMode", path, errors);
    if (str_equal(kind, "configMap") || str_equal(kind, "secret") || str_equal(kind, "downwardAPI"))
        check_items(source, path, errors);
    else if (str_equal(kind, "projected"))
        check_projected(source, path, errors);
    const char *host = str_equal(kind, "hostPath") ? json_get_text(source, "path") : "";
    field_path_push(path, "path");
    if (has_dots(host))
        field_errors_invalid_text(errors, str_text(path), host, "must not contain '..'");
    str_truncate(path, mark);
}

void validation_volume(const struct json *spec, struct str *path, struct field_errors *errors) {
    const struct json *volumes = json_get(spec, "volumes");
    size_t mark = field_path_push(path, "volumes");
    for (size_t i = 0; i < json_len(volumes); i++) {
        const struct json *volume = json_at(volumes, i);
        const char *name = json_get_text(volume, "name");
        size_t at = field_path_push_index(path, i);
        size_t first;
        if (*name && json_array_find(volumes, "name", name, &first) && first < i) {
            size_t name_mark = field_path_push(path, "name");
            field_errors_duplicate_text(errors, str_text(path), name);
            str_truncate(path, name_mark);
        }
        check_volume(volume, path, errors);
        str_truncate(path, at);
    }
    str_truncate(path, mark);
}
