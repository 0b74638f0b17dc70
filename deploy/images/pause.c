// SPDX-License-Identifier: Apache-2.0
// The process of a pod's sandbox: sleeps, and reaps the orphans of containers that share its process namespace.
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

int main(void) {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &wanted, NULL) < 0)
        return 1;
    for (;;) {
        int signal_number = sigwaitinfo(&wanted, NULL);
        if (signal_number < 0 && errno != EINTR)
            return 2;
        if (signal_number == SIGTERM || signal_number == SIGINT)
            return 0;
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
    }
}
