// SPDX-License-Identifier: Apache-2.0
// The list of strategies: each row belongs to a resource, none twice, and their hooks keep what the server owns.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "apiserver/registry/strategy.h"
#include "common/api/meta.h"
#include "common/base/alloc.h"

static const struct resource *resource_of(const struct strategy *strategy) {
    size_t count;
    const struct resource *const *all = resources_all(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i]->plural, strategy->resource) == 0 && strcmp(all[i]->group, strategy->group) == 0)
            return all[i];
    return NULL;
}

static void every_row_has_a_resource(void **state) {
    (void)state;
    size_t count;
    const struct strategy *const *all = strategy_all(&count);
    for (size_t i = 0; i < count; i++) {
        const struct resource *resource = resource_of(all[i]);
        if (!resource)
            fail_msg("no resource %s", all[i]->resource);
        assert_ptr_equal(strategy_of(resource), all[i]);
        // What holds an object must also say what becomes of it.
        assert_int_equal(all[i]->held != NULL, all[i]->mark_deleted != NULL);
        for (size_t j = 0; j < i; j++)
            assert_false(strcmp(all[i]->resource, all[j]->resource) == 0 && strcmp(all[i]->group, all[j]->group) == 0);
    }
    assert_non_null(strategy_of(resource_configmaps()));
}

struct hook_row {
    const char *resource;
    const char *subresource; // NULL: create
    const char *object;
    const char *old;
    const char *after;
};

static const struct hook_row rows[] = {
    {"namespaces", NULL, "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"finalizers\":[\"x\"]}}", NULL,
     "{\"metadata\":{\"name\":\"a\",\"labels\":{\"kubernetes.io/"
     "metadata.name\":\"a\"}},\"spec\":{\"finalizers\":[\"x\",\"kubernetes\"]},"
     "\"status\":{\"phase\":\"Active\"}}"},
    {"namespaces", "",
     "{\"metadata\":{\"name\":\"a\",\"labels\":{\"kubernetes.io/metadata.name\":\"b\"}},\"status\":{\"phase\":\"x\"}}",
     "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"finalizers\":[\"kubernetes\"]},\"status\":{\"phase\":\"Active\"}}",
     "{\"metadata\":{\"name\":\"a\",\"labels\":{\"kubernetes.io/metadata.name\":\"a\"}},\"status\":{\"phase\":\"Active\"},"
     "\"spec\":{\"finalizers\":[\"kubernetes\"]}}"},
    {"namespaces", "finalize", "{\"metadata\":{\"name\":\"a\"},\"spec\":{},\"status\":{\"phase\":\"x\"}}",
     "{\"metadata\":{\"name\":\"a\"},\"status\":{\"phase\":\"Terminating\"}}",
     "{\"metadata\":{\"name\":\"a\",\"labels\":{\"kubernetes.io/metadata.name\":\"a\"}},\"spec\":{},"
     "\"status\":{\"phase\":\"Terminating\"}}"},
    {"pods", NULL, "{\"metadata\":{},\"spec\":{\"containers\":[]},\"status\":{\"phase\":\"Running\"}}", NULL,
     "{\"metadata\":{},\"spec\":{\"containers\":[]},\"status\":{\"phase\":\"Pending\",\"qosClass\":\"BestEffort\"}}"},
    {"pods", NULL, "{\"metadata\":{},\"spec\":{\"schedulingGates\":[{\"name\":\"g\"}]}}", NULL,
     "{\"metadata\":{},\"spec\":{\"schedulingGates\":[{\"name\":\"g\"}]},\"status\":{\"phase\":\"Pending\",\"conditions\":[{"
     "\"type\":"
     "\"PodScheduled\",\"status\":\"False\",\"reason\":\"SchedulingGated\",\"message\":\"Scheduling is blocked due to non-empty "
     "scheduling gates\"}],\"qosClass\":\"BestEffort\"}}"},
    {"pods", "status", "{\"metadata\":{\"ownerReferences\":[{\"name\":\"x\"}]},\"status\":{\"phase\":\"Running\"}}",
     "{\"metadata\":{},\"status\":{\"phase\":\"Pending\",\"qosClass\":\"Burstable\"}}",
     "{\"metadata\":{},\"status\":{\"phase\":\"Running\",\"qosClass\":\"Burstable\"}}"},
    {"nodes", NULL, "{\"metadata\":{},\"status\":{\"phase\":\"x\"}}", NULL, "{\"metadata\":{},\"status\":{\"phase\":\"x\"}}"},
    {"replicasets", NULL, "{\"metadata\":{},\"status\":{\"replicas\":4}}", NULL, "{\"metadata\":{},\"status\":{\"replicas\":0}}"},
    {"secrets", NULL, "{\"data\":{\"a\":\"YQ==\",\"b\":\"Yg==\"},\"stringData\":{\"b\":\"c\",\"d\":\"\"}}", NULL,
     "{\"data\":{\"a\":\"YQ==\",\"b\":\"Yw==\",\"d\":\"\"}}"},
    {"secrets", "", "{\"stringData\":{\"b\":\"c\"}}", "{\"type\":\"kubernetes.io/tls\"}",
     "{\"data\":{\"b\":\"Yw==\"},\"type\":\"kubernetes.io/tls\"}"},
    {"serviceaccounts", NULL, "{\"secrets\":[{\"name\":\"a\",\"kind\":\"Secret\"}]}", NULL, "{\"secrets\":[{\"name\":\"a\"}]}"},
};

static struct json *parse(const char *text) {
    struct json *tree = NULL;
    if (text)
        assert_int_equal(json_parse(text, strlen(text), NULL, &tree, NULL), 0);
    return tree;
}

static const struct strategy *by_name(const char *name) {
    size_t count;
    const struct strategy *const *all = strategy_all(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i]->resource, name) == 0)
            return all[i];
    fail_msg("no strategy of %s", name);
    return NULL;
}

static void hooks(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct strategy *strategy = by_name(rows[i].resource);
        struct strategy_context context = {.resource = resource_of(strategy),
                                           .subresource = rows[i].subresource ? rows[i].subresource : ""};
        AUTO_JSON object = parse(rows[i].object);
        AUTO_JSON old = parse(rows[i].old);
        if (!rows[i].subresource)
            strategy->prepare_create(&context, object);
        else if (rows[i].subresource[0])
            strategy->prepare_subresource(&context, object, old);
        else
            strategy->prepare_update(&context, object, old);
        CLEANUP(free_ptr) char *after = json_text(object);
        assert_string_equal(after, rows[i].after);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_a_resource),
        cmocka_unit_test(hooks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
