// SPDX-License-Identifier: Apache-2.0
// Lines, labels, annotations, tolerations, times and events as kubectl describes them.
#include "cubectl/describe_text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/api/meta.h"
#include "common/api/resources.h"
#include "common/base/alloc.h"
#include "common/base/time_format.h"
#include "common/net/url.h"
#include "cubectl/target.h"
#include "cubectl/write_options.h"

#define MAX_ANNOTATION 140

void describe_line(struct describe_text *text, int level, const char *format, ...) {
    va_list args;
    va_start(args, format);
    for (int i = 0; i < level; i++)
        str_append(&text->writer.text, "  ");
    str_vprintf(&text->writer.text, format, args);
    va_end(args);
}

void describe_sorted_keys(const struct json *object, struct str_list *keys) {
    for (struct json_iter it = json_iter(object); json_iter_next(&it);)
        str_list_add(keys, it.key);
    str_list_sort(keys);
}

void describe_labels(struct describe_text *text, const char *title, const struct json *labels) {
    AUTO_STR_LIST keys = {0};
    describe_sorted_keys(labels, &keys);
    describe_line(text, 0, "%s:", title);
    if (keys.len == 0)
        describe_line(text, 0, "\t<none>\n");
    for (size_t i = 0; i < keys.len; i++)
        describe_line(text, 0, "\t%s=%s\n", keys.items[i], json_get_text(labels, keys.items[i]));
}

static void add_long_annotation(struct describe_text *text, const char *key, const char *value) {
    describe_line(text, 0, "\t%s:\n", key);
    for (;;) {
        size_t len = strcspn(value, "\n");
        bool shorten = len > MAX_ANNOTATION - 2;
        describe_line(text, 0, "\t  %.*s%s\n", (int)(shorten ? MAX_ANNOTATION - 2 : len), value, shorten ? "..." : "");
        if (value[len] == '\0')
            return;
        value += len + 1;
    }
}

void describe_annotations(struct describe_text *text, const char *title, const struct json *annotations) {
    AUTO_STR_LIST keys = {0};
    describe_sorted_keys(annotations, &keys);
    str_list_remove(&keys, WRITE_LAST_APPLIED);
    describe_line(text, 0, "%s:", title);
    if (keys.len == 0)
        describe_line(text, 0, "\t<none>\n");
    for (size_t i = 0; i < keys.len; i++) {
        CLEANUP(free_ptr) char *value = alloc_string(json_get_text(annotations, keys.items[i]));
        size_t len = strlen(value);
        if (len > 0 && value[len - 1] == '\n')
            value[--len] = '\0';
        if (len + strlen(keys.items[i]) + 2 > MAX_ANNOTATION || strchr(value, '\n'))
            add_long_annotation(text, keys.items[i], value);
        else
            describe_line(text, 0, "\t%s: %s\n", keys.items[i], value);
    }
}

void describe_head(struct describe_text *text, const struct json *object) {
    describe_line(text, 0, "Name:\t%s\n", meta_name(object));
    if (!str_empty(meta_namespace(object)))
        describe_line(text, 0, "Namespace:\t%s\n", meta_namespace(object));
    describe_labels(text, "Labels", json_find(object, "metadata.labels"));
    describe_annotations(text, "Annotations", json_find(object, "metadata.annotations"));
}

void describe_controller(struct describe_text *text, const struct json *object) {
    const struct json *controller = meta_controller(object);
    if (controller)
        describe_line(text, 0, "Controlled By:\t%s/%s\n", json_get_text(controller, "kind"), json_get_text(controller, "name"));
}

static int compare_tolerations(const void *a, const void *b) {
    return strcmp(json_get_text(*(struct json *const *)a, "key"), json_get_text(*(struct json *const *)b, "key"));
}

void describe_tolerations(struct describe_text *text, const char *title, const struct json *tolerations) {
    CLEANUP(ptr_vec_free) struct ptr_vec sorted = {0};
    for (size_t i = 0; i < json_len(tolerations); i++)
        ptr_vec_push(&sorted, json_at(tolerations, i));
    ptr_vec_sort(&sorted, compare_tolerations);
    describe_line(text, 0, "%s:", title);
    if (sorted.len == 0)
        describe_line(text, 0, "\t<none>\n");
    for (size_t i = 0; i < sorted.len; i++) {
        const struct json *entry = sorted.items[i];
        const char *key = json_get_text(entry, "key"), *value = json_get_text(entry, "value");
        const char *effect = json_get_text(entry, "effect");
        describe_line(text, 0, "\t%s%s%s%s%s", key, str_empty(value) ? "" : "=", value, str_empty(effect) ? "" : ":", effect);
        if (str_equal(json_get_string(entry, "operator"), "Exists") && str_empty(value))
            describe_line(text, 0, str_empty(key) && str_empty(effect) ? "op=Exists" : " op=Exists");
        if (json_has(entry, "tolerationSeconds"))
            describe_line(text, 0, " for %llds", (long long)json_get_int(entry, "tolerationSeconds", 0));
        describe_line(text, 0, "\n");
    }
}

