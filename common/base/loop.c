// SPDX-License-Identifier: Apache-2.0
// An epoll loop for one thread.
//
// Everything but the posts, their lock and the stop flag belongs to the loop's thread. A source that is removed while events are
// being handed out stays allocated until that round is over, as a later event of the same round may point to it.
#include "common/base/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/heap.h"
#include "common/base/list.h"
#include "common/base/lock.h"
#include "common/base/vec.h"

#define EVENTS_A_ROUND 64

struct source {
    int fd;
    void (*callback)(void *argument, uint32_t events); // NULL: removed
    void *argument;
};

struct loop_timer {
    struct heap_node node;
    int64_t deadline;
    uint64_t number; // timers of one deadline run in the order in which they were added
    void (*callback)(void *argument);
    void *argument;
};

struct post {
    struct list_node node;
    void (*callback)(void *argument);
    void *argument;
};

struct loop {
    int epoll_fd;
    int wake_fd;
    struct source **sources; // by descriptor
    size_t source_count;
    struct ptr_vec removed; // sources to free after the round
    struct heap timers;
    uint64_t timer_number;
    struct lock lock; // guards posts
    struct list posts;
    _Atomic bool stop;
};

static bool timer_before(const struct heap_node *a, const struct heap_node *b) {
    const struct loop_timer *x = CONTAINER_OF(a, struct loop_timer, node);
    const struct loop_timer *y = CONTAINER_OF(b, struct loop_timer, node);
    return x->deadline != y->deadline ? x->deadline < y->deadline : x->number < y->number;
}

struct loop *loop_new(void) {
    struct loop *loop = alloc_zero(sizeof(*loop));
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert(loop->epoll_fd >= 0 && loop->wake_fd >= 0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    int result = epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event);
    assert(result == 0);
    (void)result;
    loop->timers.before = timer_before;
    lock_init(&loop->lock, "loop");
    list_init(&loop->posts);
    return loop;
}

static void free_removed(struct loop *loop) {
    struct source *source = NULL;
    while ((source = ptr_vec_pop(&loop->removed)))
        free(source);
}

void loop_free(struct loop *loop) {
    if (!loop)
        return;
    struct heap_node *timer = NULL;
    while ((timer = heap_pop(&loop->timers)))
        free(CONTAINER_OF(timer, struct loop_timer, node));
    heap_free(&loop->timers);
    struct list_node *post = NULL;
    while ((post = list_pop_front(&loop->posts)))
        free(CONTAINER_OF(post, struct post, node));
    for (size_t i = 0; i < loop->source_count; i++)
        free(loop->sources[i]);
    free(loop->sources);
    free_removed(loop);
    ptr_vec_free(&loop->removed);
    lock_destroy(&loop->lock);
    fd_closep(&loop->epoll_fd);
    fd_closep(&loop->wake_fd);
    free(loop);
}

static struct source *source_of(const struct loop *loop, int fd) {
    return fd >= 0 && (size_t)fd < loop->source_count ? loop->sources[fd] : NULL;
}

int loop_add(struct loop *loop, int fd, uint32_t events, void (*callback)(void *argument, uint32_t events), void *argument,
             struct error **err) {
    if (source_of(loop, fd))
        return error_set(err, "watch descriptor %d: it is watched already", fd);
    struct source *source = alloc_zero(sizeof(*source));
    *source = (struct source){.fd = fd, .callback = callback, .argument = argument};
    struct epoll_event event = {.events = events, .data.ptr = source};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        int errnum = errno;
        free(source);
        return error_set_errno(err, errnum, "watch descriptor %d", fd);
    }
    if ((size_t)fd >= loop->source_count) {
        size_t count = (size_t)fd + 16;
        loop->sources = alloc_resize(loop->sources, count, sizeof(struct source *));
        for (size_t i = loop->source_count; i < count; i++)
            loop->sources[i] = NULL;
        loop->source_count = count;
    }
    loop->sources[fd] = source;
    return 0;
}

int loop_change(struct loop *loop, int fd, uint32_t events, struct error **err) {
    struct source *source = source_of(loop, fd);
    if (!source)
        return error_set(err, "change descriptor %d: it is not watched", fd);
    struct epoll_event event = {.events = events, .data.ptr = source};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0)
        return error_set_errno(err, errno, "change descriptor %d", fd);
    return 0;
}

