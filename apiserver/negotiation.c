// SPDX-License-Identifier: Apache-2.0
// Content negotiation: which form an answer takes, and which form a body came in.
#include "apiserver/negotiation.h"

#include <stdlib.h>
#include <string.h>

#include "common/api/status.h"
#include "common/base/alloc.h"
#include "common/base/str.h"
#include "common/base/vec.h"

#define ACCEPTED_TYPES "application/json, application/yaml"
#define MAX_CLAUSES 64

// One clause of an Accept header.
struct clause {
    char *type; // "application/json", lower case
    char *as;
    char *group;
    char *version;
    bool pretty;
    double quality;
    size_t position;
};

static void clause_free(struct clause *clause) {
    free(clause->type);
    free(clause->as);
    free(clause->group);
    free(clause->version);
}

static char *trimmed(const char *text, size_t len) {
    while (len && (*text == ' ' || *text == '\t')) {
        text++;
        len--;
    }
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    struct str out = {0};
    if (len >= 2 && text[0] == '"' && text[len - 1] == '"')
        str_append_n(&out, text + 1, len - 2);
    else
        str_append_n(&out, text, len);
    return str_take(&out);
}

static void parse_parameter(struct clause *clause, const char *text, size_t len) {
    const char *equals = memchr(text, '=', len);
    if (!equals)
        return;
    CLEANUP(free_ptr) char *key = trimmed(text, (size_t)(equals - text));
    CLEANUP(free_ptr) char *value = trimmed(equals + 1, len - (size_t)(equals - text) - 1);
    if (str_equal(key, "as")) {
        free(clause->as);
        clause->as = STEAL(value);
    } else if (str_equal(key, "g")) {
        free(clause->group);
        clause->group = STEAL(value);
    } else if (str_equal(key, "v")) {
        free(clause->version);
        clause->version = STEAL(value);
    } else if (str_equal(key, "pretty")) {
        clause->pretty = str_equal(value, "1");
    } else if (str_equal(key, "q")) {
        if (!str_to_double(value, &clause->quality))
            clause->quality = 1;
    }
}

static void parse_clause(const char *text, size_t len, struct clause *clause) {
    size_t end = 0;
    while (end < len && text[end] != ';')
        end++;
    clause->type = trimmed(text, end);
    str_lower(clause->type);
    clause->quality = 1;
    while (end < len) {
        size_t start = ++end;
        while (end < len && text[end] != ';')
            end++;
        parse_parameter(clause, text + start, end - start);
    }
}

static int compare_clauses(const void *left, const void *right) {
    const struct clause *a = left, *b = right;
    if (a->quality != b->quality)
        return a->quality > b->quality ? -1 : 1;
    return a->position < b->position ? -1 : a->position > b->position;
}

// Best first; clauses beyond a bound are not looked at.
static void parse_accept(const char *accept, struct vec *clauses) {
    *clauses = VEC_OF(struct clause);
    while (*accept && clauses->len < MAX_CLAUSES) {
        size_t len = strcspn(accept, ",");
        struct clause clause = {.position = clauses->len};
        parse_clause(accept, len, &clause);
        vec_push(clauses, &clause);
        accept += len;
        accept += *accept == ',';
    }
    vec_sort(clauses, compare_clauses);
}

static void free_clauses(struct vec *clauses) {
    for (size_t i = 0; i < clauses->len; i++)
        clause_free(VEC_AT(clauses, struct clause, i));
    vec_free(clauses);
}

static bool is_json(const struct clause *clause) {
    return str_equal(clause->type, "application/json") || str_equal(clause->type, "application/*") ||
           str_equal(clause->type, "*/*");
}

static bool is_plain(const struct clause *clause) {
    return str_empty(clause->as) && str_empty(clause->group) && str_empty(clause->version);
}

static bool clause_fits(const struct clause *clause, bool tables, struct negotiation *ret_negotiation) {
    bool yaml = str_equal(clause->type, "application/yaml");
    struct negotiation result = {.yaml = yaml, .pretty = clause->pretty, .meta_version = "v1"};
    if ((!is_json(clause) && !yaml) || clause->quality <= 0)
        return false;
    if (!is_plain(clause)) {
        bool beta = str_equal(clause->version, "v1beta1");
        if (!tables || !str_equal(clause->group, "meta.k8s.io") || !(beta || str_equal(clause->version, "v1")))
            return false;
        if (str_equal(clause->as, "Table"))
            result.form = NEGOTIATION_TABLE;
        else if (str_equal(clause->as, "PartialObjectMetadata") || str_equal(clause->as, "PartialObjectMetadataList"))
            result.form = NEGOTIATION_PARTIAL;
        else
            return false;
        if (beta)
            result.meta_version = "v1beta1";
    }
    *ret_negotiation = result;
    return true;
}

int negotiation_accept(const char *accept, bool tables, struct negotiation *ret_negotiation, struct error **err) {
    if (str_empty(accept) || str_equal(accept, "application/json") || str_equal(accept, "*/*")) {
        *ret_negotiation = (struct negotiation){.meta_version = "v1"};
        return 0;
    }
    CLEANUP(free_clauses) struct vec clauses = {0};
    parse_accept(accept, &clauses);
    for (size_t i = 0; i < clauses.len; i++)
        if (clause_fits(VEC_AT(&clauses, struct clause, i), tables, ret_negotiation))
            return 0;
    return status_not_acceptable(err, "only the following media types are accepted: " ACCEPTED_TYPES);
}

bool negotiation_prefers(const char *accept, const char *group, const char *version, const char *kind) {
    if (str_empty(accept))
        return false;
    CLEANUP(free_clauses) struct vec clauses = {0};
    parse_accept(accept, &clauses);
    for (size_t i = 0; i < clauses.len; i++) {
        const struct clause *clause = VEC_AT(&clauses, struct clause, i);
        if (clause->quality <= 0 || !is_json(clause))
            continue;
        if (is_plain(clause))
            return false;
        if (str_equal(clause->as, kind) && str_equal(clause->group, group) && str_equal(clause->version, version))
            return true;
    }
    return false;
}

bool negotiation_pretty(const char *parameter, const char *user_agent) {
    bool pretty = false;
    if (!str_empty(parameter))
        return str_to_bool(parameter, &pretty) && pretty;
    return user_agent &&
           (str_starts(user_agent, "curl") || str_starts(user_agent, "Wget") || str_starts(user_agent, "Mozilla/5.0"));
}

int negotiation_body(const char *content_type, bool *ret_yaml, struct error **err) {
    if (str_empty(content_type)) {
        *ret_yaml = false;
        return 0;
    }
    CLEANUP(free_ptr) char *type = trimmed(content_type, strcspn(content_type, ";"));
    str_lower(type);
    if (str_equal(type, "application/json") || str_equal(type, "application/yaml")) {
        *ret_yaml = str_equal(type, "application/yaml");
        return 0;
    }
    return status_unsupported_media_type(
        err, "the body of the request was in an unknown format - accepted media types include: " ACCEPTED_TYPES);
}

const char *negotiation_content_type(const struct negotiation *negotiation) {
    return negotiation->yaml ? "application/yaml" : "application/json";
}
