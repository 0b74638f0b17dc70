// SPDX-License-Identifier: Apache-2.0
// Claiming pods: the decision table, and what is written.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/api/resources.h"
#include "common/base/alloc.h"
#include "common/client/informer.h"
#include "common/controller/controller_ref.h"

static const struct object *pod_of(const char *name, const char *labels, const char *owner_uid, bool deleting) {
    AUTO_STR text = {0};
    str_printf(&text,
               "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"n\",\"uid\":\"uid-%s\","
               "\"labels\":{%s}%s",
               name, name, labels, deleting ? ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"" : "");
    if (owner_uid)
        str_printf(&text,
                   ",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":\"r\",\"uid\":\"%s\","
                   "\"controller\":true}]",
                   owner_uid);
    str_append(&text, "}}");
    struct object *object = NULL;
    AUTO_ERROR err = NULL;
    if (object_new_from_bytes(text.data, text.len, resource_pods(), &object, &err) < 0)
        fail_msg("%s", error_message(err));
    return object;
}

static const struct {
    const char *labels, *owner;
    bool owner_deleting, pod_deleting;
    enum claim wanted;
} decisions[] = {
    {"\"a\":\"b\"", "me", false, false, CLAIM_OURS},      {"\"a\":\"b\"", "me", true, true, CLAIM_OURS},
    {"\"a\":\"x\"", "me", false, false, CLAIM_RELEASE},   {"\"a\":\"x\"", "me", true, false, CLAIM_IGNORE},
    {"\"a\":\"b\"", "other", false, false, CLAIM_IGNORE}, {"\"a\":\"x\"", "other", false, false, CLAIM_IGNORE},
    {"\"a\":\"b\"", NULL, false, false, CLAIM_ADOPT},     {"\"a\":\"b\"", NULL, true, false, CLAIM_IGNORE},
    {"\"a\":\"b\"", NULL, false, true, CLAIM_IGNORE},     {"\"a\":\"x\"", NULL, false, false, CLAIM_IGNORE},
};

static void test_decide(void **state) {
    (void)state;
    AUTO_SELECTOR selector = NULL;
    assert_int_equal(selector_parse("a=b", &selector, NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(decisions); i++) {
        AUTO_OBJECT pod = pod_of("p", decisions[i].labels, decisions[i].owner, decisions[i].pod_deleting);
        if (controller_ref_decide(pod, "me", decisions[i].owner_deleting, selector) != decisions[i].wanted)
            fail_msg("row %zu", i);
    }
}

// A pod control that writes down what it is asked, and fails where the test wants it.
struct recording {
    struct pod_control base;
    struct str log;
    const char *fail_name;
    int code;
    const char *reason;
};

static int record_patch(struct pod_control *control, const char *ns, const char *name, const struct json *patch,
                        struct error **err) {
    struct recording *recording = CONTAINER_OF(control, struct recording, base);
    char *text = json_text(patch);
    str_printf(&recording->log, "%s/%s %s\n", ns, name, text);
    free(text);
    if (recording->fail_name && strcmp(recording->fail_name, name) == 0)
        return error_set_api(err, recording->code, recording->reason, "refused");
    return 0;
}

static int allow_adoption(void *context, struct error **err) {
    (void)err;
    ++*(int *)context;
    return 0;
}

static int refuse_adoption(void *context, struct error **err) {
    ++*(int *)context;
    return error_set(err, "original ReplicaSet n/r is gone");
}

struct claim_case {
    int (*can_adopt)(void *context, struct error **err);
    const char *fail_name;
    int code;
    const char *reason;
    int result;
    const char *claimed; // names
    const char *message; // part of the error
    int asked;
};

static void check_claim(const struct claim_case *row) {
    static const struct pod_control_ops ops = {.patch = record_patch};
    struct recording recording = {.base.ops = &ops, .fail_name = row->fail_name, .code = row->code, .reason = row->reason};
    AUTO_SELECTOR selector = NULL;
    assert_int_equal(selector_parse("a=b", &selector, NULL), 0);
    AUTO_OBJECT owner = pod_of("r", "", NULL, false);
    struct ptr_vec candidates = {0};
    ptr_vec_push(&candidates, (void *)pod_of("ours", "\"a\":\"b\"", "uid-r", false));
    ptr_vec_push(&candidates, (void *)pod_of("orphan1", "\"a\":\"b\"", NULL, false));
    ptr_vec_push(&candidates, (void *)pod_of("orphan2", "\"a\":\"b\"", NULL, false));
    ptr_vec_push(&candidates, (void *)pod_of("leaver", "\"a\":\"x\"", "uid-r", false));
    int asked = 0;
    struct controller_ref_claim claim = {
        .pods = &recording.base, .owner = owner, .selector = selector, .can_adopt = row->can_adopt, .context = &asked};
    struct ptr_vec claimed = {0};
    AUTO_ERROR err = NULL;
    assert_int_equal(controller_ref_claim_pods(&claim, &candidates, &claimed, &err), row->result);
    AUTO_STR names = {0};
    for (size_t i = 0; i < claimed.len; i++)
        str_printf(&names, "%s ", ((const struct object *)claimed.items[i])->name);
    assert_string_equal(str_text(&names), row->claimed);
    assert_int_equal(asked, row->asked);
    if (row->message)
        assert_non_null(strstr(error_message(err), row->message));
    if (row->result == 0) {
        assert_non_null(strstr(recording.log.data, "n/orphan1 {\"metadata\":{\"uid\":\"uid-orphan1\",\"ownerReferences\":["));
        assert_non_null(strstr(recording.log.data, "\"controller\":true"));
        assert_non_null(strstr(recording.log.data,
                               "n/leaver {\"metadata\":{\"uid\":\"uid-leaver\",\"ownerReferences\":[{\"$patch\":"
                               "\"delete\",\"uid\":\"uid-r\"}]}}"));
    }
    str_free(&recording.log);
    informer_release(&claimed);
    informer_release(&candidates);
}

static void test_claim(void **state) {
    (void)state;
    const struct claim_case rows[] = {
        {allow_adoption, NULL, 0, NULL, 0, "ours orphan1 orphan2 ", NULL, 1},
        {allow_adoption, "orphan1", 404, "NotFound", 0, "ours orphan2 ", NULL, 1},
        {allow_adoption, "leaver", 404, "NotFound", 0, "ours orphan1 orphan2 ", NULL, 1},
        {allow_adoption, "leaver", 422, "Invalid", 0, "ours orphan1 orphan2 ", NULL, 1},
        {allow_adoption, "leaver", 500, "InternalError", -1, "", "refused", 1},
        {allow_adoption, "orphan2", 403, "Forbidden", -1, "", "refused", 1},
        {refuse_adoption, NULL, 0, NULL, -1, "", "can't adopt Pod n/orphan1 (uid-orphan1): original ReplicaSet n/r is gone", 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_claim(&rows[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decide),
        cmocka_unit_test(test_claim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
