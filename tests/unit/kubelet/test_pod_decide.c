// SPDX-License-Identifier: Apache-2.0
// What is decided for a pod in each situation: rows of (pod, what runs, what is remembered) -> actions.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "kubelet/pod_decide.h"

#define NOW (INT64_C(1000000) * SECOND)

// Containers are given newest first as "name:state[:exit[:seconds ago]]"; sandbox "ready", "dead" or "".
struct row {
    const char *title, *spec, *sandbox;
    const char *containers[6];
    const char *deleted; // "1" or NULL
    const char *actions; // in order, separated by spaces
    enum pod_outcome outcome;
};

#define TWO "\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]"
#define INIT "\"initContainers\":[{\"name\":\"i1\"},{\"name\":\"i2\"}]," TWO
#define SIDE "\"initContainers\":[{\"name\":\"s\",\"restartPolicy\":\"Always\"},{\"name\":\"i\"}]," TWO

static const struct row rows[] = {
    {"nothing yet", TWO, "", {0}, NULL, "sandbox:0", POD_OUTCOME_RUN},
    {"a sandbox", TWO, "ready", {0}, NULL, "start:a:0 start:b:0", POD_OUTCOME_RUN},
    {"all run", TWO, "ready", {"a:running", "b:running"}, NULL, "", POD_OUTCOME_RUN},
    {"one ended long ago", TWO, "ready", {"a:running", "b:exited:1:100"}, NULL, "start:b:1", POD_OUTCOME_RUN},
    {"ended well, Always",
     TWO ",\"restartPolicy\":\"Always\"",
     "ready",
     {"a:exited:0:1"},
     NULL,
     "start:a:1 start:b:0",
     POD_OUTCOME_RUN},
    {"ended well, OnFailure",
     TWO ",\"restartPolicy\":\"OnFailure\"",
     "ready",
     {"a:exited:0:1", "b:exited:2:1"},
     NULL,
     "start:b:1",
     POD_OUTCOME_RUN},
    {"both ended, Never",
     TWO ",\"restartPolicy\":\"Never\"",
     "ready",
     {"a:exited:0:1", "b:exited:2:1"},
     NULL,
     "stop",
     POD_OUTCOME_END},
    {"both ended, sandbox stopped",
     TWO ",\"restartPolicy\":\"Never\"",
     "dead",
     {"a:exited:0:1", "b:exited:2:1"},
     NULL,
     "",
     POD_OUTCOME_ENDED},
    {"sandbox died under Always", TWO, "dead", {"a:exited:137:1", "b:exited:137:1"}, NULL, "sandbox:1", POD_OUTCOME_RUN},
    {"sandbox died, one still runs", TWO, "dead", {"a:running", "b:exited:137:1"}, NULL, "kill:a", POD_OUTCOME_RUN},
    {"first init", INIT, "ready", {0}, NULL, "start:i1:0", POD_OUTCOME_RUN},
    {"init runs", INIT, "ready", {"i1:running"}, NULL, "", POD_OUTCOME_RUN},
    {"second init", INIT, "ready", {"i1:exited:0:1"}, NULL, "start:i2:0", POD_OUTCOME_RUN},
    {"inits done", INIT, "ready", {"i2:exited:0:1", "i1:exited:0:2"}, NULL, "start:a:0 start:b:0", POD_OUTCOME_RUN},
    {"init failed", INIT, "ready", {"i1:exited:1:1"}, NULL, "start:i1:1", POD_OUTCOME_RUN},
    {"init failed, Never", INIT ",\"restartPolicy\":\"Never\"", "ready", {"i1:exited:1:1"}, NULL, "stop", POD_OUTCOME_END},
    {"inits are not repeated", INIT, "ready", {"a:running", "b:exited:1:99"}, NULL, "start:b:1", POD_OUTCOME_RUN},
    {"sidecar first", SIDE, "ready", {0}, NULL, "start:s:0", POD_OUTCOME_RUN},
    {"sidecar runs, init next", SIDE, "ready", {"s:running"}, NULL, "start:i:0", POD_OUTCOME_RUN},
    {"sidecar ended meanwhile", SIDE, "ready", {"i:running", "s:exited:0:99"}, NULL, "start:s:1", POD_OUTCOME_RUN},
    {"sidecar ended later",
     SIDE,
     "ready",
     {"b:running", "a:running", "i:exited:0:9", "s:exited:1:99"},
     NULL,
     "start:s:1",
     POD_OUTCOME_RUN},
    {"deleted", TWO, "ready", {"a:running", "b:running"}, "1", "kill:a kill:b", POD_OUTCOME_END},
    {"deleted, one left", TWO, "ready", {"a:running", "b:exited:0:1"}, "1", "kill:a", POD_OUTCOME_END},
    {"deleted, none left", TWO, "ready", {"a:exited:0:1", "b:exited:0:1"}, "1", "stop", POD_OUTCOME_END},
    {"deleted, all gone", TWO, "dead", {"a:exited:0:1"}, "1", "", POD_OUTCOME_ENDED},
    {"deleted before it began", TWO, "", {0}, "1", "", POD_OUTCOME_ENDED},
    {"sidecars end last", SIDE, "ready", {"a:running", "s:running"}, "1", "kill:a", POD_OUTCOME_END},
    {"then the sidecar", SIDE, "ready", {"a:exited:0:1", "s:running"}, "1", "kill:s", POD_OUTCOME_END},
    {"state unknown", TWO, "ready", {"a:running", "b:unknown"}, NULL, "kill:b start:b:1", POD_OUTCOME_RUN},
    // A start that was broken off (kill -9) is no restart, whatever the policy.
    {"made but not started", TWO, "ready", {"a:running", "b:created"}, NULL, "start:b:0:replaces", POD_OUTCOME_RUN},
    {"start broken off", TWO, "ready", {"a:running", "b:canceled:128:1"}, NULL, "start:b:0:replaces", POD_OUTCOME_RUN},
    {"start broken off, Never",
     TWO ",\"restartPolicy\":\"Never\"",
     "ready",
     {"a:exited:0:1", "b:canceled:128:1"},
     NULL,
     "start:b:0:replaces",
     POD_OUTCOME_RUN},
    {"init broken off, Never",
     INIT ",\"restartPolicy\":\"Never\"",
     "ready",
     {"i1:canceled:128:1"},
     NULL,
     "start:i1:0:replaces",
     POD_OUTCOME_RUN},
    {"start broken off, deleted", TWO, "ready", {"b:canceled:128:1"}, "1", "stop", POD_OUTCOME_END},
};

