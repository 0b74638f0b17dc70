// SPDX-License-Identifier: Apache-2.0
// Arguments and manifests to objects.
#include "cubectl/target.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/client/rest.h"
#include "common/net/url.h"
#include "cubectl/failure.h"
#include "cubectl/manifest.h"
#include "cubectl/mapping.h"

// --- words -------------------------------------------------------------------------------------------------------------

void target_words_free(struct target_words_list *list) {
    for (size_t i = 0; i < list->len; i++)
        free(list->items[i].name);
    free(list->items);
    *list = (struct target_words_list){0};
}

static void push_words(struct target_words_list *list, const struct resource *resource, const char *name) {
    list->items = alloc_resize(list->items, list->len + 1, sizeof(*list->items));
    list->items[list->len++] = (struct target_words){resource, name ? alloc_string(name) : NULL};
}

static bool in_category(const struct resource *resource, const char *category) {
    for (size_t i = 0; resource->categories[i]; i++)
        if (str_equal(resource->categories[i], category))
            return true;
    return false;
}

// A category ("all") becomes its resources, as the server knows them.
static int add_category(struct session *session, const char *text, struct ptr_vec *resources, bool *ret_found,
                        struct error **err) {
    CLEANUP(ptr_vec_free) struct ptr_vec all = {0};
    *ret_found = false;
    if (resources_find_typed(text))
        return 0;
    if (mapping_discover(session, &all, err) < 0)
        return -1;
    for (size_t i = 0; i < all.len; i++)
        if (in_category(all.items[i], text)) {
            ptr_vec_push(resources, all.items[i]);
            *ret_found = true;
        }
    return 0;
}

static int find_types(struct session *session, const char *text, struct ptr_vec *resources, struct error **err) {
    AUTO_STR_LIST types = {0};
    str_list_split(&types, text, ',');
    for (size_t i = 0; i < types.len; i++) {
        bool category = false;
        if (add_category(session, types.items[i], resources, &category, err) < 0)
            return -1;
        const struct resource *resource = NULL;
        if (category)
            continue;
        if (mapping_find(session, types.items[i], &resource, err) < 0)
            return -1;
        ptr_vec_push(resources, (void *)resource);
    }
    return 0;
}

static int parse_slash(struct session *session, const struct str_list *arguments, struct target_words_list *list,
                       struct error **err) {
    for (size_t i = 0; i < arguments->len; i++) {
        const char *text = arguments->items[i], *slash = strchr(text, '/');
        if (!slash)
            return error_set(err,
                             "there is no need to specify a resource type as a separate argument when passing arguments in "
                             "resource/name form (e.g. '%s resource/<resource_name>' instead of '%s resource "
                             "resource/<resource_name>'",
                             session->command, session->command);
        if (slash == text || slash[1] == '\0' || strchr(slash + 1, '/'))
            return error_set(err, "arguments in resource/name form must have a single resource and name");
        CLEANUP(free_ptr) char *type = alloc_string_n(text, (size_t)(slash - text));
        const struct resource *resource = NULL;
        if (mapping_find(session, type, &resource, err) < 0)
            return -1;
        if (list->len > 0 && list->items[0].resource != resource)
            list->several_types = true;
        push_words(list, resource, slash + 1);
    }
    return 0;
}

static int parse_typed(struct session *session, const struct str_list *arguments, struct target_words_list *list,
                       struct error **err) {
    CLEANUP(ptr_vec_free) struct ptr_vec resources = {0};
    if (find_types(session, arguments->items[0], &resources, err) < 0)
        return -1;
    list->several_types = resources.len > 1;
    for (size_t r = 0; r < resources.len; r++) {
        if (arguments->len == 1)
            push_words(list, resources.items[r], NULL);
        for (size_t i = 1; i < arguments->len; i++)
            push_words(list, resources.items[r], arguments->items[i]);
    }
    return 0;
}

int target_parse(struct session *session, const struct str_list *arguments, bool all_namespaces,
                 struct target_words_list *ret_list, struct error **err) {
    if (arguments->len == 0)
        return 0;
    bool slash = false;
    for (size_t i = 0; i < arguments->len; i++)
        slash = slash || strchr(arguments->items[i], '/');
    if (slash ? parse_slash(session, arguments, ret_list, err) < 0 : parse_typed(session, arguments, ret_list, err) < 0)
        return -1;
    for (size_t i = 0; i < ret_list->len; i++)
        if (all_namespaces && ret_list->items[i].name)
            return error_set(err, "a resource cannot be retrieved by name across all namespaces");
    return 0;
}