// --- times -------------------------------------------------------------------------------------------------------------

void describe_append_time(const char *rfc3339, struct str *out) {
    int64_t wall = 0;
    if (str_empty(rfc3339) || !time_parse(rfc3339, &wall)) {
        str_append(out, "Mon, 01 Jan 0001 00:00:00 +0000");
        return;
    }
    char buffer[64];
    struct tm parts;
    time_t seconds = (time_t)(wall / SECOND);
    localtime_r(&seconds, &parts); // as kubectl: in the user's own zone
    strftime(buffer, sizeof(buffer), "%a, %d %b %Y %H:%M:%S %z", &parts);
    str_append(out, buffer);
}

void describe_time(struct describe_text *text, int level, const char *label, const struct json *object, const char *member) {
    AUTO_STR time = {0};
    describe_append_time(json_get_string(object, member), &time);
    describe_line(text, level, "%s:\t%s\n", label, str_text(&time));
}

void describe_append_age(const struct describe_text *text, const char *rfc3339, struct str *out) {
    char buffer[TIME_TEXT_SIZE];
    int64_t wall = 0;
    if (str_empty(rfc3339) || !time_parse(rfc3339, &wall))
        str_append(out, "<unknown>");
    else
        str_append(out, duration_format_age(text->now - wall, buffer));
}

// --- events ------------------------------------------------------------------------------------------------------------

static int64_t last_seen(const struct json *event) {
    int64_t wall = 0;
    const char *time = json_get_string(event, "lastTimestamp");
    return time && time_parse(time, &wall) ? wall : 0;
}

static int compare_events(const void *a, const void *b) {
    int64_t left = last_seen(*(struct json *const *)a), right = last_seen(*(struct json *const *)b);
    return (left > right) - (left < right);
}

static void add_event(struct describe_text *text, const struct json *event) {
    AUTO_STR interval = {0};
    AUTO_STR first = {0};
    const char *event_time = json_get_string(event, "eventTime");
    describe_append_age(text, event_time ? event_time : json_get_string(event, "firstTimestamp"), &first);
    int64_t count = json_get_int(event, "count", 0);
    const struct json *series = json_get(event, "series");
    if (series) {
        describe_append_age(text, json_get_string(series, "lastObservedTime"), &interval);
        str_printf(&interval, " (x%lld over %s)", (long long)json_get_int(series, "count", 0), str_text(&first));
    } else if (count > 1) {
        describe_append_age(text, json_get_string(event, "lastTimestamp"), &interval);
        str_printf(&interval, " (x%lld over %s)", (long long)count, str_text(&first));
    } else {
        str_append(&interval, str_text(&first));
    }
    const char *source = json_find_text(event, "source.component");
    const char *message = json_get_text(event, "message");
    message += strspn(message, " \t\r\n");
    size_t len = strlen(message);
    while (len > 0 && strchr(" \t\r\n", message[len - 1]))
        len--;
    describe_line(text, 1, "%s\t%s\t%s\t%s\t%.*s\n", json_get_text(event, "type"), json_get_text(event, "reason"),
                  str_text(&interval), str_empty(source) ? json_get_text(event, "reportingComponent") : source, (int)len,
                  message);
}

static void add_page(void *context, struct json *page) {
    struct ptr_vec *events = context;
    for (size_t i = 0; i < json_len(json_get(page, "items")); i++)
        ptr_vec_push(events, json_ref(json_at(json_get(page, "items"), i)));
}

// A node's events carry its name or its uid as the uid, so only the name counts there.
static void events_path(const struct json *object, struct str *path) {
    AUTO_STR selector = {0};
    const char *ns = meta_namespace(object);
    str_printf(&selector, "involvedObject.name=%s,involvedObject.kind=%s", meta_name(object), json_get_text(object, "kind"));
    if (!str_empty(ns))
        str_printf(&selector, ",involvedObject.namespace=%s", ns);
    if (!str_equal(json_get_string(object, "kind"), "Node"))
        str_printf(&selector, ",involvedObject.uid=%s", meta_uid(object));
    target_list_path(resource_events(), ns, path);
    url_query_add(path, "fieldSelector", str_text(&selector));
}

int describe_events(struct describe_text *text, const struct json *object, struct error **err) {
    AUTO_STR path = {0};
    CLEANUP(ptr_vec_free) struct ptr_vec events = {0};
    events_path(object, &path);
    int result = target_pages(text->session, &(struct target_pages){str_text(&path), NULL, TARGET_CHUNK, add_page, &events}, err);
    ptr_vec_sort(&events, compare_events);
    if (events.len == 0) {
        describe_line(text, 0, "Events:\t<none>\n");
    } else {
        describe_line(text, 0, "Events:\n  Type\tReason\tAge\tFrom\tMessage\n");
        describe_line(text, 1, "----\t------\t----\t----\t-------\n");
    }
    for (size_t i = 0; i < events.len; i++) {
        add_event(text, events.items[i]);
        json_unref(events.items[i]);
    }
    return result;
}