static struct json *make_pod(const struct row *row) {
    AUTO_STR text = {0};
    str_printf(&text, "{\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"uid\":\"u\"%s},\"spec\":{%s}}",
               row->deleted ? ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\",\"deletionGracePeriodSeconds\":5" : "", row->spec);
    struct json *pod = NULL;
    assert_int_equal(json_parse(str_text(&text), text.len, NULL, &pod, NULL), 0);
    return pod;
}

static void add_container(struct pod_observed *observed, const char *text, size_t index) {
    static const char *const states[] = {"created", "running", "exited", "unknown"};
    AUTO_STR_LIST parts = {0};
    str_list_split(&parts, text, ':');
    struct runtime_container *container = vec_push_zero(&observed->containers);
    container->name = alloc_string(parts.items[0]);
    container->id = alloc_printf("id-%s", parts.items[0]);
    container->sandbox_id = alloc_string("sandbox");
    container->created_at = NOW - (int64_t)index;
    for (size_t i = 0; i < 4; i++) {
        if (strcmp(parts.items[1], states[i]) == 0)
            container->state = (enum runtime_container_state)i;
    }
    bool canceled = strcmp(parts.items[1], "canceled") == 0;
    if (canceled)
        container->state = RUNTIME_CONTAINER_EXITED;
    container->message = alloc_string_or_null(canceled ? "failed to create task: context canceled" : NULL);
    container->started_at = canceled ? 0 : NOW - 100 * SECOND;
    container->exit_code = parts.len > 2 ? atoi(parts.items[2]) : 0;
    container->finished_at = NOW - (parts.len > 3 ? atoi(parts.items[3]) : 0) * SECOND;
}

