// SPDX-License-Identifier: Apache-2.0
// Namespaces, config maps and secrets, described; and anything else by its fields.
#include <ctype.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/base/encoding.h"
#include "cubectl/describe_kinds.h"
#include "cubectl/write_options.h"

#define MAX_DEPTH 64

int describe_namespace(struct describe_text *text, const struct json *namespace, struct error **err UNUSED) {
    describe_head(text, namespace);
    describe_line(text, 0, "Status:\t%s\n", json_find_text(namespace, "status.phase"));
    const struct json *conditions = json_find(namespace, "status.conditions");
    if (json_len(conditions) > 0)
        describe_line(text, 0,
                      "Conditions:\n  Type\tStatus\tLastTransitionTime\tReason\tMessage\n"
                      "  ----\t------\t------------------\t------\t-------\n");
    for (size_t i = 0; i < json_len(conditions); i++) {
        const struct json *condition = json_at(conditions, i);
        AUTO_STR transition = {0};
        describe_append_time(json_get_string(condition, "lastTransitionTime"), &transition);
        describe_line(text, 1, "%s\t%s\t%s\t%s\t%s\n", json_get_text(condition, "type"), json_get_text(condition, "status"),
                      str_text(&transition), json_get_text(condition, "reason"), json_get_text(condition, "message"));
    }
    return 0;
}

static size_t decoded_length(const char *base64) {
    AUTO_STR bytes = {0};
    return base64_decode(&bytes, base64, strlen(base64)) ? bytes.len : 0;
}

int describe_configmap(struct describe_text *text, const struct json *configmap, struct error **err UNUSED) {
    const struct json *data = json_get(configmap, "data"), *binary = json_get(configmap, "binaryData");
    AUTO_STR_LIST keys = {0};
    AUTO_STR_LIST binary_keys = {0};
    describe_sorted_keys(data, &keys);
    describe_sorted_keys(binary, &binary_keys);
    describe_head(text, configmap);
    describe_line(text, 0, "\nData\n====\n");
    for (size_t i = 0; i < keys.len; i++)
        describe_line(text, 0, "%s:\n----\n%s\n\n", keys.items[i], json_get_text(data, keys.items[i]));
    describe_line(text, 0, "\nBinaryData\n====\n");
    for (size_t i = 0; i < binary_keys.len; i++)
        describe_line(text, 0, "%s: %zu bytes\n", binary_keys.items[i],
                      decoded_length(json_get_text(binary, binary_keys.items[i])));
    describe_line(text, 0, "\n");
    return 0;
}

int describe_secret(struct describe_text *text, const struct json *secret, struct error **err UNUSED) {
    const struct json *data = json_get(secret, "data");
    const bool token = str_equal(json_get_string(secret, "type"), "kubernetes.io/service-account-token");
    AUTO_STR_LIST keys = {0};
    describe_sorted_keys(data, &keys);
    describe_head(text, secret);
    describe_line(text, 0, "\nType:\t%s\n", json_get_text(secret, "type"));
    describe_line(text, 0, "\nData\n====\n");
    for (size_t i = 0; i < keys.len; i++) {
        const char *value = json_get_text(data, keys.items[i]);
        AUTO_STR plain = {0};
        if (token && str_equal(keys.items[i], "token") && base64_decode(&plain, value, strlen(value)))
            describe_line(text, 0, "%s:\t%s\n", keys.items[i], str_text(&plain));
        else
            describe_line(text, 0, "%s:\t%zu bytes\n", keys.items[i], decoded_length(value));
    }
    return 0;
}

// --- any kind ----------------------------------------------------------------------------------------------------------

// "apiVersion" to "API Version", "podCIDR" to "Pod CIDR".
static void append_words(const char *name, struct str *out) {
    static const char *const acronyms[] = {"api", "url", "uid", "osb", "guid"};
    size_t start = 0, len = strlen(name);
    for (size_t i = 1; i <= len; i++) {
        bool ends = i == len || (isupper((unsigned char)name[i]) &&
                                 (islower((unsigned char)name[i - 1]) || (i + 1 < len && islower((unsigned char)name[i + 1]))));
        if (!ends)
            continue;
        char word[64];
        size_t word_len = i - start < sizeof(word) ? i - start : sizeof(word) - 1;
        memcpy(word, name + start, word_len);
        word[word_len] = '\0';
        bool upper = false;
        for (size_t a = 0; a < ARRAY_LEN(acronyms); a++)
            upper = upper || str_equal_nocase(word, acronyms[a]);
        for (size_t c = 0; c < word_len; c++)
            if (upper || c == 0)
                word[c] = (char)toupper((unsigned char)word[c]);
        str_printf(out, "%s%s", start > 0 ? " " : "", word);
        start = i;
    }
}

static void add_fields(struct describe_text *text, int level, const struct json *object, const char *path);

static void add_items(struct describe_text *text, int level, const struct json *array) {
    for (size_t i = 0; i < json_len(array); i++) {
        const struct json *item = json_at(array, i);
        if (json_is_object(item)) {
            add_fields(text, level, item, "items");
            continue;
        }
        AUTO_STR value = {0};
        if (json_is_string(item))
            str_append(&value, json_string(item));
        else
            json_write(item, &value);
        describe_line(text, level, "%s\n", str_text(&value));
    }
}

static bool skipped(const char *path, const char *key) {
    static const char *const top[] = {"metadata.managedFields", "metadata.name", "metadata.namespace", "metadata.labels",
                                      "metadata.annotations"};
    AUTO_STR full = {0};
    str_printf(&full, "%s%s%s", path, str_empty(path) ? "" : ".", key);
    for (size_t i = 0; i < ARRAY_LEN(top); i++)
        if (str_equal(str_text(&full), top[i]))
            return true;
    return false;
}

static void add_fields(struct describe_text *text, int level, const struct json *object, const char *path) {
    AUTO_STR_LIST keys = {0};
    describe_sorted_keys(object, &keys);
    for (size_t i = 0; i < keys.len && level < MAX_DEPTH; i++) {
        const struct json *value = json_get(object, keys.items[i]);
        AUTO_STR label = {0};
        AUTO_STR inner = {0};
        if (skipped(path, keys.items[i]))
            continue;
        append_words(keys.items[i], &label);
        str_printf(&inner, "%s%s%s", path, str_empty(path) ? "" : ".", keys.items[i]);
        if (json_is_object(value)) {
            describe_line(text, level, "%s:\n", str_text(&label));
            add_fields(text, level + 1, value, str_text(&inner));
        } else if (json_is_array(value)) {
            describe_line(text, level, "%s:\n", str_text(&label));
            add_items(text, level + 1, value);
        } else {
            AUTO_STR plain = {0};
            if (json_is_string(value))
                str_append(&plain, json_string(value));
            else if (value)
                json_write(value, &plain);
            else
                str_append(&plain, "<nil>");
            describe_line(text, level, "%s:\t%s\n", str_text(&label), str_text(&plain));
        }
    }
}

int describe_generic(struct describe_text *text, const struct json *object, struct error **err UNUSED) {
    describe_line(text, 0, "Name:\t%s\n", meta_name(object));
    describe_line(text, 0, "Namespace:\t%s\n", meta_namespace(object));
    describe_labels(text, "Labels", json_find(object, "metadata.labels"));
    describe_annotations(text, "Annotations", json_find(object, "metadata.annotations"));
    add_fields(text, 0, object, "");
    return 0;
}
