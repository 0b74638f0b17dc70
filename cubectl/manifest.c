// SPDX-License-Identifier: Apache-2.0
// Reading manifests, with kubectl's messages.
#include "cubectl/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/data/yaml.h"
#include "cubectl/failure.h"

#define MAX_BYTES ((size_t)3 << 20)
#define MAX_FOLDER_DEPTH 64

void manifest_list_free(struct manifest_list *list) {
    for (size_t i = 0; i < list->len; i++) {
        json_unref(list->items[i].object);
        free(list->items[i].source);
    }
    free(list->items);
    *list = (struct manifest_list){0};
}

static void push(struct manifest_list *list, struct json *take_object, const char *source) {
    list->items = alloc_resize(list->items, list->len + 1, sizeof(*list->items));
    list->items[list->len++] = (struct manifest){take_object, alloc_string(source)};
}

// Lists (v1 List, PodList) become their items.
static int add_object(struct manifest_list *list, const struct json *object, const char *source, struct error **err) {
    if (!json_is_object(object))
        return error_set(err, "error parsing %s: error converting YAML to JSON: json: cannot unmarshal a value that is no object",
                         source);
    if (str_empty(json_get_text(object, "kind")) || str_empty(json_get_text(object, "apiVersion"))) {
        AUTO_STR quoted = {0};
        str_append_quoted(&quoted, source);
        return error_set(err,
                         "error validating %s: error validating data: [%s%s%s]; if you choose to ignore these errors, turn "
                         "validation off with --validate=false",
                         str_text(&quoted), str_empty(json_get_text(object, "apiVersion")) ? "apiVersion not set" : "",
                         str_empty(json_get_text(object, "apiVersion")) && str_empty(json_get_text(object, "kind")) ? ", " : "",
                         str_empty(json_get_text(object, "kind")) ? "kind not set" : "");
    }
    const struct json *items = json_get(object, "items");
    if (!str_ends(json_get_text(object, "kind"), "List") || !json_is_array(items)) {
        push(list, json_clone(object), source);
        return 0;
    }
    CLEANUP(free_ptr) char *kind = alloc_string(json_get_text(object, "kind"));
    kind[strlen(kind) - strlen("List")] = '\0';
    for (size_t i = 0; i < json_len(items); i++) {
        AUTO_JSON item = json_clone(json_at(items, i));
        // the items of a typed list need not say what they are
        if (kind[0] != '\0' && json_is_object(item) && !json_has(item, "kind")) {
            json_set_string(item, "apiVersion", json_get_string(object, "apiVersion"));
            json_set_string(item, "kind", kind);
        }
        if (add_object(list, item, source, err) < 0)
            return -1;
    }
    return 0;
}

static int add_text(struct manifest_list *list, const struct str *text, const char *source, struct error **err) {
    struct yaml_documents documents = {0};
    if (yaml_parse(str_text(text), text->len, source, &documents, err) < 0)
        return -1;
    int result = 0;
    for (size_t i = 0; i < documents.len && result == 0; i++)
        result = add_object(list, documents.items[i].value, source, err);
    yaml_documents_free(&documents);
    return result;
}

static int read_stream(FILE *in, struct str *out, struct error **err) {
    char buffer[16384];
    size_t got;
    while ((got = fread(buffer, 1, sizeof(buffer), in)) > 0) {
        str_append_n(out, buffer, got);
        if (out->len > MAX_BYTES)
            return error_set(err, "standard input is larger than %zu bytes", MAX_BYTES);
    }
    return ferror(in) ? error_set_errno(err, errno, "read standard input") : 0;
}

static bool is_manifest_name(const char *name) {
    return str_ends(name, ".json") || str_ends(name, ".yaml") || str_ends(name, ".yml");
}

static int add_file(struct manifest_list *list, const char *path, struct error **err) {
    AUTO_STR text = {0};
    if (file_read(path, MAX_BYTES, &text, err) < 0)
        return -1;
    return add_text(list, &text, path, err);
}

static int add_folder(struct manifest_list *list, const char *path, bool recursive, int depth, struct error **err) {
    AUTO_STR_LIST names = {0};
    if (depth > MAX_FOLDER_DEPTH)
        return error_set(err, "the path \"%s\" is nested too deeply", path);
    if (file_list(path, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < names.len; i++) {
        CLEANUP(free_ptr) char *full = alloc_printf("%s%s%s", path, str_ends(path, "/") ? "" : "/", names.items[i]);
        int result = 0;
        if (file_is_directory(full))
            result = recursive ? add_folder(list, full, true, depth + 1, err) : 0;
        else if (is_manifest_name(names.items[i]))
            result = add_file(list, full, err);
        if (result < 0)
            return -1;
    }
    return 0;
}

static int add_path(struct manifest_list *list, const char *path, bool recursive, struct error **err) {
    if (str_starts(path, "http://") || str_starts(path, "https://"))
        return error_set(err, "the URL \"%s\" cannot be read: download it and pass the file", path);
    if (!file_exists(path))
        return error_set(err, "the path \"%s\" does not exist", path);
    if (!file_is_directory(path))
        return add_file(list, path, err);
    size_t before = list->len;
    if (add_folder(list, path, recursive, 0, err) < 0)
        return -1;
    if (list->len == before)
        return error_set(err, "error reading [%s]: recognized file extensions are [.json .yaml .yml]", path);
    return 0;
}

int manifest_read(struct session *session, const struct str_list *filenames, bool recursive, struct manifest_list *ret_list,
                  struct error **err) {
    bool stdin_read = false;
    for (size_t i = 0; i < filenames->len; i++) {
        const char *name = filenames->items[i];
        if (!str_equal(name, "-")) {
            if (add_path(ret_list, name, recursive, err) < 0)
                return -1;
            continue;
        }
        AUTO_STR text = {0};
        if (stdin_read)
            return error_set(err, "standard input can be read only once");
        stdin_read = true;
        if (read_stream(session->in, &text, err) < 0 || add_text(ret_list, &text, "STDIN", err) < 0)
            return -1;
    }
    return 0;
}