static void observe(const struct row *row, struct pod_observed *observed) {
    *observed =
        (struct pod_observed){.sandboxes = VEC_OF(struct runtime_sandbox), .containers = VEC_OF(struct runtime_container)};
    if (*row->sandbox) {
        struct runtime_sandbox *sandbox = vec_push_zero(&observed->sandboxes);
        sandbox->id = alloc_string("sandbox");
        sandbox->ready = strcmp(row->sandbox, "ready") == 0;
        if (sandbox->ready)
            str_list_add(&sandbox->ips, "10.0.0.1");
    }
    for (size_t i = 0; i < 6 && row->containers[i]; i++)
        add_container(observed, row->containers[i], i);
}

static void describe(const struct pod_decision *decision, struct str *out) {
    for (size_t i = 0; i < decision->actions.len; i++) {
        const struct pod_action *action = VEC_AT(&decision->actions, struct pod_action, i);
        if (i > 0)
            str_append_char(out, ' ');
        switch (action->type) {
        case POD_ACTION_CREATE_SANDBOX:
            str_printf(out, "sandbox:%u", action->attempt);
            break;
        case POD_ACTION_STOP_SANDBOX:
            str_append(out, "stop");
            break;
        case POD_ACTION_START:
            str_printf(out, "start:%s:%u%s", action->name, action->attempt, action->id ? ":replaces" : "");
            break;
        case POD_ACTION_KILL:
            str_printf(out, "kill:%s", action->name);
            break;
        case POD_ACTION_BACK_OFF:
            str_printf(out, "back-off:%s", action->name);
            break;
        }
    }
}

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_JSON pod = make_pod(&rows[i]);
        struct pod_observed observed;
        struct pod_memory memory = {0};
        struct pod_decision decision;
        observe(&rows[i], &observed);
        if (rows[i].deleted) {
            memory.terminating = true;
            memory.grace_seconds = pod_decide_grace_seconds(pod);
        }
        pod_decide(pod, &observed, &memory, NOW, &decision);
        AUTO_STR text = {0};
        describe(&decision, &text);
        if (strcmp(str_text(&text), rows[i].actions) != 0 || decision.outcome != rows[i].outcome)
            fail_msg("%s: \"%s\" outcome %d, expected \"%s\" outcome %d", rows[i].title, str_text(&text), decision.outcome,
                     rows[i].actions, rows[i].outcome);
        pod_decision_free(&decision);
        pod_observed_free(&observed);
        pod_memory_free(&memory);
    }
}

static void test_backoff_doubles_and_resets(void **state) {
    (void)state;
    struct pod_container_memory memory = {0};
    static const int64_t expected[] = {10, 20, 40, 80, 160, 300, 300};
    int64_t now = NOW;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        pod_decide_note_restart(&memory, now, now);
        assert_int_equal(memory.backoff, expected[i] * SECOND);
        now += memory.backoff;
    }
    // A container that ran for more than ten minutes begins afresh.
    now += 11 * MINUTE;
    pod_decide_note_restart(&memory, now, now);
    assert_int_equal(memory.backoff, 10 * SECOND);
}

