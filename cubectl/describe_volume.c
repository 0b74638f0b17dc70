// SPDX-License-Identifier: Apache-2.0
// Volumes, described by type.
#include "cubectl/describe_volume.h"

#include "common/base/macro.h"

static const char *true_or_false(const struct json *object, const char *member) {
    return json_get_bool(object, member, false) ? "true" : "false";
}

static void host_path(struct describe_text *text, const struct json *volume) {
    describe_line(text, 2, "Type:\tHostPath (bare host directory volume)\n");
    describe_line(text, 2, "Path:\t%s\n", json_get_text(volume, "path"));
    describe_line(text, 2, "HostPathType:\t%s\n", json_has(volume, "type") ? json_get_text(volume, "type") : "<none>");
}

static void empty_dir(struct describe_text *text, const struct json *volume) {
    const char *limit = json_get_text(volume, "sizeLimit");
    describe_line(text, 2, "Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)\n");
    describe_line(text, 2, "Medium:\t%s\n", json_get_text(volume, "medium"));
    describe_line(text, 2, "SizeLimit:\t%s\n", str_empty(limit) || str_equal(limit, "0") ? "<unset>" : limit);
}

static void secret(struct describe_text *text, const struct json *volume) {
    describe_line(text, 2, "Type:\tSecret (a volume populated by a Secret)\n");
    describe_line(text, 2, "SecretName:\t%s\n", json_get_text(volume, "secretName"));
    describe_line(text, 2, "Optional:\t%s\n", true_or_false(volume, "optional"));
}

static void config_map(struct describe_text *text, const struct json *volume) {
    describe_line(text, 2, "Type:\tConfigMap (a volume populated by a ConfigMap)\n");
    describe_line(text, 2, "Name:\t%s\n", json_get_text(volume, "name"));
    describe_line(text, 2, "Optional:\t%s\n", true_or_false(volume, "optional"));
}

static void downward_items(struct describe_text *text, const struct json *volume) {
    const struct json *items = json_get(volume, "items");
    describe_line(text, 2, "Items:\n");
    for (size_t i = 0; i < json_len(items); i++) {
        const struct json *item = json_at(items, i);
        const char *field = json_find_string(item, "fieldRef.fieldPath");
        describe_line(text, 3, "%s -> %s\n", field ? field : json_find_text(item, "resourceFieldRef.resource"),
                      json_get_text(item, "path"));
    }
}

static void downward(struct describe_text *text, const struct json *volume) {
    describe_line(text, 2, "Type:\tDownwardAPI (a volume populated by information about the pod)\n");
    downward_items(text, volume);
}

static void projected(struct describe_text *text, const struct json *volume) {
    const struct json *sources = json_get(volume, "sources"), *source;
    describe_line(text, 2, "Type:\tProjected (a volume that contains injected data from multiple sources)\n");
    for (size_t i = 0; i < json_len(sources); i++) {
        const struct json *entry = json_at(sources, i);
        if ((source = json_get(entry, "secret"))) {
            describe_line(text, 2, "SecretName:\t%s\n", json_get_text(source, "name"));
            describe_line(text, 2, "SecretOptionalName:\t%s\n",
                          json_has(source, "optional") ? true_or_false(source, "optional") : "<nil>");
        } else if (json_get(entry, "downwardAPI")) {
            describe_line(text, 2, "DownwardAPI:\ttrue\n");
        } else if ((source = json_get(entry, "configMap"))) {
            describe_line(text, 2, "ConfigMapName:\t%s\n", json_get_text(source, "name"));
            describe_line(text, 2, "ConfigMapOptional:\t%s\n",
                          json_has(source, "optional") ? true_or_false(source, "optional") : "<nil>");
        } else if ((source = json_get(entry, "serviceAccountToken"))) {
            describe_line(text, 2, "TokenExpirationSeconds:\t%lld\n", (long long)json_get_int(source, "expirationSeconds", 3600));
        }
    }
}

static void claim(struct describe_text *text, const struct json *volume) {
    describe_line(text, 2, "Type:\tPersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)\n");
    describe_line(text, 2, "ClaimName:\t%s\n", json_get_text(volume, "claimName"));
    describe_line(text, 2, "ReadOnly:\t%s\n", true_or_false(volume, "readOnly"));
}

static const struct {
    const char *member;
    void (*describe)(struct describe_text *text, const struct json *volume);
} types[] = {
    {"hostPath", host_path},          {"emptyDir", empty_dir},   {"secret", secret},
    {"configMap", config_map},        {"downwardAPI", downward}, {"projected", projected},
    {"persistentVolumeClaim", claim},
};

void describe_volumes(struct describe_text *text, const struct json *volumes, bool in_template) {
    describe_line(text, 0, "%sVolumes:%s\n", in_template ? "  " : "", json_len(volumes) == 0 ? "\t<none>" : "");
    for (size_t i = 0; i < json_len(volumes); i++) {
        const struct json *volume = json_at(volumes, i);
        bool known = false;
        describe_line(text, 1, "%s%s:\n", in_template ? " " : "", json_get_text(volume, "name"));
        for (size_t t = 0; t < ARRAY_LEN(types) && !known; t++)
            if (json_has(volume, types[t].member)) {
                types[t].describe(text, json_get(volume, types[t].member));
                known = true;
            }
        if (!known)
            describe_line(text, 1, "<unknown>\n");
    }
}
