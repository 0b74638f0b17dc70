// SPDX-License-Identifier: Apache-2.0
// The CRI runtime against a real containerd of its own: images, sandbox, containers, exec, events, logs, failures. Skipped where containerd
// can't run (not root, not installed).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/lock.h"
#include "common/base/process.h"
#include "common/base/thread.h"
#include "kubelet/runtime/cri.h"
#include "kubelet/volume/volumes.h"

#define IMAGE "cube.test/busybox:1"

struct fixture {
    char root[64];
    pid_t containerd;
    struct runtime *runtime;
    const char *missing; // why nothing can be tested; NULL: all is there
    struct thread *events;
    struct stream_stop stop;
    struct lock lock;
    struct str_list stopped; // ids of containers whose end was announced
};

static int shell(const char *format, ...) PRINTF_LIKE(1, 2);
static int shell(const char *format, ...) {
    AUTO_STR command = {0}, out = {0}, errors = {0};
    va_list args;
    va_start(args, format);
    str_vprintf(&command, format, args);
    va_end(args);
    struct process_output output = {.out = &out, .errors = &errors, .status = -1};
    const char *const argv[] = {"/bin/sh", "-c", str_text(&command), NULL};
    if (process_run(argv, NULL, MINUTE, &output, NULL) < 0 || output.status != 0)
        print_message("%s: status %d %s\n", str_text(&command), output.status, str_text(&errors));
    return output.status;
}

static void on_ready(void *context) {
    (void)context;
}

static void on_event(void *context, const struct runtime_event *event) {
    struct fixture *f = context;
    LOCKED(&f->lock) {
        if (event->type == RUNTIME_EVENT_STOPPED)
            str_list_add(&f->stopped, event->id);
    }
}

static void follow(void *argument) {
    struct fixture *f = argument;
    AUTO_ERROR err = NULL;
    if (f->runtime->ops->events(f->runtime, on_ready, on_event, f, &f->stop, &err) < 0 && !f->stop.stopped)
        print_message("events: %s\n", error_message(err));
}