void loop_remove(struct loop *loop, int fd) {
    struct source *source = source_of(loop, fd);
    if (!source)
        return;
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL); // fails if the caller closed it before, which removes it too
    loop->sources[fd] = NULL;
    source->callback = NULL;
    ptr_vec_push(&loop->removed, source);
}

struct loop_timer *loop_timer_add(struct loop *loop, int64_t delay, void (*callback)(void *argument), void *argument) {
    struct loop_timer *timer = alloc_zero(sizeof(*timer));
    int64_t now = clock_monotonic(clock_system());
    delay = delay > 0 ? delay : 0;
    timer->deadline = delay > INT64_MAX - now ? INT64_MAX : now + delay;
    timer->number = loop->timer_number++;
    timer->callback = callback;
    timer->argument = argument;
    heap_push(&loop->timers, &timer->node);
    return timer;
}

// A timer that is running is in no heap; run_timers frees it.
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer) {
    if (!timer || timer->node.index == HEAP_NONE)
        return;
    heap_remove(&loop->timers, &timer->node);
    free(timer);
}

static void wake(struct loop *loop) {
    uint64_t one = 1;
    ssize_t written = write(loop->wake_fd, &one, sizeof(one));
    (void)written; // full means that a wake-up is under way
}

void loop_post(struct loop *loop, void (*callback)(void *argument), void *argument) {
    struct post *post = alloc_zero(sizeof(*post));
    post->callback = callback;
    post->argument = argument;
    LOCKED(&loop->lock) {
        list_push_back(&loop->posts, &post->node);
        wake(loop); // inside, so that a loop that this post ends isn't freed under the wake-up
    }
}

void loop_stop(struct loop *loop) {
    LOCKED(&loop->lock) {
        loop->stop = true;
        wake(loop);
    }
}

// Those that were there at the start: a callback that posts again doesn't keep the loop from its descriptors.
static void run_posts(struct loop *loop) {
    struct list batch;
    list_init(&batch);
    LOCKED(&loop->lock) {
        struct list_node *node = NULL;
        while ((node = list_pop_front(&loop->posts)))
            list_push_back(&batch, node);
    }
    struct list_node *node = NULL;
    while ((node = list_pop_front(&batch))) {
        struct post *post = CONTAINER_OF(node, struct post, node);
        post->callback(post->argument);
        free(post);
    }
}

static void run_timers(struct loop *loop) {
    int64_t now = clock_monotonic(clock_system());
    uint64_t first_new = loop->timer_number;
    struct heap_node *node = NULL;
    while ((node = heap_peek(&loop->timers))) {
        struct loop_timer *timer = CONTAINER_OF(node, struct loop_timer, node);
        if (timer->deadline > now || timer->number >= first_new)
            return;
        heap_remove(&loop->timers, node);
        timer->callback(timer->argument);
        free(timer);
    }
}

static int wait_milliseconds(struct loop *loop) {
    struct heap_node *node = heap_peek(&loop->timers);
    if (!node)
        return -1;
    int64_t left = CONTAINER_OF(node, struct loop_timer, node)->deadline - clock_monotonic(clock_system());
    if (left <= 0)
        return 0;
    return left > HOUR ? 3600000 : (int)((left + MILLISECOND - 1) / MILLISECOND);
}

static void run_sources(struct loop *loop, const struct epoll_event *events, int count) {
    for (int i = 0; i < count; i++) {
        struct source *source = events[i].data.ptr;
        if (!source) {
            uint64_t value = 0;
            ssize_t got = read(loop->wake_fd, &value, sizeof(value));
            (void)got;
        } else if (source->callback) {
            source->callback(source->argument, events[i].events);
        }
    }
    free_removed(loop);
}

void loop_run(struct loop *loop) {
    while (!loop->stop) {
        struct epoll_event events[EVENTS_A_ROUND];
        int count = epoll_wait(loop->epoll_fd, events, EVENTS_A_ROUND, wait_milliseconds(loop));
        assert(count >= 0 || errno == EINTR);
        run_sources(loop, events, count);
        run_posts(loop);
        run_timers(loop);
    }
    LOCKED(&loop->lock) {
        loop->stop = false;
    }
}
