// SPDX-License-Identifier: Apache-2.0
// Rules for names and other small texts (DNS labels, label values, ports, IPs, ...) with upstream's exact messages.
//
// Each returns NULL when the text is fine, else the message (a literal, or in a thread-local buffer that the next call overwrites). Where
// upstream gives several messages, the first is returned.
#ifndef CUBE_COMMON_API_NAME_RULES_H
#define CUBE_COMMON_API_NAME_RULES_H

#include <stdbool.h>
#include <stdint.h>

const char *name_rules_dns1123_label(const char *text);     // at most 63: `a lowercase RFC 1123 label must consist of ...`
const char *name_rules_dns1123_subdomain(const char *text); // at most 253
const char *name_rules_dns1035_label(const char *text);
const char *name_rules_qualified_name(const char *text); // label and annotation keys, resource names: [prefix/]name
const char *name_rules_label_value(const char *text);
const char *name_rules_env_var(const char *text); // as 1.32 by default: printable ASCII without =
const char *name_rules_c_identifier(const char *text);
const char *name_rules_config_key(const char *text); // keys of ConfigMap and Secret data
const char *name_rules_path_segment(const char *text);
const char *name_rules_port_number(int64_t port);
const char *name_rules_port_name(const char *text); // IANA service name
const char *name_rules_ip(const char *text);
const char *name_rules_ipv4(const char *text);
bool name_rules_is_ip(const char *text);

#endif
