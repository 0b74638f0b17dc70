// SPDX-License-Identifier: Apache-2.0
// Which controllers there are and which of them the flag asks for.
#include "controller-manager/controllers.h"

#include "controller-manager/garbage_collector.h"
#include "controller-manager/namespace_controller.h"
#include "controller-manager/node_lifecycle_controller.h"
#include "controller-manager/replicaset_controller.h"
#include "controller-manager/root_ca_publisher.h"
#include "controller-manager/serviceaccount_controller.h"
#include "controller-manager/taint_eviction_controller.h"

const struct controller_descriptor *const controllers_all[] = {
    &serviceaccount_controller, &root_ca_publisher,         &replicaset_controller,     &namespace_controller,
    &garbage_collector,         &node_lifecycle_controller, &taint_eviction_controller,
};
const size_t controllers_count = ARRAY_LEN(controllers_all);

static bool has_name(const struct controller_descriptor *controller, const char *name) {
    return str_equal(controller->name, name) || str_equal(controller->alias, name);
}

bool controllers_enabled(const struct str_list *flag, const struct controller_descriptor *controller) {
    bool enabled = str_list_contains(flag, "*");
    for (size_t i = 0; i < flag->len; i++) {
        const char *item = flag->items[i];
        if (item[0] == '-' && has_name(controller, item + 1))
            return false;
        if (has_name(controller, item))
            enabled = true;
    }
    return enabled;
}

static bool known(const char *name) {
    if (str_equal(name, "*"))
        return true;
    for (size_t i = 0; i < controllers_count; i++) {
        if (has_name(controllers_all[i], name))
            return true;
    }
    return false;
}

int controllers_check_flag(const struct str_list *flag, struct error **err) {
    for (size_t i = 0; i < flag->len; i++) {
        const char *name = flag->items[i];
        if (!known(name[0] == '-' ? name + 1 : name))
            return error_set(err, "\"%s\" is not in the list of known controllers", name[0] == '-' ? name + 1 : name);
    }
    return 0;
}
