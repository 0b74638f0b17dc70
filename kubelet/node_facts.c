// SPDX-License-Identifier: Apache-2.0
// What the kubelet knows of its machine.
#include "kubelet/node_facts.h"

#include <ifaddrs.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/api/quantity.h"
#include "common/base/alloc.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/process.h"
#include "common/net/ip.h"

#define SMALL_FILE 65536

// The first line of a file without white space around it; "" if it can't be read. malloc'd.
static char *first_line(const char *path) {
    AUTO_STR text = {0};
    if (file_read(path, SMALL_FILE, &text, NULL) < 0)
        return alloc_string("");
    return alloc_string_n(str_text(&text), strcspn(str_text(&text), "\n"));
}

// The value of `key` in a file of lines "key=value" or "key: value unit". malloc'd, quotes removed; NULL if absent.
static char *value_in(const char *path, const char *key, char separator) {
    AUTO_STR text = {0};
    if (file_read(path, SMALL_FILE, &text, NULL) < 0 || text.len == 0)
        return NULL;
    char *state = NULL;
    for (char *line = strtok_r(text.data, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
        size_t len = strlen(key);
        if (strncmp(line, key, len) != 0 || line[len] != separator)
            continue;
        char *value = line + len + 1;
        value += strspn(value, " \t\"");
        value[strcspn(value, "\"")] = '\0';
        return alloc_string(value);
    }
    return NULL;
}

bool node_facts_swap_on(void) {
    AUTO_STR text = {0};
    if (file_read("/proc/swaps", SMALL_FILE, &text, NULL) < 0)
        return false;
    const char *second = strchr(str_text(&text), '\n');
    return second && second[1] != '\0';
}

// --- addresses -----------------------------------------------------------------------------------------------------------------

static bool usable(const struct sockaddr *address, struct ip *ret_ip) {
    if (!address)
        return false;
    *ret_ip = (struct ip){0};
    if (address->sa_family == AF_INET) {
        memcpy(ret_ip->bytes, &((const struct sockaddr_in *)address)->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        ret_ip->v6 = true;
        memcpy(ret_ip->bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
    } else {
        return false;
    }
    return !ip_is_loopback(ret_ip) && !ip_is_unspecified(ret_ip) && !ip_is_link_local(ret_ip) && !ip_is_multicast(ret_ip);
}

static bool is_local(const struct ip *wanted) {
    struct ifaddrs *list = NULL;
    bool found = false;
    if (getifaddrs(&list) < 0)
        return false;
    for (struct ifaddrs *row = list; row; row = row->ifa_next) {
        struct ip ip;
        found = found || (usable(row->ifa_addr, &ip) && ip_equal(&ip, wanted));
    }
    freeifaddrs(list);
    return found;
}

static bool by_hostname(const char *hostname, struct str_list *out) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    char text[IP_TEXT_SIZE];
    if (getaddrinfo(hostname, NULL, &hints, &found) != 0)
        return false;
    for (struct addrinfo *row = found; row && out->len == 0; row = row->ai_next) {
        struct ip ip;
        if (usable(row->ai_addr, &ip) && is_local(&ip))
            str_list_add(out, ip_format(&ip, text));
    }
    freeaddrinfo(found);
    return out->len > 0;
}

// The interface of the IPv4 default route; "" if there is none.
static void default_interface(char name[IF_NAMESIZE]) {
    name[0] = '\0';
    FILE *file = fopen("/proc/net/route", "re");
    if (!file)
        return;
    char line[512], candidate[IF_NAMESIZE], destination[32];
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%15s %31s", candidate, destination) == 2 && strcmp(destination, "00000000") == 0) {
            memcpy(name, candidate, IF_NAMESIZE);
            break;
        }
    }
    fclose(file);
}

// Prefers the interface of the default route, then any that is up; IPv4 before IPv6.
static void by_interface(struct str_list *out) {
    char preferred[IF_NAMESIZE], text[IP_TEXT_SIZE];
    default_interface(preferred);
    struct ifaddrs *list = NULL;
    if (getifaddrs(&list) < 0)
        return;
    for (int pass = 0; pass < 4 && out->len == 0; pass++) {
        for (struct ifaddrs *row = list; row && out->len == 0; row = row->ifa_next) {
            struct ip ip;
            if (!(row->ifa_flags & IFF_UP) || !usable(row->ifa_addr, &ip) || ip.v6 != (pass % 2 == 1))
                continue;
            if (pass < 2 && strcmp(row->ifa_name, preferred) != 0)
                continue;
            str_list_add(out, ip_format(&ip, text));
        }
    }
    freeifaddrs(list);
}

static void read_addresses(const struct kubelet_options *options, struct node_facts *facts) {
    AUTO_STR_LIST wanted = {0};
    str_list_split(&wanted, options->node_ip, ',');
    for (size_t i = 0; i < wanted.len; i++) {
        struct ip ip;
        char text[IP_TEXT_SIZE];
        if (ip_parse(wanted.items[i], &ip) && !ip_is_unspecified(&ip))
            str_list_add(&facts->ips, ip_format(&ip, text));
    }
    if (facts->ips.len > 0 || by_hostname(facts->hostname, &facts->ips))
        return;
    by_interface(&facts->ips);
    if (facts->ips.len == 0) {
        log_warning("the machine has no address but loopback; using 127.0.0.1 (set --node-ip)", NULL);
        str_list_add(&facts->ips, "127.0.0.1");
    }
}

// --- capacity ------------------------------------------------------------------------------------------------------------------