static bool start_containerd(struct fixture *f) {
    AUTO_STR config = {0}, path = {0}, network = {0};
    str_printf(
        &config,
        "version = 2\nroot = \"%s/root\"\nstate = \"%s/state\"\n[grpc]\n  address = \"%s/c.sock\"\n"
        "[plugins.\"io.containerd.internal.v1.opt\"]\n  path = \"%s/opt\"\n"
        "[plugins.\"io.containerd.grpc.v1.cri\"]\n  sandbox_image = \"cube.test/pause:1\"\n  restrict_oom_score_adj = true\n"
        "  [plugins.\"io.containerd.grpc.v1.cri\".cni]\n    bin_dir = \"/usr/lib/cni\"\n    conf_dir = \"%s/cni\"\n"
        "  [plugins.\"io.containerd.grpc.v1.cri\".containerd]\n    snapshotter = \"native\"\n",
        f->root, f->root, f->root, f->root, f->root);
    str_append(&network, "{\"cniVersion\":\"0.4.0\",\"name\":\"test\",\"plugins\":[{\"type\":\"loopback\"}]}");
    str_printf(&path, "%s/config.toml", f->root);
    if (file_write_atomic(str_text(&path), config.data, config.len, 0600, NULL) < 0)
        return false;
    str_clear(&path);
    str_printf(&path, "%s/cni", f->root);
    if (file_make_directories(str_text(&path), 0755, NULL) < 0)
        return false;
    str_append(&path, "/10-test.conflist");
    if (file_write_atomic(str_text(&path), network.data, network.len, 0600, NULL) < 0)
        return false;
    f->containerd = fork();
    if (f->containerd == 0) {
        str_clear(&path);
        str_printf(&path, "%s/config.toml", f->root);
        execlp("containerd", "containerd", "--config", str_text(&path), "--log-level", "error", (char *)NULL);
        _exit(127);
    }
    struct cri_config cri = {.runtime_endpoint = NULL};
    AUTO_STR endpoint = {0};
    str_printf(&endpoint, "unix://%s/c.sock", f->root);
    cri.runtime_endpoint = str_text(&endpoint);
    if (cri_new(&cri, &f->runtime, NULL) < 0)
        return false;
    for (int i = 0; i < 100; i++) {
        struct runtime_version version = {0};
        if (f->runtime->ops->version(f->runtime, &version, NULL) == 0) {
            runtime_version_clear(&version);
            return true;
        }
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    return false;
}

static bool make_images(struct fixture *f) {
    return shell("set -e; cd %s; mkdir -p pause busybox/bin logs; cc -static -Os -o pause/pause %s/deploy/images/pause.c; cp "
                 "/bin/busybox busybox/bin/;"
                 "for a in sh sleep echo cat head tail; do ln -s busybox busybox/bin/$a; done;"
                 "for i in pause busybox; do %s/deploy/images/build-image cube.test/$i:1 $i $i.tar -- /$i;"
                 "ctr --address %s/c.sock -n k8s.io images import --snapshotter native $i.tar; done",
                 f->root, CUBE_SOURCE_DIR, CUBE_SOURCE_DIR, f->root) == 0;
}

static int set_up(void **state) {
    struct fixture *f = alloc_zero(sizeof(*f));
    *state = f;
    lock_init(&f->lock, "test");
    strcpy(f->root, "/tmp/cube-cri-XXXXXX");
    if (!mkdtemp(f->root))
        return -1;
    if (geteuid() != 0 || shell("command -v containerd runc ctr cc >/dev/null && test -x /bin/busybox") != 0)
        f->missing = "containerd, runc, ctr, busybox or root is missing";
    else if (!start_containerd(f))
        f->missing = "containerd does not start";
    else if (!make_images(f))
        f->missing = "images can't be made or imported";
    if (f->missing)
        return 0;
    f->events = thread_start("events", follow, f);
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    f->stop.stopped = true;
    if (f->events)
        thread_join(f->events);
    runtime_free(f->runtime);
    if (f->containerd > 0) {
        kill(f->containerd, SIGTERM);
        waitpid(f->containerd, NULL, 0);
    }
    str_list_free(&f->stopped);
    lock_destroy(&f->lock);
    AUTO_ERROR err = NULL;
    if (volumes_tear_down(f->root, &err) < 0)
        print_message("%s\n", error_message(err));
    free(f);
    return 0;
}

static struct fixture *ready(void **state) {
    struct fixture *f = *state;
    if (f->missing) {
        print_message("skipped: %s\n", f->missing);
        skip();
    }
    return f;
}

static struct runtime_sandbox_config *sandbox_config(struct fixture *f, const char *uid) {
    struct runtime_sandbox_config *config = runtime_sandbox_config_new();
    config->name = alloc_string("p");
    config->ns = alloc_string("default");
    config->uid = alloc_string(uid);
    config->log_directory = alloc_printf("%s/logs", f->root);
    config->security.network = RUNTIME_NAMESPACE_NODE;
    config->security.pid = RUNTIME_NAMESPACE_CONTAINER;
    config->security.seccomp = RUNTIME_SECCOMP_UNCONFINED;
    runtime_pairs_set(&config->labels, RUNTIME_LABEL_POD_UID, uid);
    return config;
}

static struct runtime_container_config *container_config(const char *uid, const char *name, const char *script) {
    struct runtime_container_config *config = runtime_container_config_new();
    config->name = alloc_string(name);
    config->image = alloc_string(IMAGE);
    if (script) {
        str_list_add(&config->command, "/bin/sh");
        str_list_add(&config->args, "-c");
        str_list_add(&config->args, script);
    } else {
        str_list_add(&config->command, "/no/such/program");
    }
    runtime_pairs_set(&config->environment, "GREETING", "hello");
    config->log_path = alloc_printf("%s.log", name);
    config->resources.oom_score_adj = 1000;
    config->security.network = RUNTIME_NAMESPACE_NODE;
    config->security.pid = RUNTIME_NAMESPACE_CONTAINER;
    config->security.seccomp = RUNTIME_SECCOMP_UNCONFINED;
    runtime_pairs_set(&config->labels, RUNTIME_LABEL_POD_UID, uid);
    runtime_pairs_set(&config->annotations, RUNTIME_ANNOTATION_RESTART_COUNT, "7");
    return config;
}

// The error is in the variable `err` of the caller.
#define MUST(call)                                                                                                               \
    do {                                                                                                                         \
        if ((call) < 0)                                                                                                          \
            fail_msg("%s", error_message(err));                                                                                  \
    } while (0)

static void test_images(void **state) {
    struct fixture *f = ready(state);
    struct runtime *runtime = f->runtime;
    AUTO_ERROR err = NULL;
    struct runtime_image image = {0};
    MUST(runtime->ops->image_status(runtime, IMAGE, &image, &err));
    assert_true(str_starts(image.id, "sha256:"));
    assert_true(image.size > 100000);
    runtime_image_clear(&image);
    MUST(runtime->ops->image_status(runtime, "cube.test/none:1", &image, &err));
    assert_null(image.id);
    struct vec images;
    MUST(runtime->ops->list_images(runtime, &images, &err));
    assert_true(images.len >= 2);
    runtime_images_free(&images);
    char *id = NULL;
    assert_int_equal(runtime->ops->pull_image(runtime, "127.0.0.1:1/none:1", NULL, NULL, &id, &err), -1);
    assert_true(str_starts(error_message(err), "rpc error: code = "));
    assert_true(str_starts(runtime_error_text(err), "failed to pull and unpack image \"127.0.0.1:1/none:1\""));
}

static void test_status(void **state) {
    struct fixture *f = ready(state);
    struct runtime_status status = {0};
    AUTO_ERROR err = NULL;
    MUST(f->runtime->ops->status(f->runtime, &status, &err));
    assert_true(status.runtime.ready);
    runtime_status_clear(&status);
}

// Waits for the announced end of a container and then for its status.
static void wait_for_end(struct fixture *f, const char *id, struct runtime_container *ret_container) {
    bool seen = false;
    for (int i = 0; i < 1000 && !seen; i++) {
        LOCKED(&f->lock) {
            seen = str_list_contains(&f->stopped, id);
        }
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_true(seen);
    for (int i = 0; i < 100; i++) {
        AUTO_ERROR err = NULL;
        MUST(f->runtime->ops->container_status(f->runtime, id, ret_container, &err));
        if (ret_container->state == RUNTIME_CONTAINER_EXITED)
            return;
        runtime_container_clear(ret_container);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    fail_msg("the container does not end");
}

static void test_pod(void **state) {
    struct fixture *f = ready(state);
    struct runtime *runtime = f->runtime;
    AUTO_ERROR err = NULL;
    CLEANUP(runtime_sandbox_config_freep) struct runtime_sandbox_config *parent = sandbox_config(f, "u1");
    CLEANUP(free_ptr) char *sandbox = NULL;
    MUST(runtime->ops->run_sandbox(runtime, parent, &sandbox, &err));
    struct runtime_sandbox shown = {0};
    MUST(runtime->ops->sandbox_status(runtime, sandbox, &shown, &err));
    assert_true(shown.ready);
    assert_true(shown.host_network);
    assert_string_equal(shown.uid, "u1");
    runtime_sandbox_clear(&shown);

    CLEANUP(runtime_container_config_freep)
    struct runtime_container_config *config = container_config("u1", "c", "echo $GREETING; sleep 1; exit 3");
    CLEANUP(free_ptr) char *id = NULL;
    MUST(runtime->ops->create_container(runtime, sandbox, config, parent, &id, &err));
    MUST(runtime->ops->start_container(runtime, id, &err));
    const struct runtime_filter filter = {.pod_uid = "u1"}, other = {.pod_uid = "u2"};
    struct vec list;
    MUST(runtime->ops->list_containers(runtime, &filter, &list, &err));
    assert_int_equal(list.len, 1);
    assert_string_equal(VEC_AT(&list, struct runtime_container, 0)->sandbox_id, sandbox);
    assert_string_equal(
        runtime_pairs_get(&VEC_AT(&list, struct runtime_container, 0)->annotations, RUNTIME_ANNOTATION_RESTART_COUNT), "7");
    runtime_containers_free(&list);
    MUST(runtime->ops->list_containers(runtime, &other, &list, &err));
    assert_int_equal(list.len, 0);
    runtime_containers_free(&list);

    AUTO_STR_LIST command = {0};
    struct runtime_exec_result result = {0};
    str_list_split(&command, "/bin/sh|-c|echo out; echo err >&2; exit 4", '|');
    MUST(runtime->ops->exec_sync(runtime, id, &command, 10, &result, &err));
    assert_int_equal(result.exit_code, 4);
    assert_string_equal(str_text(&result.out), "out\n");
    assert_string_equal(str_text(&result.errors), "err\n");
    runtime_exec_result_free(&result);

    struct runtime_container ended = {0};
    wait_for_end(f, id, &ended);
    assert_int_equal(ended.exit_code, 3);
    assert_string_equal(ended.reason, "Error");
    assert_true(ended.started_at > 0 && ended.finished_at > ended.started_at);
    AUTO_STR log = {0};
    MUST(file_read(ended.log_path, 10000, &log, &err));
    assert_non_null(strstr(str_text(&log), " stdout F hello\n"));
    runtime_container_clear(&ended);

    MUST(runtime->ops->stop_sandbox(runtime, sandbox, &err));
    MUST(runtime->ops->remove_sandbox(runtime, sandbox, &err));
    MUST(runtime->ops->remove_sandbox(runtime, sandbox, &err));
    assert_int_equal(runtime->ops->container_status(runtime, id, &ended, &err), -1);
    assert_true(runtime_error_is(err, "NotFound"));
}

static void test_bad_command(void **state) {
    struct fixture *f = ready(state);
    struct runtime *runtime = f->runtime;
    AUTO_ERROR err = NULL;
    CLEANUP(runtime_sandbox_config_freep) struct runtime_sandbox_config *parent = sandbox_config(f, "u3");
    CLEANUP(runtime_container_config_freep) struct runtime_container_config *config = container_config("u3", "c", NULL);
    CLEANUP(free_ptr) char *sandbox = NULL;
    CLEANUP(free_ptr) char *id = NULL;
    MUST(runtime->ops->run_sandbox(runtime, parent, &sandbox, &err));
    MUST(runtime->ops->create_container(runtime, sandbox, config, parent, &id, &err));
    assert_int_equal(runtime->ops->start_container(runtime, id, &err), -1);
    assert_non_null(strstr(error_message(err), "no such file or directory"));
    struct runtime_container shown = {0};
    MUST(runtime->ops->container_status(runtime, id, &shown, NULL));
    assert_int_equal(shown.state, RUNTIME_CONTAINER_EXITED);
    assert_string_equal(shown.reason, "StartError");
    assert_int_equal(shown.exit_code, 128);
    runtime_container_clear(&shown);
    MUST(runtime->ops->stop_sandbox(runtime, sandbox, NULL));
    MUST(runtime->ops->remove_sandbox(runtime, sandbox, NULL));
}

// What a start that kill -9 broke off may leave: a task of a container that CRI does not take for running. It can be removed.
static void test_unknown_task(void **state) {
    struct fixture *f = ready(state);
    struct runtime *runtime = f->runtime;
    AUTO_ERROR err = NULL;
    CLEANUP(runtime_sandbox_config_freep) struct runtime_sandbox_config *parent = sandbox_config(f, "u5");
    CLEANUP(runtime_container_config_freep) struct runtime_container_config *config = container_config("u5", "c", "sleep 1000");
    CLEANUP(free_ptr) char *sandbox = NULL;
    CLEANUP(free_ptr) char *id = NULL;
    MUST(runtime->ops->run_sandbox(runtime, parent, &sandbox, &err));
    MUST(runtime->ops->create_container(runtime, sandbox, config, parent, &id, &err));
    assert_int_equal(shell("ctr --address %s/c.sock -n k8s.io tasks start --detach --null-io %s", f->root, id), 0);
    bool removed = false;
    for (int i = 0; i < 50 && !removed; i++) {
        AUTO_ERROR failure = NULL;
        removed = runtime->ops->remove_container(runtime, id, &failure) == 0;
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    assert_true(removed);
    assert_int_equal(shell("! ctr --address %s/c.sock -n k8s.io tasks ls -q | grep -q %s", f->root, id), 0);
    MUST(runtime->ops->stop_sandbox(runtime, sandbox, &err));
    MUST(runtime->ops->remove_sandbox(runtime, sandbox, &err));
}

static void test_stop_with_grace(void **state) {
    struct fixture *f = ready(state);
    struct runtime *runtime = f->runtime;
    AUTO_ERROR err = NULL;
    CLEANUP(runtime_sandbox_config_freep) struct runtime_sandbox_config *parent = sandbox_config(f, "u4");
    CLEANUP(runtime_container_config_freep)
    struct runtime_container_config *config = container_config("u4", "c", "trap 'exit 9' TERM; while true; do sleep 0.1; done");
    CLEANUP(free_ptr) char *sandbox = NULL;
    CLEANUP(free_ptr) char *id = NULL;
    MUST(runtime->ops->run_sandbox(runtime, parent, &sandbox, &err));
    MUST(runtime->ops->create_container(runtime, sandbox, config, parent, &id, &err));
    MUST(runtime->ops->start_container(runtime, id, &err));
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    MUST(runtime->ops->stop_container(runtime, id, 10, &err));
    struct runtime_container ended = {0};
    MUST(runtime->ops->container_status(runtime, id, &ended, &err));
    assert_int_equal(ended.state, RUNTIME_CONTAINER_EXITED);
    assert_int_equal(ended.exit_code, 9);
    runtime_container_clear(&ended);
    MUST(runtime->ops->stop_sandbox(runtime, sandbox, &err));
    MUST(runtime->ops->remove_sandbox(runtime, sandbox, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status),      cmocka_unit_test(test_images),       cmocka_unit_test(test_pod),
        cmocka_unit_test(test_bad_command), cmocka_unit_test(test_unknown_task), cmocka_unit_test(test_stop_with_grace),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
