// SPDX-License-Identifier: Apache-2.0
// The admission chain: which plug-ins run, and what each of them does to a write.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apiserver/admission/chain.h"
#include "common/api/resources.h"
#include "common/api/status.h"
#include "common/base/alloc.h"

// A reader of namespaces: what the cache says and what storage says, by name.
struct fake_reader {
    struct reader reader;
    const char *cached; // phase; NULL: there is none
    const char *live;
    int lookups; // of storage
};

static int answer(const char *phase, const struct resource *resource, const char *name, const struct object **ret_object,
                  struct error **err) {
    AUTO_STR text = {0};
    struct object *object = NULL;
    if (!phase)
        return status_not_found(err, resource, name);
    str_printf(&text,
               "{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\"},\"status\":{\"phase\":\"%s\"}}",
               name, phase);
    assert_int_equal(object_new_from_bytes(text.data, text.len, resource, &object, NULL), 0);
    *ret_object = object;
    return 0;
}

static int fake_get(struct reader *reader, const struct resource *resource, const char *ns, const char *name,
                    const struct object **ret_object, struct error **err) {
    struct fake_reader *self = CONTAINER_OF(reader, struct fake_reader, reader);
    assert_string_equal(ns, "");
    return answer(self->cached, resource, name, ret_object, err);
}

static int fake_get_live(struct reader *reader, const struct resource *resource, const char *ns, const char *name,
                         const struct object **ret_object, struct error **err) {
    struct fake_reader *self = CONTAINER_OF(reader, struct fake_reader, reader);
    assert_string_equal(ns, "");
    self->lookups++;
    return answer(self->live, resource, name, ret_object, err);
}

static const struct reader_ops fake_reader_ops = {.get = fake_get, .get_live = fake_get_live};

static struct admission_chain *new_chain(struct fake_reader *reader, struct clock *clock) {
    struct admission_chain *chain = NULL;
    struct admission_setup setup = {.reader = &reader->reader,
                                    .clock = clock,
                                    .default_not_ready_toleration_seconds = 300,
                                    .default_unreachable_toleration_seconds = 60};
    reader->reader.ops = &fake_reader_ops;
    assert_int_equal(admission_chain_new(&setup, &chain, NULL), 0);
    return chain;
}

