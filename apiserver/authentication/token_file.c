// SPDX-License-Identifier: Apache-2.0
// Static bearer tokens from a CSV file: token,user,uid,"group1,group2".
#include "apiserver/authentication/token_file.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/map.h"

#define TOKEN_FILE_MAX ((size_t)16 * 1024 * 1024)

struct token_file {
    struct authenticator base;
    struct map users; // token -> struct user_info
};

static void user_free(void *user) {
    user_info_free(user);
    free(user);
}

static void token_file_free(struct authenticator *base) {
    struct token_file *self = CONTAINER_OF(base, struct token_file, base);
    map_free(&self->users);
    free(self);
}

static enum authentication_result token_file_authenticate(struct authenticator *base, const struct credentials *credentials,
                                                          struct user_info *ret_user, struct error **err) {
    struct token_file *self = CONTAINER_OF(base, struct token_file, base);
    const char *header = credentials->authorization;
    if (!header || strncasecmp(header, "bearer ", 7) != 0)
        return AUTHENTICATION_NONE;
    const char *token = header + 7;
    while (*token == ' ')
        token++;
    if (!*token)
        return AUTHENTICATION_NONE;
    const struct user_info *user = map_get(&self->users, token);
    if (!user) {
        error_set(err, "invalid bearer token");
        return AUTHENTICATION_REFUSED;
    }
    user_info_copy(ret_user, user);
    return AUTHENTICATION_OK;
}

static const struct authenticator_ops token_file_ops = {"token-file", token_file_authenticate, token_file_free};

// One CSV field from *cursor, which then stands on ',' or '\n' or the end. Quoted fields may hold commas, newlines and "" for a quote.
static int csv_field(const char **cursor, const char *end, struct str *out, struct error **err) {
    const char *c = *cursor;
    if (c < end && *c == '"') {
        for (c++;; c++) {
            if (c >= end)
                return error_set(err, "extraneous or missing \" in quoted-field");
            if (*c != '"') {
                str_append_char(out, *c);
            } else if (c + 1 < end && c[1] == '"') {
                str_append_char(out, '"');
                c++;
            } else {
                c++;
                break;
            }
        }
        if (c < end && *c == '\r')
            c++;
        if (c < end && *c != ',' && *c != '\n')
            return error_set(err, "extraneous or missing \" in quoted-field");
    } else {
        while (c < end && *c != ',' && *c != '\n') {
            if (*c == '"')
                return error_set(err, "bare \" in non-quoted field");
            str_append_char(out, *c++);
        }
        if (out->len && out->data[out->len - 1] == '\r')
            str_truncate(out, out->len - 1);
    }
    *cursor = c;
    return 0;
}

static int csv_record(const char **cursor, const char *end, struct str_list *fields, struct error **err) {
    for (;;) {
        AUTO_STR field = {0};
        if (csv_field(cursor, end, &field, err) < 0)
            return -1;
        str_list_add(fields, str_text(&field));
        if (*cursor >= end)
            return 0;
        char separator = *(*cursor)++;
        if (separator == '\n')
            return 0;
    }
}

static void trim(const char *text, struct str *out) {
    size_t len = strlen(text);
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    while (len && (*text == ' ' || *text == '\t')) {
        text++;
        len--;
    }
    str_append_n(out, text, len);
}

static int add_record(struct token_file *self, const struct str_list *fields, const char *source, size_t record,
                      struct error **err) {
    if (fields->len < 3)
        return error_set(err, "token file '%s' must have at least 3 columns (token, user name, user uid), found %zu", source,
                         fields->len);
    if (!*fields->items[0]) {
        log_warning("empty token has been found in token file, ignoring", "file", source, "record", log_int((int64_t)record),
                    NULL);
        return 0;
    }
    if (map_has(&self->users, fields->items[0]))
        log_warning("duplicate token has been found in token file, the last one counts", "file", source, "record",
                    log_int((int64_t)record), NULL);
    struct user_info *user = alloc_zero(sizeof(*user));
    user->name = alloc_string(fields->items[1]);
    user->uid = alloc_string(fields->items[2]);
    if (fields->len >= 4) {
        AUTO_STR_LIST groups = {0};
        str_list_split(&groups, fields->items[3], ',');
        for (size_t i = 0; i < groups.len; i++) {
            AUTO_STR group = {0};
            trim(groups.items[i], &group);
            str_list_add(&user->groups, str_text(&group));
        }
    }
    map_put(&self->users, fields->items[0], user);
    return 0;
}

int token_file_authenticator_new_from_text(const char *text, size_t len, const char *source,
                                           struct authenticator **ret_authenticator, struct error **err) {
    struct token_file *self = alloc_zero(sizeof(*self));
    self->base.ops = &token_file_ops;
    self->users = MAP_OWNING(user_free);

    const char *cursor = text, *end = text + len;
    for (size_t record = 1; cursor < end; record++) {
        if (*cursor == '\n' || *cursor == '\r') { // empty lines are no records
            cursor++;
            record--;
            continue;
        }
        AUTO_STR_LIST fields = {0};
        AUTO_ERROR problem = NULL;
        if (csv_record(&cursor, end, &fields, &problem) < 0) {
            error_set(err, "read token file \"%s\": record %zu: %s", source, record, error_message(problem));
            token_file_free(&self->base);
            return -1;
        }
        if (add_record(self, &fields, source, record, err) < 0) {
            token_file_free(&self->base);
            return -1;
        }
    }
    *ret_authenticator = &self->base;
    return 0;
}

int token_file_authenticator_new(const char *path, struct authenticator **ret_authenticator, struct error **err) {
    AUTO_STR text = {0};
    if (file_read(path, TOKEN_FILE_MAX, &text, err) < 0)
        return -1;
    return token_file_authenticator_new_from_text(str_text(&text), text.len, path, ret_authenticator, err);
}