// --- objects -----------------------------------------------------------------------------------------------------------

static void target_free(struct target *target) {
    free(target->ns);
    free(target->name);
    free(target->source);
    json_unref(target->object);
}

void target_list_free(struct target_list *list) {
    for (size_t i = 0; i < list->len; i++)
        target_free(&list->items[i]);
    free(list->items);
    *list = (struct target_list){0};
}

static struct target *push_target(struct target_list *list, const struct resource *resource, const char *ns, const char *name) {
    list->items = alloc_resize(list->items, list->len + 1, sizeof(*list->items));
    struct target *target = &list->items[list->len++];
    *target =
        (struct target){.resource = resource, .ns = alloc_string(resource->namespaced ? ns : ""), .name = alloc_string(name)};
    return target;
}

void target_path(const struct target *target, const char *subresource, struct str *out) {
    rest_path(&(struct rest_target){target->resource, target->ns, target->name, subresource}, out);
}

void target_list_path(const struct resource *resource, const char *ns, struct str *out) {
    rest_path(&(struct rest_target){resource, ns, NULL, NULL}, out);
}

void target_append_name(const struct target *target, struct str *out) {
    mapping_append_kind(target->resource, out);
    str_printf(out, "/%s", target->name);
}

void target_append_plural(const struct target *target, struct str *out) {
    str_printf(out, "%s/%s", target->resource->plural, target->name);
}

int target_get(struct session *session, const struct target *target, struct json **ret_object, struct error **err) {
    AUTO_STR path = {0};
    target_path(target, NULL, &path);
    return session_call(session, &(struct session_call){.path = str_text(&path)}, ret_object, err);
}

int target_pages(struct session *session, const struct target_pages *pages, struct error **err) {
    AUTO_STR token = {0};
    do {
        AUTO_STR full = {0};
        AUTO_JSON page = NULL;
        str_append(&full, pages->path);
        if (pages->chunk > 0) {
            CLEANUP(free_ptr) char *limit = alloc_printf("%lld", (long long)pages->chunk);
            url_query_add(&full, "limit", limit);
        }
        if (token.len > 0)
            url_query_add(&full, "continue", token.data);
        if (session_call(session, &(struct session_call){.path = full.data, .accept = pages->accept}, &page, err) < 0)
            return -1;
        str_clear(&token);
        str_append(&token, json_find_text(page, "metadata.continue"));
        pages->on_page(pages->context, page);
    } while (token.len > 0);
    return 0;
}

// A list's items, which may lack what they are.
struct collecting {
    struct target_list *list;
    const struct resource *resource;
};

static void add_page(void *context, struct json *page) {
    struct collecting *collecting = context;
    const struct json *items = json_get(page, "items");
    for (size_t i = 0; i < json_len(items); i++) {
        struct json *item = json_ref(json_at(items, i));
        if (!json_has(item, "kind"))
            schema_set_kind(item, collecting->resource->api_version, collecting->resource->kind);
        push_target(collecting->list, collecting->resource, meta_namespace(item), meta_name(item))->object = item;
    }
}

static int add_all(struct session *session, const struct resource *resource, const struct target_query *query,
                   struct target_list *list, struct error **err) {
    AUTO_STR path = {0};
    target_list_path(resource, query->all_namespaces ? NULL : session->ns, &path);
    if (!str_empty(query->selector))
        url_query_add(&path, "labelSelector", query->selector);
    if (!str_empty(query->field_selector))
        url_query_add(&path, "fieldSelector", query->field_selector);
    struct collecting collecting = {list, resource};
    return target_pages(session, &(struct target_pages){str_text(&path), NULL, TARGET_CHUNK, add_page, &collecting}, err);
}

