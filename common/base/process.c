// SPDX-License-Identifier: Apache-2.0
// Stop signals, service-manager notification, resource use and trimming of this process.
#include "common/base/process.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"

// The stop request, the one thing about this process that any thread may change.
static struct {
    pthread_once_t once;
    int event_fd;
    _Atomic int exit_code;
} stop = {.once = PTHREAD_ONCE_INIT};

static void make_stop_event(void) {
    stop.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert(stop.event_fd >= 0);
}

static sigset_t stop_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

void process_block_stop_signals(void) {
    sigset_t set = stop_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    pthread_once(&stop.once, make_stop_event);
}

bool process_wait_for_stop_within(int64_t timeout, int *ret_signal) {
    pthread_once(&stop.once, make_stop_event);
    sigset_t set = stop_signals();
    AUTO_FD signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    assert(signal_fd >= 0);
    struct pollfd polled[] = {{.fd = signal_fd, .events = POLLIN}, {.fd = stop.event_fd, .events = POLLIN}};
    for (;;) {
        int ready = poll(polled, 2, timeout == TIME_NEVER ? -1 : (int)(timeout / MILLISECOND));
        if (ready == 0)
            return false;
        *ret_signal = 0;
        if (ready < 0 && errno != EINTR)
            return true;
        struct signalfd_siginfo info;
        if (read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
            *ret_signal = (int)info.ssi_signo;
            return true;
        }
        uint64_t count = 0;
        if (read(stop.event_fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
            return true;
    }
}

int process_wait_for_stop(void) {
    int signal = 0;
    while (!process_wait_for_stop_within(TIME_NEVER, &signal))
        continue;
    return signal;
}

void process_request_stop(int exit_code) {
    pthread_once(&stop.once, make_stop_event);
    stop.exit_code = exit_code;
    uint64_t one = 1;
    ssize_t written = write(stop.event_fd, &one, sizeof(one));
    (void)written; // it only fails when 2^64 requests are waiting
}

int process_stop_exit_code(void) {
    return stop.exit_code;
}

int64_t process_cpu_time(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * SECOND + used.tv_nsec;
}

static volatile sig_atomic_t signal_exit_code;

static void exit_by_signal(int number UNUSED) {
    _exit(signal_exit_code);
}

void process_exit_at_next_signal(int exit_code) {
    signal_exit_code = exit_code;
    struct sigaction action = {.sa_handler = exit_by_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigset_t set = stop_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void process_exit_now(int exit_code) {
    _exit(exit_code);
}

void process_notify(const char *state) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(address.sun_path))
        return;
    size_t len = strlen(path);
    memcpy(address.sun_path, path, len);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    AUTO_FD fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    (void)sent; // a service manager that doesn't listen is its own trouble
}

uint64_t process_resident_bytes(void) {
    AUTO_STR text = {0};
    if (file_read("/proc/self/statm", 4096, &text, NULL) != 0)
        return 0;
    const char *second = strchr(str_text(&text), ' ');
    return second ? strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

double process_cpu_seconds(void) {
    struct timespec used;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0)
        return 0;
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static double start_seconds;
static pthread_once_t start_once = PTHREAD_ONCE_INIT;

// Field 22 of stat is the start in ticks since boot; the fields are counted behind the last ')', as a name may hold anything.
static void find_start_seconds(void) {
    AUTO_STR text = {0};
    if (file_read("/proc/self/stat", 8192, &text, NULL) != 0)
        return;
    const char *field = strrchr(str_text(&text), ')');
    for (int number = 2; field && number < 22; number++)
        field = strchr(field + 1, ' ');
    struct timespec boot;
    if (!field || clock_gettime(CLOCK_BOOTTIME, &boot) != 0)
        return;
    double since_boot = (double)boot.tv_sec + (double)boot.tv_nsec / 1e9;
    double started = strtod(field, NULL) / (double)sysconf(_SC_CLK_TCK);
    double wall = (double)clock_wall(clock_system()) / 1e9;
    start_seconds = (double)(int64_t)((wall - since_boot + started) * 100 + 0.5) / 100;
}

double process_start_seconds(void) {
    pthread_once(&start_once, find_start_seconds);
    return start_seconds;
}

static char hostname[HOST_NAME_MAX + 1];
static pthread_once_t hostname_once = PTHREAD_ONCE_INIT;

static void find_hostname(void) {
    if (gethostname(hostname, sizeof(hostname) - 1) != 0 || hostname[0] == '\0')
        strcpy(hostname, "localhost");
}

const char *process_hostname(void) {
    pthread_once(&hostname_once, find_hostname);
    return hostname;
}

static bool has_text_relocations(const struct dl_phdr_info *object) {
    for (int i = 0; i < object->dlpi_phnum; i++) {
        if (object->dlpi_phdr[i].p_type != PT_DYNAMIC)
            continue;
        const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++)
            if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL)))
                return true;
    }
    return false;
}

// Runs under the dynamic loader's lock: no object comes or goes meanwhile.
static int drop_read_only_pages(struct dl_phdr_info *object, size_t size UNUSED, void *unused UNUSED) {
    // The vDSO is no file, and is named without a path; the program itself has the empty name.
    if ((object->dlpi_name[0] != '\0' && !strchr(object->dlpi_name, '/')) || has_text_relocations(object))
        return 0;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W))
            continue;
        uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_filesz;
        madvise((void *)start, end - start, MADV_DONTNEED); // what fails just stays
    }
    return 0;
}

void process_trim_resident(void) {
    malloc_trim(0);
    dl_iterate_phdr(drop_read_only_pages, NULL);
}
