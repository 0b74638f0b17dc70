// SPDX-License-Identifier: Apache-2.0
// The continue tokens of paged lists.
#include "apiserver/registry/continue_token.h"

#include <string.h>

#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/base/encoding.h"
#include "common/data/json.h"

char *continue_token_encode(const char *after, int64_t revision) {
    AUTO_STR text = {0};
    AUTO_STR token = {0};
    str_append(&text, "{\"v\":\"meta.k8s.io/v1\",\"rv\":");
    str_append_int(&text, revision);
    str_append(&text, ",\"start\":");
    // The first key that may come next: the last one with a NUL behind it.
    json_write_string(&text, after);
    str_truncate(&text, text.len - 1);
    str_append(&text, "\\u0000\"}");
    base64url_encode(&token, text.data, text.len);
    return str_take(&token);
}

// No way out of the list's prefix: upstream refuses what path.Clean would change.
static bool is_clean(const char *key) {
    const char *part = key[0] == '/' ? key + 1 : key;
    for (;;) {
        size_t len = strcspn(part, "/");
        bool dots = (len == 1 && part[0] == '.') || (len == 2 && part[0] == '.' && part[1] == '.');
        if (len == 0 || dots)
            return false;
        if (part[len] == '\0')
            return true;
        part += len + 1;
    }
}

int continue_token_decode(const char *token, char **ret_after, int64_t *ret_revision, struct error **err) {
    AUTO_STR text = {0};
    AUTO_JSON tree = NULL;
    AUTO_ERROR cause = NULL;
    if (!base64url_decode(&text, token, strlen(token)))
        return status_bad_request(err, "continue key is not valid: illegal base64 data");
    if (json_parse(str_text(&text), text.len, NULL, &tree, &cause) < 0)
        return status_bad_request(err, "continue key is not valid: %s", error_message(cause));
    const char *version = json_get_text(tree, "v");
    if (!str_equal(version, "meta.k8s.io/v1"))
        return status_bad_request(err, "continue key is not valid: server does not recognize this encoded version \"%s\"",
                                  version);
    int64_t revision = json_get_int(tree, "rv", 0);
    if (revision == 0 || revision < -1)
        return status_bad_request(err,
                                  "continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
    const struct json *start = json_get(tree, "start");
    const char *key = json_string(start);
    if (!key || key[0] == '\0')
        return status_bad_request(err, "continue key is not valid: encoded start key empty (version meta.k8s.io/v1)");
    // The NUL at the end makes it "behind this key"; nothing else is ever handed out.
    if (strlen(key) + 1 != json_string_len(start) || !is_clean(key))
        return status_bad_request(err, "continue key is not valid: %s", key);
    *ret_after = alloc_string(key[0] == '/' ? key + 1 : key);
    *ret_revision = revision;
    return 0;
}