static void flags(void **state) {
    (void)state;
    static const struct {
        const char *enable;
        const char *disable;
        const char *names;
        const char *message;
    } rows[] = {
        {"", "", "NamespaceLifecycle,DefaultTolerationSeconds", NULL},
        {"NamespaceLifecycle", "DefaultTolerationSeconds", "NamespaceLifecycle", NULL},
        {"", "LimitRanger,NamespaceLifecycle", "DefaultTolerationSeconds", NULL},
        {"Foo", "", NULL, "enable-admission-plugins plugin \"Foo\" is unknown"},
        {"", "Foo", NULL, "disable-admission-plugins plugin \"Foo\" is unknown"},
        {"NamespaceLifecycle", "NamespaceLifecycle", NULL,
         "[NamespaceLifecycle] in enable-admission-plugins and disable-admission-plugins overlapped"},
        {"AlwaysDeny", "", NULL, "enable-admission-plugins plugin \"AlwaysDeny\" is not available in this version"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fake_reader reader = {.reader = {&fake_reader_ops}};
        struct admission_setup setup = {
            .reader = &reader.reader, .clock = clock_system(), .enable = rows[i].enable, .disable = rows[i].disable};
        struct admission_chain *chain = NULL;
        AUTO_ERROR err = NULL;
        int failed = admission_chain_new(&setup, &chain, &err);
        if (failed) {
            assert_string_equal(error_message(err), rows[i].message);
            continue;
        }
        CLEANUP(free_ptr) char *names = admission_chain_names(chain);
        assert_string_equal(names, rows[i].names);
        admission_chain_free(chain);
    }
}

static void namespace_lifecycle_rows(void **state) {
    (void)state;
    static const struct {
        enum admission_operation operation;
        const char *resource;
        const char *ns;
        const char *name;
        const char *cached;
        const char *live;
        int code;
        const char *message;
    } rows[] = {
        {ADMISSION_CREATE, "configmaps", "a", "x", "Active", "Active", 0, NULL},
        {ADMISSION_CREATE, "configmaps", "a", "x", NULL, "Active", 0, NULL},
        {ADMISSION_CREATE, "configmaps", "a", "x", NULL, NULL, 404, "namespaces \"a\" not found"},
        {ADMISSION_CREATE, "configmaps", "a", "x", "Terminating", "Terminating", 403,
         "configmaps \"x\" is forbidden: unable to create new content in namespace a because it is being terminated"},
        {ADMISSION_UPDATE, "configmaps", "a", "x", "Terminating", "Terminating", 0, NULL},
        {ADMISSION_DELETE, "configmaps", "a", "x", NULL, NULL, 0, NULL},
        {ADMISSION_CREATE, "namespaces", "", "a", NULL, NULL, 0, NULL},
        {ADMISSION_CREATE, "nodes", "", "a", NULL, NULL, 0, NULL},
        {ADMISSION_DELETE, "namespaces", "", "default", "Active", "Active", 403,
         "namespaces \"default\" is forbidden: this namespace may not be deleted"},
        {ADMISSION_DELETE, "namespaces", "", "kube-system", "Active", "Active", 403, NULL},
        {ADMISSION_DELETE, "namespaces", "", "kube-public", "Active", "Active", 403, NULL},
        {ADMISSION_DELETE, "namespaces", "", "kube-node-lease", "Active", "Active", 0, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct clock *clock = clock_fake_new(0);
        struct fake_reader reader = {.cached = rows[i].cached, .live = rows[i].live};
        struct admission_chain *chain = new_chain(&reader, clock);
        AUTO_JSON object = json_new_object();
        AUTO_ERROR err = NULL;
        struct admission_attributes attributes = {.operation = rows[i].operation,
                                                  .resource = resources_find("", "v1", rows[i].resource),
                                                  .subresource = "",
                                                  .ns = rows[i].ns,
                                                  .name = rows[i].name,
                                                  .object = rows[i].operation == ADMISSION_DELETE ? NULL : object};
        int failed = admission_chain_mutate(chain, &attributes, &err);
        if ((failed ? err->code : 0) != rows[i].code || (rows[i].message && !str_equal(err->message, rows[i].message)))
            fail_msg("row %zu: %s", i, error_message(err));
        admission_chain_free(chain);
        clock_fake_free(clock);
    }
}

// Right after a delete, a cache that still says "active" is not believed; later it is.
static void deleted_namespace_is_looked_up(void **state) {
    (void)state;
    struct clock *clock = clock_fake_new(0);
    struct fake_reader reader = {.cached = "Active", .live = "Terminating"};
    struct admission_chain *chain = new_chain(&reader, clock);
    AUTO_JSON object = json_new_object();
    struct admission_attributes remove = {
        .operation = ADMISSION_DELETE, .resource = resource_namespaces(), .subresource = "", .ns = "", .name = "a"};
    struct admission_attributes create = {.operation = ADMISSION_CREATE,
                                          .resource = resource_configmaps(),
                                          .subresource = "",
                                          .ns = "a",
                                          .name = "x",
                                          .object = object};
    assert_int_equal(admission_chain_mutate(chain, &create, NULL), 0);
    assert_int_equal(reader.lookups, 0);
    assert_int_equal(admission_chain_mutate(chain, &remove, NULL), 0);
    AUTO_ERROR err = NULL;
    assert_int_equal(admission_chain_mutate(chain, &create, &err), -1);
    assert_int_equal(err->code, 403);
    assert_string_equal(err->causes[0].reason, "NamespaceTerminating");
    clock_fake_advance(clock, 31 * SECOND);
    assert_int_equal(admission_chain_mutate(chain, &create, NULL), 0);
    admission_chain_free(chain);
    clock_fake_free(clock);
}

#define NOT_READY(seconds)                                                                                                       \
    "{\"key\":\"node.kubernetes.io/not-ready\",\"operator\":\"Exists\",\"effect\":\"NoExecute\",\"tolerationSeconds\":" seconds  \
    "}"
#define UNREACHABLE(seconds)                                                                                                     \
    "{\"key\":\"node.kubernetes.io/"                                                                                             \
    "unreachable\",\"operator\":\"Exists\",\"effect\":\"NoExecute\",\"tolerationSeconds\":" seconds "}"

static void tolerations(void **state) {
    (void)state;
    static const struct {
        const char *resource;
        const char *subresource;
        const char *before;
        const char *after;
    } rows[] = {
        {"pods", "", "[]", "[" NOT_READY("300") "," UNREACHABLE("60") "]"},
        {"pods", "", "[" NOT_READY("5") "]", "[" NOT_READY("5") "," UNREACHABLE("60") "]"},
        {"pods", "", "[" UNREACHABLE("5") "]", "[" UNREACHABLE("5") "," NOT_READY("300") "]"},
        {"pods", "", "[{\"operator\":\"Exists\"}]", "[{\"operator\":\"Exists\"}]"},
        {"pods", "", "[{\"operator\":\"Exists\",\"effect\":\"NoSchedule\"}]",
         "[{\"operator\":\"Exists\",\"effect\":\"NoSchedule\"}," NOT_READY("300") "," UNREACHABLE("60") "]"},
        {"pods", "status", "[]", "[]"},
        {"configmaps", "", "[]", "[]"},
    };
    struct clock *clock = clock_fake_new(0);
    struct fake_reader reader = {.cached = "Active", .live = "Active"};
    struct admission_chain *chain = new_chain(&reader, clock);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_STR text = {0};
        AUTO_JSON object = NULL;
        str_printf(&text, "{\"spec\":{\"tolerations\":%s}}", rows[i].before);
        assert_int_equal(json_parse(text.data, text.len, NULL, &object, NULL), 0);
        struct admission_attributes attributes = {.operation = ADMISSION_CREATE,
                                                  .resource = resources_find("", "v1", rows[i].resource),
                                                  .subresource = rows[i].subresource,
                                                  .ns = "a",
                                                  .name = "x",
                                                  .object = object};
        assert_int_equal(admission_chain_mutate(chain, &attributes, NULL), 0);
        CLEANUP(free_ptr) char *after = json_text(json_find(object, "spec.tolerations"));
        assert_string_equal(after, rows[i].after);
        assert_int_equal(admission_chain_validate(chain, &attributes, NULL), 0);
    }
    admission_chain_free(chain);
    clock_fake_free(clock);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags),
        cmocka_unit_test(namespace_lifecycle_rows),
        cmocka_unit_test(deleted_namespace_is_looked_up),
        cmocka_unit_test(tolerations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