// Reads the object of the list's last target; a target that is not there is taken off the list again.
static void fetch_last(struct session *session, struct target_list *list) {
    struct target *target = &list->items[list->len - 1];
    struct error *error = NULL;
    struct json *object = NULL;
    if (target_get(session, target, &object, &error) == 0) {
        json_unref(target->object);
        target->object = object;
        return;
    }
    failure_add(session, error);
    target_free(target);
    list->len--;
}

static int add_words(struct session *session, const struct target_query *query, struct target_list *list, struct error **err) {
    AUTO_TARGET_WORDS words = {0};
    if (target_parse(session, query->arguments, query->all_namespaces, &words, err) < 0)
        return -1;
    bool narrowed = !str_empty(query->selector) || !str_empty(query->field_selector) || query->all;
    for (size_t i = 0; i < words.len; i++) {
        if (words.items[i].name && (!str_empty(query->selector) || query->all))
            return error_set(err, "name cannot be provided when a selector is specified");
        if (!words.items[i].name && !narrowed)
            return error_set(err, "resource(s) were provided, but no name was specified");
        struct error *error = NULL;
        if (!words.items[i].name) {
            if (add_all(session, words.items[i].resource, query, list, &error) < 0) {
                failure_list(&error, words.items[i].resource, query->selector, query->field_selector);
                failure_add(session, error);
            }
            continue;
        }
        push_target(list, words.items[i].resource, session->ns, words.items[i].name);
        if (query->fetch)
            fetch_last(session, list);
    }
    return 0;
}

// The namespace of a manifest's object: its own, else that of the session, which -n makes binding.
static int manifest_namespace(const struct session *session, const struct resource *resource, struct json *object,
                              struct error **err) {
    struct json *metadata = json_ensure_object(object, "metadata");
    if (!resource->namespaced) {
        json_remove(metadata, "namespace");
        return 0;
    }
    const char *ns = json_get_text(metadata, "namespace");
    if (json_get(metadata, "namespace") && !json_is_string(json_get(metadata, "namespace")))
        return 0; // the server says what is wrong with it
    if (str_empty(ns))
        json_set_string(metadata, "namespace", session->ns);
    else if (session->ns_given && !str_equal(ns, session->ns))
        return error_set(err,
                         "the namespace from the provided object \"%s\" does not match the namespace \"%s\". You must pass "
                         "'--namespace=%s' to perform this operation.",
                         ns, session->ns, ns);
    return 0;
}

static int add_manifest(struct session *session, const struct manifest *manifest, bool fetch, struct target_list *list,
                        struct error **err) {
    struct json *object = manifest->object;
    const struct resource *resource = NULL;
    struct error *cause = NULL;
    if (mapping_find_kind(session, json_get_text(object, "apiVersion"), json_get_text(object, "kind"), &resource, &cause) < 0) {
        if (!str_starts(error_message(cause), "no matches"))
            return error_move(err, &cause);
        error_set(
            err, "resource mapping not found for name: \"%s\" namespace: \"%s\" from \"%s\": %s\nensure CRDs are installed first",
            meta_name(object), meta_namespace(object), manifest->source, error_message(cause));
        error_free(cause);
        return -1;
    }
    if (manifest_namespace(session, resource, object, err) < 0)
        return -1;
    struct target *target = push_target(list, resource, meta_namespace(object), meta_name(object));
    target->object = json_ref(object);
    target->source = alloc_string(manifest->source);
    if (fetch)
        fetch_last(session, list);
    return 0;
}

static int add_manifests(struct session *session, const struct target_query *query, struct target_list *list,
                         struct error **err) {
    AUTO_MANIFESTS manifests = {0};
    if (manifest_read(session, query->filenames, query->recursive, &manifests, err) < 0)
        return -1;
    for (size_t i = 0; i < manifests.len; i++) {
        struct error *error = NULL;
        if (add_manifest(session, &manifests.items[i], query->fetch, list, &error) < 0)
            failure_add(session, error);
    }
    return 0;
}

int target_collect(struct session *session, const struct target_query *query, struct target_list *ret_list, struct error **err) {
    if (session_prepare(session, err) < 0)
        return -1;
    bool files = query->filenames && query->filenames->len > 0;
    if (files && query->arguments && query->arguments->len > 0)
        return error_set(err, "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well");
    if (files)
        return add_manifests(session, query, ret_list, err);
    return query->arguments ? add_words(session, query, ret_list, err) : 0;
}
