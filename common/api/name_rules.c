// SPDX-License-Identifier: Apache-2.0
// Rules for names, each a hand-written matcher of upstream's regular expression, with upstream's text.
#include "common/api/name_rules.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/macro.h"
#include "common/base/str.h"

#define LABEL_MAX 63
#define SUBDOMAIN_MAX 253
#define CONFIG_KEY_MAX 253
#define PORT_NAME_MAX 15

static const char label_text[] =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
    "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
static const char subdomain_text[] = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
                                     "'.', and must start and end with an "
                                     "alphanumeric character (e.g. 'example.com', regex used for validation is "
                                     "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
static const char label_1035_text[] =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end "
    "with "
    "an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
static const char name_part_text[] =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
static const char qualified_text[] =
    "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
static const char label_value_text[] =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
    "an "
    "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
static const char c_identifier_text[] =
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' "
    "(e.g. "
    "'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')";
static const char env_var_text[] =
    "a valid environment variable name must consist only of printable ASCII characters other than '='";
static const char config_key_text[] = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
                                      "'key.name',  or 'KEY_NAME',  or 'key-name', "
                                      "regex used for validation is '[-._a-zA-Z0-9]+')";

// Messages with a part of their own.
static _Thread_local char buffer[512];

static const char *too_long(size_t max) {
    snprintf(buffer, sizeof(buffer), "must be no more than %zu bytes", max);
    return buffer;
}

static bool is_lower(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(unsigned char c) {
    return is_lower(c) || (c >= 'A' && c <= 'Z');
}

// Characters of a text up to len: alphanumeric at both ends, `middle` allowed between. lower: no capitals.
static bool is_word(const char *text, size_t len, const char *middle, bool lower) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool good = lower ? is_lower(c) : is_alnum(c);
        if (!good && (i == 0 || i == len - 1 || !strchr(middle, c)))
            return false;
    }
    return len > 0;
}

static bool has_only(const char *text, const char *extra) {
    for (; *text; text++)
        if (!is_alnum((unsigned char)*text) && !strchr(extra, *text))
            return false;
    return true;
}

const char *name_rules_dns1123_label(const char *text) {
    if (strlen(text) > LABEL_MAX)
        return too_long(LABEL_MAX);
    return is_word(text, strlen(text), "-", true) ? NULL : label_text;
}

static bool is_subdomain(const char *text) {
    for (;;) {
        size_t len = strcspn(text, ".");
        if (!is_word(text, len, "-", true))
            return false;
        if (!text[len])
            return true;
        text += len + 1;
    }
}

const char *name_rules_dns1123_subdomain(const char *text) {
    if (strlen(text) > SUBDOMAIN_MAX)
        return too_long(SUBDOMAIN_MAX);
    return is_subdomain(text) ? NULL : subdomain_text;
}

const char *name_rules_dns1035_label(const char *text) {
    if (strlen(text) > LABEL_MAX)
        return too_long(LABEL_MAX);
    return is_word(text, strlen(text), "-", true) && !isdigit((unsigned char)*text) ? NULL : label_1035_text;
}

const char *name_rules_qualified_name(const char *text) {
    const char *slash = strchr(text, '/');
    const char *name = slash ? slash + 1 : text;
    if (slash && strchr(name, '/'))
        return qualified_text;
    if (slash == text)
        return "prefix part must be non-empty";
    if (slash) {
        char prefix[SUBDOMAIN_MAX + 2];
        snprintf(prefix, sizeof(prefix), "%.*s", (int)MIN((size_t)(slash - text), sizeof(prefix) - 1), text);
        const char *message = name_rules_dns1123_subdomain(prefix);
        if (message) {
            char rest[sizeof(buffer) - 16];
            snprintf(rest, sizeof(rest), "%s", message);
            snprintf(buffer, sizeof(buffer), "prefix part %s", rest);
            return buffer;
        }
    }
    if (!*name)
        return "name part must be non-empty";
    if (strlen(name) > LABEL_MAX) {
        snprintf(buffer, sizeof(buffer), "name part must be no more than %d bytes", LABEL_MAX);
        return buffer;
    }
    return is_word(name, strlen(name), "-_.", false) ? NULL : name_part_text;
}

const char *name_rules_label_value(const char *text) {
    if (strlen(text) > LABEL_MAX)
        return too_long(LABEL_MAX);
    return !*text || is_word(text, strlen(text), "-_.", false) ? NULL : label_value_text;
}

// "." and names that go up or hide in a directory of files.
static const char *dots(const char *text) {
    if (str_equal(text, "."))
        return "must not be '.'";
    if (str_equal(text, ".."))
        return "must not be '..'";
    return str_starts(text, "..") ? "must not start with '..'" : NULL;
}

const char *name_rules_env_var(const char *text) {
    if (!*text)
        return "environment variable name must be non-empty";
    for (; *text; text++)
        if (*text < ' ' || *text > '~' || *text == '=')
            return env_var_text;
    return NULL;
}

const char *name_rules_c_identifier(const char *text) {
    return *text && !isdigit((unsigned char)*text) && has_only(text, "_") ? NULL : c_identifier_text;
}

const char *name_rules_config_key(const char *text) {
    if (strlen(text) > CONFIG_KEY_MAX)
        return too_long(CONFIG_KEY_MAX);
    if (!*text || !has_only(text, "-._"))
        return config_key_text;
    return dots(text);
}

const char *name_rules_path_segment(const char *text) {
    if (str_equal(text, "."))
        return "may not be '.'";
    if (str_equal(text, ".."))
        return "may not be '..'";
    return strchr(text, '/') ? "may not contain '/'" : strchr(text, '%') ? "may not contain '%'" : NULL;
}

const char *name_rules_port_number(int64_t port) {
    return port >= 1 && port <= 65535 ? NULL : "must be between 1 and 65535, inclusive";
}

const char *name_rules_port_name(const char *text) {
    size_t len = strlen(text);
    if (len > PORT_NAME_MAX)
        return too_long(PORT_NAME_MAX);
    bool letter = false;
    for (size_t i = 0; i < len; i++) {
        if (!is_lower((unsigned char)text[i]) && text[i] != '-')
            return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
        letter = letter || isalpha((unsigned char)text[i]);
    }
    if (!letter)
        return "must contain at least one letter (a-z)";
    if (strstr(text, "--"))
        return "must not contain consecutive hyphens";
    return text[0] == '-' || text[len - 1] == '-' ? "must not begin or end with a hyphen" : NULL;
}

// Dotted decimals without leading zeros, which inet_pton refuses too.
static bool is_ipv4(const char *text) {
    struct in_addr address;
    return inet_pton(AF_INET, text, &address) == 1;
}

bool name_rules_is_ip(const char *text) {
    struct in6_addr address;
    return is_ipv4(text) || inet_pton(AF_INET6, text, &address) == 1;
}

const char *name_rules_ip(const char *text) {
    return name_rules_is_ip(text) ? NULL : "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
}

const char *name_rules_ipv4(const char *text) {
    return is_ipv4(text) ? NULL : "must be a valid IPv4 address";
}
