// SPDX-License-Identifier: Apache-2.0
// The admission plug-ins in upstream's order, and running them.
#include "apiserver/admission/chain.h"

#include <stdlib.h>

#include "apiserver/admission/default_toleration_seconds.h"
#include "apiserver/admission/namespace_lifecycle.h"
#include "common/base/alloc.h"
#include "common/base/vec.h"

// The order is meaning: what mutates comes before what counts and refuses. Rows without a type are upstream's names that this server does
// not have: they may be disabled, not enabled.
static const struct row {
    const char *name;
    const struct admission_plugin_type *type;
    bool on; // without being enabled
} rows[] = {
    {"AlwaysAdmit", NULL, false},
    {"NamespaceAutoProvision", NULL, false},
    {"NamespaceLifecycle", &namespace_lifecycle, true},
    {"NamespaceExists", NULL, false},
    {"LimitPodHardAntiAffinityTopology", NULL, false},
    {"LimitRanger", NULL, false},
    {"ServiceAccount", NULL, false},
    {"NodeRestriction", NULL, false},
    {"TaintNodesByCondition", NULL, false},
    {"AlwaysPullImages", NULL, false},
    {"ImagePolicyWebhook", NULL, false},
    {"PodSecurity", NULL, false},
    {"PodNodeSelector", NULL, false},
    {"Priority", NULL, false},
    {"DefaultTolerationSeconds", &default_toleration_seconds, true},
    {"PodTolerationRestriction", NULL, false},
    {"EventRateLimit", NULL, false},
    {"ExtendedResourceToleration", NULL, false},
    {"DefaultStorageClass", NULL, false},
    {"StorageObjectInUseProtection", NULL, false},
    {"OwnerReferencesPermissionEnforcement", NULL, false},
    {"PersistentVolumeClaimResize", NULL, false},
    {"RuntimeClass", NULL, false},
    {"CertificateApproval", NULL, false},
    {"CertificateSigning", NULL, false},
    {"ClusterTrustBundleAttest", NULL, false},
    {"CertificateSubjectRestriction", NULL, false},
    {"DefaultIngressClass", NULL, false},
    {"DenyServiceExternalIPs", NULL, false},
    {"MutatingAdmissionPolicy", NULL, false},
    {"MutatingAdmissionWebhook", NULL, false},
    {"ValidatingAdmissionPolicy", NULL, false},
    {"ValidatingAdmissionWebhook", NULL, false},
    {"ResourceQuota", NULL, false},
    {"AlwaysDeny", NULL, false},
};

// Constant after admission_chain_new.
struct admission_chain {
    struct ptr_vec plugins; // struct admission_plugin *, in order
};

static const struct row *find(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (str_equal(rows[i].name, name))
            return &rows[i];
    return NULL;
}

static int check_names(const struct str_list *enable, const struct str_list *disable, struct error **err) {
    for (size_t i = 0; i < enable->len; i++)
        if (!find(enable->items[i]))
            return error_set(err, "enable-admission-plugins plugin \"%s\" is unknown", enable->items[i]);
    for (size_t i = 0; i < disable->len; i++)
        if (!find(disable->items[i]))
            return error_set(err, "disable-admission-plugins plugin \"%s\" is unknown", disable->items[i]);
    for (size_t i = 0; i < enable->len; i++) {
        if (str_list_contains(disable, enable->items[i]))
            return error_set(err, "[%s] in enable-admission-plugins and disable-admission-plugins overlapped", enable->items[i]);
        if (!find(enable->items[i])->type)
            return error_set(err, "enable-admission-plugins plugin \"%s\" is not available in this version", enable->items[i]);
    }
    return 0;
}

int admission_chain_new(const struct admission_setup *setup, struct admission_chain **ret_chain, struct error **err) {
    AUTO_STR_LIST enable = {0};
    AUTO_STR_LIST disable = {0};
    str_list_split(&enable, setup->enable ? setup->enable : "", ',');
    str_list_split(&disable, setup->disable ? setup->disable : "", ',');
    if (check_names(&enable, &disable, err) < 0)
        return -1;
    struct admission_chain *chain = alloc_zero(sizeof(*chain));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct admission_plugin *plugin = NULL;
        bool on = rows[i].type && (rows[i].on || str_list_contains(&enable, rows[i].name));
        if (!on || str_list_contains(&disable, rows[i].name))
            continue;
        if (rows[i].type->start(setup, &plugin, err) < 0) {
            error_prefix(err, "couldn't init admission plugin \"%s\"", rows[i].name);
            admission_chain_free(chain);
            return -1;
        }
        ptr_vec_push(&chain->plugins, plugin);
    }
    *ret_chain = chain;
    return 0;
}

void admission_chain_free(struct admission_chain *chain) {
    if (!chain)
        return;
    for (size_t i = 0; i < chain->plugins.len; i++) {
        struct admission_plugin *plugin = chain->plugins.items[i];
        plugin->type->free(plugin);
    }
    ptr_vec_free(&chain->plugins);
    free(chain);
}

int admission_chain_mutate(struct admission_chain *chain, struct admission_attributes *attributes, struct error **err) {
    for (size_t i = 0; i < chain->plugins.len; i++) {
        struct admission_plugin *plugin = chain->plugins.items[i];
        if (!(plugin->type->operations & attributes->operation) || !plugin->type->mutate)
            continue;
        if (plugin->type->mutate(plugin, attributes, err) < 0)
            return -1;
    }
    return 0;
}

int admission_chain_validate(struct admission_chain *chain, const struct admission_attributes *attributes, struct error **err) {
    for (size_t i = 0; i < chain->plugins.len; i++) {
        struct admission_plugin *plugin = chain->plugins.items[i];
        if (!(plugin->type->operations & attributes->operation) || !plugin->type->validate)
            continue;
        if (plugin->type->validate(plugin, attributes, err) < 0)
            return -1;
    }
    return 0;
}

char *admission_chain_names(const struct admission_chain *chain) {
    AUTO_STR names = {0};
    for (size_t i = 0; i < chain->plugins.len; i++)
        str_printf(&names, "%s%s", i ? "," : "", ((const struct admission_plugin *)chain->plugins.items[i])->type->name);
    return str_take(&names);
}
