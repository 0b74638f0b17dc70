// SPDX-License-Identifier: Apache-2.0
// The namespaces that every cluster has.
#include "apiserver/registry/registry.h"
#include "apiserver/registry/registry_state.h"
#include "common/data/json.h"

static int ensure(struct registry *registry, const char *name, struct error **err) {
    const struct resource *namespaces = resource_namespaces();
    struct watch_cache *cache = registry_cache(registry, namespaces);
    AUTO_OBJECT found = cache ? watch_cache_get(cache, "", name, NULL) : NULL;
    if (found)
        return 0;
    AUTO_STR body = {0};
    AUTO_REGISTRY_RESULT result = {0};
    AUTO_ERROR failed = NULL;
    struct registry_request request = {.resource = namespaces};
    str_printf(&body, "{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\"}}", name);
    struct registry_body as_body = {.bytes = str_text(&body), .len = body.len};
    if (registry_create(registry, &request, &as_body, &result, &failed) < 0 && !error_is(failed, "AlreadyExists"))
        return error_move(err, &failed);
    return 0;
}

int registry_ensure_system_namespaces(struct registry *registry, struct error **err) {
    static const char *const names[] = {"kube-system", "kube-public", "kube-node-lease", "default"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (ensure(registry, names[i], err) < 0)
            return -1;
    return 0;
}