static void test_backoff_holds_a_start(void **state) {
    (void)state;
    static const struct row row = {"", "\"containers\":[{\"name\":\"a\"}]", "ready", {"a:exited:1:4"}, NULL, "", POD_OUTCOME_RUN};
    AUTO_JSON pod = make_pod(&row);
    struct pod_observed observed;
    struct pod_memory memory = {0};
    struct pod_decision decision;
    observe(&row, &observed);
    struct pod_container_memory *container = pod_memory_container(&memory, "a");
    container->backoff = 10 * SECOND;
    container->backoff_updated = NOW - 5 * SECOND;
    pod_decide(pod, &observed, &memory, NOW, &decision);
    AUTO_STR text = {0};
    describe(&decision, &text);
    assert_string_equal(str_text(&text), "back-off:a");
    assert_int_equal(decision.wake_at, NOW + 6 * SECOND);
    pod_decision_free(&decision);
    pod_decide(pod, &observed, &memory, NOW + 6 * SECOND, &decision);
    assert_int_equal(VEC_AT(&decision.actions, struct pod_action, 0)->type, POD_ACTION_START);
    pod_decision_free(&decision);
    pod_observed_free(&observed);
    pod_memory_free(&memory);
}

// Times of before the clock was set back hold nothing up.
static void test_clock_set_back(void **state) {
    (void)state;
    static const struct row row = {
        "", "\"containers\":[{\"name\":\"a\"}]", "ready", {"a:exited:1:-3600"}, NULL, "", POD_OUTCOME_RUN};
    AUTO_JSON pod = make_pod(&row);
    struct pod_observed observed;
    struct pod_memory memory = {0};
    struct pod_decision decision;
    observe(&row, &observed);
    struct pod_container_memory *container = pod_memory_container(&memory, "a");
    container->backoff = 10 * SECOND;
    container->backoff_updated = NOW + HOUR;
    container->retry_at = NOW + HOUR;
    pod_decide(pod, &observed, &memory, NOW, &decision);
    AUTO_STR text = {0};
    describe(&decision, &text);
    assert_string_equal(str_text(&text), "start:a:1");
    pod_decision_free(&decision);
    pod_observed_free(&observed);
    pod_memory_free(&memory);
}

static void test_probe_failure_kills(void **state) {
    (void)state;
    static const struct row row = {"", "\"containers\":[{\"name\":\"a\"}]", "ready", {"a:running"}, NULL, "", POD_OUTCOME_RUN};
    AUTO_JSON pod = make_pod(&row);
    struct pod_observed observed;
    struct pod_memory memory = {0};
    struct pod_decision decision;
    observe(&row, &observed);
    struct pod_container_memory *container = pod_memory_container(&memory, "a");
    container->running_id = alloc_string("id-a");
    container->probes[POD_PROBE_LIVENESS] = POD_PROBE_FAILURE;
    pod_decide(pod, &observed, &memory, NOW, &decision);
    const struct pod_action *action = VEC_AT(&decision.actions, struct pod_action, 0);
    assert_int_equal(action->type, POD_ACTION_KILL);
    assert_string_equal(action->message, "Container a failed liveness probe, will be restarted");
    assert_int_equal(action->grace_seconds, 30);
    pod_decision_free(&decision);
    // The same kill is not begun twice, a shorter one is.
    container = pod_memory_container(&memory, "a");
    container->killing_id = alloc_string("id-a");
    container->kill_deadline = NOW + 30 * SECOND;
    pod_decide(pod, &observed, &memory, NOW + SECOND, &decision);
    assert_int_equal(decision.actions.len, 0);
    pod_decision_free(&decision);
    memory.terminating = true;
    memory.grace_seconds = 2;
    pod_decide(pod, &observed, &memory, NOW + SECOND, &decision);
    assert_int_equal(decision.actions.len, 1);
    pod_decision_free(&decision);
    pod_observed_free(&observed);
    pod_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_backoff_doubles_and_resets),
        cmocka_unit_test(test_backoff_holds_a_start),
        cmocka_unit_test(test_clock_set_back),
        cmocka_unit_test(test_probe_failure_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
