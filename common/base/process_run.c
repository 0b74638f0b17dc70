// SPDX-License-Identifier: Apache-2.0
// Runs a child process: input from memory, output and errors gathered, bounded in time and size.
//
// The child leads a process group of its own, which is killed as a whole at the timeout. The end of the child counts, not the end
// of its output: a grandchild may keep the pipes open for ever.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/process.h"
#include "common/base/time_format.h"

#define OUTPUT_MAX ((size_t)16 << 20)

extern char **environ;

struct child {
    pid_t pid;
    int pid_fd;
    int fds[2]; // our ends of its output and errors; -1 once closed
    struct str *texts[2];
};

// A file in memory that holds the input: nothing has to be fed while the child runs.
static int open_input(const char *input, struct error **err) {
    if (!input) {
        int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (null_fd < 0)
            error_set_errno(err, errno, "open \"/dev/null\"");
        return null_fd;
    }
    int fd = memfd_create("input", MFD_CLOEXEC);
    size_t len = strlen(input);
    for (size_t done = 0; fd >= 0 && done < len;) {
        ssize_t written = write(fd, input + done, len - done);
        if (written < 0 && errno != EINTR)
            fd_closep(&fd);
        else if (written > 0)
            done += (size_t)written;
    }
    if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0) {
        error_set_errno(err, errno, "keep the input of a process");
        fd_closep(&fd);
    }
    return fd;
}

static int spawn(const char *const *argv, const int fds[3], pid_t *ret_pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    for (int i = 0; i < 3; i++)
        posix_spawn_file_actions_adddup2(&actions, fds[i], i);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int result = posix_spawnp(ret_pid, argv[0], &actions, &attributes, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return result;
}

static int start(struct child *child, const char *const *argv, const char *input, struct error **err) {
    AUTO_FD input_fd = open_input(input, err);
    if (input_fd < 0)
        return -1;
    int output[2] = {-1, -1};
    int errors[2] = {-1, -1};
    int result = 0;
    if (pipe2(output, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0) {
        result = errno;
    } else {
        fcntl(output[0], F_SETFL, O_NONBLOCK);
        fcntl(errors[0], F_SETFL, O_NONBLOCK);
        result = spawn(argv, (const int[]){input_fd, output[1], errors[1]}, &child->pid);
    }
    child->fds[0] = output[0];
    child->fds[1] = errors[0];
    fd_closep(&output[1]);
    fd_closep(&errors[1]);
    if (result != 0)
        return error_set_errno(err, result, "run \"%s\"", argv[0]);
    child->pid_fd = pidfd_open(child->pid, 0);
    return child->pid_fd >= 0 ? 0 : error_set_errno(err, errno, "run \"%s\"", argv[0]);
}

// Reads what is there without waiting. false: too much came.
static bool drain(struct child *child, int which) {
    struct str *text = child->texts[which];
    char buffer[8192];
    while (child->fds[which] >= 0) {
        ssize_t got = read(child->fds[which], buffer, sizeof(buffer));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return true;
        if (got <= 0) {
            fd_closep(&child->fds[which]);
        } else if (text) {
            if (text->len + (size_t)got > OUTPUT_MAX)
                return false;
            str_append_n(text, buffer, (size_t)got);
        }
    }
    return true;
}

// Milliseconds to the deadline, rounded up; -1 if there is none.
static int wait_milliseconds(int64_t deadline) {
    if (deadline == TIME_NEVER)
        return -1;
    int64_t left = (deadline - clock_monotonic(clock_system()) + MILLISECOND - 1) / MILLISECOND;
    return left < 0 ? 0 : left > 1000000 ? 1000000 : (int)left;
}

static int follow(struct child *child, const char *name, int64_t timeout, struct error **err) {
    int64_t deadline = timeout > 0 ? clock_monotonic(clock_system()) + timeout : TIME_NEVER;
    for (;;) {
        struct pollfd polled[] = {{.fd = child->pid_fd, .events = POLLIN},
                                  {.fd = child->fds[0], .events = POLLIN},
                                  {.fd = child->fds[1], .events = POLLIN}};
        int ready = poll(polled, 3, wait_milliseconds(deadline));
        if (ready < 0 && errno != EINTR)
            return error_set_errno(err, errno, "run \"%s\"", name);
        if (!drain(child, 0) || !drain(child, 1))
            return error_set(err, "run \"%s\": its output is larger than %zu bytes", name, OUTPUT_MAX);
        if (ready > 0 && polled[0].revents) {
            return 0;
        }
        if (deadline != TIME_NEVER && clock_monotonic(clock_system()) >= deadline) {
            char text[TIME_TEXT_SIZE];
            return error_set(err, "run \"%s\": timed out after %s", name, duration_format(timeout, text));
        }
    }
}

int process_run(const char *const *argv, const char *input, int64_t timeout, struct process_output *output, struct error **err) {
    struct child child = {.pid = -1, .pid_fd = -1, .fds = {-1, -1}};
    if (output) {
        child.texts[0] = output->out;
        child.texts[1] = output->errors;
    }
    int result = start(&child, argv, input, err);
    if (result == 0)
        result = follow(&child, argv[0], timeout, err);
    if (child.pid > 0) {
        if (result != 0)
            kill(-child.pid, SIGKILL);
        int status = 0;
        while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
            continue;
        if (result == 0 && output)
            output->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    fd_closep(&child.pid_fd);
    fd_closep(&child.fds[0]);
    fd_closep(&child.fds[1]);
    return result;
}
