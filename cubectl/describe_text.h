// SPDX-License-Identifier: Apache-2.0
// The text of `describe`: indented lines with tab-separated cells, and the parts that many kinds share.
#ifndef CUBE_CUBECTL_DESCRIBE_TEXT_H
#define CUBE_CUBECTL_DESCRIBE_TEXT_H

#include "cubectl/session.h"
#include "cubectl/tab_writer.h"

struct describe_text {
    struct session *session;
    struct tab_writer writer; // TAB_WRITER_DESCRIBE
    int64_t now;              // wall
};

// A line (the format ends it) two spaces in for each level.
void describe_line(struct describe_text *text, int level, const char *format, ...) PRINTF_LIKE(3, 4);
// `Labels:` and a line for each. prefix stands before the title ("  " in pod templates).
void describe_labels(struct describe_text *text, const char *title, const struct json *labels);
void describe_annotations(struct describe_text *text, const char *title, const struct json *annotations);
void describe_head(struct describe_text *text, const struct json *object); // Name, Namespace, Labels, Annotations
void describe_controller(struct describe_text *text, const struct json *object);
void describe_tolerations(struct describe_text *text, const char *title, const struct json *tolerations);
void describe_time(struct describe_text *text, int level, const char *label, const struct json *object, const char *member);
// RFC 1123 with a numeric zone: "Mon, 23 Nov 2026 22:00:00 +0000"; "<unknown>"-like zero time where the text is none. Appends.
void describe_append_time(const char *rfc3339, struct str *out);
// How long ago: "5s", "<unknown>". Appends.
void describe_append_age(const struct describe_text *text, const char *rfc3339, struct str *out);
// The events about an object.
int describe_events(struct describe_text *text, const struct json *object, struct error **err) MUST_CHECK;
// Keys of an object in order.
void describe_sorted_keys(const struct json *object, struct str_list *keys);

#endif
