// SPDX-License-Identifier: Apache-2.0
// Cells of events: when first and last, about what, from whom.
#include <string.h>

#include "apiserver/table_kinds.h"
#include "common/base/alloc.h"
#include "common/base/macro.h"
#include "common/base/str.h"
#include "common/base/time_format.h"

static void set_object(const struct json *event, struct json *cells) {
    CLEANUP(free_ptr) char *kind = alloc_string(json_find_text(event, "involvedObject.kind"));
    str_lower(kind);
    const char *name = json_find_text(event, "involvedObject.name");
    AUTO_STR text = {0};
    str_append(&text, kind);
    if (*name)
        str_printf(&text, "/%s", name);
    json_set_string(cells, "object", str_text(&text));
}

static void set_source(const struct json *event, struct json *cells) {
    const char *component = json_find_text(event, "source.component");
    const char *host = json_find_text(event, "source.host");
    if (!*component) {
        component = json_get_text(event, "reportingComponent");
        host = json_get_text(event, "reportingInstance");
    }
    AUTO_STR text = {0};
    str_append(&text, component);
    if (*host)
        str_printf(&text, ", %s", host);
    json_set_string(cells, "source", str_text(&text));
}

static void set_message(const struct json *event, struct json *cells) {
    const char *message = json_get_text(event, "message");
    size_t start = strspn(message, " \t\r\n");
    size_t len = strlen(message + start);
    while (len && strchr(" \t\r\n", message[start + len - 1]))
        len--;
    json_set(cells, "message", json_new_string_n(message + start, len));
}

static void event_cells(const struct json *event, int64_t now, struct json *cells) {
    char first[TIME_TEXT_SIZE], last[TIME_TEXT_SIZE];
    const char *first_text = json_get_text(event, "firstTimestamp");
    const char *first_age = table_age(*first_text ? first_text : json_get_text(event, "eventTime"), now, first);
    const char *last_text = json_get_text(event, "lastTimestamp");
    const char *last_age = *last_text ? table_age(last_text, now, last) : first_age;
    int64_t count = json_get_int(event, "count", 0);
    const struct json *series = json_get(event, "series");
    if (series) {
        last_age = table_age(json_get_text(series, "lastObservedTime"), now, last);
        count = json_get_int(series, "count", 0);
    } else if (count == 0) {
        count = 1;
    }
    json_set_string(cells, "lastSeen", last_age);
    json_set_string(cells, "firstSeen", first_age);
    json_set_int(cells, "count", count);
    set_object(event, cells);
    set_source(event, cells);
    set_message(event, cells);
}

const struct table_kind table_event = {"", "events", event_cells, NULL};