static void add_hugepages(struct json *capacity) {
    static const struct {
        const char *folder, *name;
        int64_t bytes;
    } sizes[] = {{"hugepages-2048kB", "hugepages-2Mi", 2 << 20}, {"hugepages-1048576kB", "hugepages-1Gi", 1 << 30}};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        AUTO_STR path = {0};
        str_printf(&path, "/sys/kernel/mm/hugepages/%s/nr_hugepages", sizes[i].folder);
        if (!file_exists(str_text(&path)))
            continue;
        CLEANUP(free_ptr) char *text = first_line(str_text(&path));
        int64_t count = 0;
        if (!str_to_int64(text, &count))
            continue;
        struct quantity amount = quantity_of(count * sizes[i].bytes, QUANTITY_BINARY_SI);
        CLEANUP(free_ptr) char *words = quantity_text(&amount);
        json_set_string(capacity, sizes[i].name, words);
    }
}

static void subtract_reserved(const struct str_list *reserved, struct resource_amounts *from) {
    AUTO_JSON map = json_new_object();
    for (size_t i = 0; i < reserved->len; i++) {
        const char *equals = strchr(reserved->items[i], '=');
        CLEANUP(free_ptr) char *name = alloc_string_n(reserved->items[i], (size_t)(equals - reserved->items[i]));
        json_set_string(map, name, equals + 1);
    }
    AUTO_RESOURCE_AMOUNTS amounts = {0};
    resource_amounts_add_json(&amounts, map);
    resource_amounts_subtract(from, &amounts);
}

static void read_capacity(const struct kubelet_options *options, struct node_facts *facts) {
    int64_t cpus = sysconf(_SC_NPROCESSORS_ONLN);
    CLEANUP(free_ptr) char *memory = value_in("/proc/meminfo", "MemTotal", ':');
    int64_t kilobytes = memory ? strtoll(memory, NULL, 10) : 0;
    facts->memory_capacity = kilobytes * 1024;
    int64_t pods = options->max_pods;
    if (options->pods_per_core > 0)
        pods = MIN(pods, options->pods_per_core * cpus);
    AUTO_JSON extra = json_new_object();
    add_hugepages(extra);
    resource_amounts_add_json(&facts->capacity, extra);
    facts->capacity.cpu_milli = cpus * 1000;
    facts->capacity.memory = facts->memory_capacity;
    facts->capacity.pods = pods;
    struct statvfs disk;
    if (statvfs(options->root_dir, &disk) == 0)
        facts->capacity.ephemeral_storage = (int64_t)disk.f_blocks * (int64_t)disk.f_frsize;
    resource_amounts_copy(&facts->allocatable, &facts->capacity);
    subtract_reserved(&options->kube_reserved, &facts->allocatable);
    subtract_reserved(&options->system_reserved, &facts->allocatable);
}

// --- the whole -----------------------------------------------------------------------------------------------------------------

static void read_system(struct node_facts *facts) {
    struct utsname name = {0};
    if (uname(&name) == 0)
        facts->kernel_version = alloc_string(name.release);
    else
        facts->kernel_version = alloc_string("");
    facts->architecture = alloc_string(strcmp(name.machine, "x86_64") == 0    ? "amd64"
                                       : strcmp(name.machine, "aarch64") == 0 ? "arm64"
                                                                              : name.machine);
    facts->machine_id = first_line("/etc/machine-id");
    if (!*facts->machine_id) {
        free(facts->machine_id);
        facts->machine_id = first_line("/var/lib/dbus/machine-id");
    }
    facts->system_uuid = first_line("/sys/class/dmi/id/product_uuid");
    if (!*facts->system_uuid) {
        free(facts->system_uuid);
        facts->system_uuid = alloc_string(facts->machine_id);
    }
    facts->boot_id = first_line("/proc/sys/kernel/random/boot_id");
    facts->os_image = value_in("/etc/os-release", "PRETTY_NAME", '=');
    if (!facts->os_image)
        facts->os_image = alloc_string("Unknown");
    CLEANUP(free_ptr) char *own = first_line("/proc/self/oom_score_adj");
    int64_t score = 0;
    // Without CAP_SYS_RESOURCE nobody may go below what they have; the runtime is taken to be in the same place.
    bool may_lower = prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE, 0, 0, 0) == 1;
    facts->least_oom_score = !may_lower && str_to_int64(own, &score) ? score : -1000;
}

int node_facts_read(const struct kubelet_options *options, struct runtime *runtime, struct node_facts *ret_facts,
                    struct error **err) {
    struct runtime_version version = {0};
    if (runtime->ops->version(runtime, &version, err) < 0)
        return error_prefix(err,
                            "failed to run Kubelet: validate service connection: validate CRI v1 runtime API for endpoint \"%s\"",
                            options->runtime_endpoint);
    struct node_facts facts = {0};
    facts.name = kubelet_options_node_name(options);
    facts.hostname = alloc_string(process_hostname());
    facts.runtime_name = alloc_string(version.name);
    facts.runtime_version = alloc_printf("%s://%s", version.name, version.version);
    runtime_version_clear(&version);
    read_addresses(options, &facts);
    read_capacity(options, &facts);
    read_system(&facts);
    *ret_facts = facts;
    return 0;
}

void node_facts_free(struct node_facts *facts) {
    free(facts->name);
    free(facts->hostname);
    str_list_free(&facts->ips);
    resource_amounts_free(&facts->capacity);
    resource_amounts_free(&facts->allocatable);
    free(facts->runtime_name);
    free(facts->runtime_version);
    free(facts->machine_id);
    free(facts->system_uuid);
    free(facts->boot_id);
    free(facts->kernel_version);
    free(facts->os_image);
    free(facts->architecture);
    *facts = (struct node_facts){0};
}
