// SPDX-License-Identifier: Apache-2.0
// Cells of replica sets: container names, images and selector.
#include "apiserver/table_kinds.h"
#include "common/api/selector.h"
#include "common/base/macro.h"
#include "common/base/str.h"

static void set_joined(const struct json *containers, const char *member, struct json *cells, const char *name) {
    AUTO_STR text = {0};
    for (size_t i = 0; i < json_len(containers); i++) {
        if (i)
            str_append_char(&text, ',');
        str_append(&text, json_get_text(json_at(containers, i), member));
    }
    json_set_string(cells, name, str_text(&text));
}

static void replicaset_cells(const struct json *object, int64_t now UNUSED, struct json *cells) {
    const struct json *containers = json_find(object, "spec.template.spec.containers");
    set_joined(containers, "name", cells, "containers");
    set_joined(containers, "image", cells, "images");

    AUTO_SELECTOR selector = NULL;
    AUTO_STR text = {0};
    if (selector_from_json(json_find(object, "spec.selector"), &selector, NULL) < 0)
        str_append(&text, "<error>");
    else
        selector_append_text(selector, &text);
    json_set_string(cells, "selector", text.len ? str_text(&text) : TABLE_NONE);
}

const struct table_kind table_replicaset = {"apps", "replicasets", replicaset_cells, NULL};
