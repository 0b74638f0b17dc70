// SPDX-License-Identifier: Apache-2.0
// The process as the OS sees it: stop signals, children, service-manager notification, resource use.
#ifndef CUBE_COMMON_BASE_PROCESS_H
#define CUBE_COMMON_BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/base/str.h"

// Blocks SIGTERM and SIGINT in this and all later threads and ignores SIGPIPE; call before any thread starts.
void process_block_stop_signals(void);
// Waits for SIGTERM or SIGINT, or for process_request_stop; returns the signal's number (0 for a request).
int process_wait_for_stop(void);
// The same, but at most so many nanoseconds (TIME_NEVER: for ever): false if nothing came.
bool process_wait_for_stop_within(int64_t timeout, int *ret_signal);
// CPU time that the process has used, in nanoseconds.
int64_t process_cpu_time(void);
// Ends the wait from any thread, with the exit code that main should return.
void process_request_stop(int exit_code);
int process_stop_exit_code(void);
// From now on SIGTERM or SIGINT ends the process at once with this exit code: for who has had the first one and is cleaning up. Call from
// the main thread.
void process_exit_at_next_signal(int exit_code);
// At once, cleaning nothing up: for who must not act any more.
NORETURN void process_exit_now(int exit_code);

// What a child said and how it ended. The strings are the caller's and appended to; NULL: not wanted.
struct process_output {
    struct str *out;
    struct str *errors;
    int status; // the exit code, or 128 + signal
};
// Runs argv (NULL-ended) with the given standard input and waits. output may be NULL. The environment is inherited. timeout in
// nanoseconds, 0 for none; a child that runs longer is killed with its process group.
int process_run(const char *const *argv, const char *input, int64_t timeout, struct process_output *output,
                struct error **err) MUST_CHECK;

// sd_notify's protocol: "READY=1", "STOPPING=1", "WATCHDOG=1". Nothing happens without $NOTIFY_SOCKET.
void process_notify(const char *state);

// Gives memory back that only start-up needed: free heap, and the pages of read-only segments of the program and its libraries,
// which come back from the page cache when touched. Safe at any time from any thread; called once when a daemon has become idle.
void process_trim_resident(void);

uint64_t process_resident_bytes(void);
double process_cpu_seconds(void);
double process_start_seconds(void); // wall clock, since 1970
const char *process_hostname(void); // cached; "localhost" if unknown

#endif
