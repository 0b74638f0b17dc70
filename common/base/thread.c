// SPDX-License-Identifier: Apache-2.0
// Threads with small stacks and names, and a pool of workers that come with the work and go when idle.
//
// The pool's lock guards all of its members. A worker that ends puts its handle on the list of ended ones; who next submits or
// stops joins it, so that no thread outlives the pool.
//
// Idle workers are a stack: the one that worked last, whose memory is still in the caches, is woken first, and those at the bottom
// really are idle and end.
#include "common/base/thread.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/clock.h"
#include "common/base/list.h"
#include "common/base/lock.h"
#include "common/base/log.h"
#include "common/base/vec.h"

// Sanitizers put red zones into every frame.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_SIZE (THREAD_STACK_SIZE * 4)
#else
#define STACK_SIZE THREAD_STACK_SIZE
#endif

struct thread {
    pthread_t handle;
};

struct thread_start {
    char name[16];
    void (*function)(void *argument);
    void *argument;
};

static void *run(void *argument) {
    struct thread_start start = *(struct thread_start *)argument;
    free(argument);
    pthread_setname_np(pthread_self(), start.name);
    start.function(start.argument);
    return NULL;
}

struct thread *thread_start(const char *name, void (*function)(void *argument), void *argument) {
    struct thread_start *start = alloc_zero(sizeof(*start));
    strncpy(start->name, name, sizeof(start->name) - 1);
    start->function = function;
    start->argument = argument;
    struct thread *thread = alloc_zero(sizeof(*thread));
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE > (size_t)PTHREAD_STACK_MIN ? STACK_SIZE : (size_t)PTHREAD_STACK_MIN);
    int result = pthread_create(&thread->handle, &attributes, run, start);
    pthread_attr_destroy(&attributes);
    if (result != 0) {
        log_write(LOG_LEVEL_FATAL, __FILE__, __LINE__, "Cannot start a thread", "name", name, "errno", log_int(result), NULL);
        abort();
    }
    return thread;
}

void thread_join(struct thread *thread) {
    int result = pthread_join(thread->handle, NULL);
    assert(result == 0);
    (void)result;
    free(thread);
}

void thread_detach(struct thread *thread) {
    pthread_detach(thread->handle);
    free(thread);
}

struct job {
    struct list_node node;
    void (*function)(void *argument);
    void *argument;
};

struct thread_pool {
    const char *name;
    size_t max;
    int64_t idle_time;
    struct lock lock;
    struct cond end; // a worker ended
    struct list jobs;
    _Atomic size_t job_count; // changed under lock
    size_t worker_count;
    struct list idle;     // struct worker.node, the one that worked last first
    struct ptr_vec ended; // threads to join
    bool stopping;
};

struct worker {
    struct thread_pool *pool;
    struct thread *thread;
    struct list_node node; // pool->idle
    struct cond wake;      // it was taken from there
};

struct thread_pool *thread_pool_new(const char *name, size_t max, int idle_seconds) {
    assert(max > 0);
    struct thread_pool *pool = alloc_zero(sizeof(*pool));
    pool->name = name;
    pool->max = max;
    pool->idle_time = idle_seconds > 0 ? idle_seconds * SECOND : 0;
    lock_init(&pool->lock, "thread pool");
    cond_init(&pool->end);
    list_init(&pool->jobs);
    list_init(&pool->idle);
    return pool;
}

// false: there is no idle one.
static bool wake_worker(struct thread_pool *pool) {
    struct list_node *node = list_pop_front(&pool->idle);
    if (node)
        cond_signal(&CONTAINER_OF(node, struct worker, node)->wake);
    return node != NULL;
}

// Waits until the worker is taken from the idle ones. false: nobody took it in time.
static bool wait_idle(struct worker *worker, int64_t deadline) {
    struct thread_pool *pool = worker->pool;
    bool in_time = true;
    list_push_front(&pool->idle, &worker->node);
    while (list_linked(&worker->node) && in_time)
        in_time = clock_wait(clock_system(), &worker->wake, &pool->lock, deadline);
    bool taken = !list_linked(&worker->node);
    list_remove(&worker->node);
    return taken;
}

// Waits for a job. NULL: there is none and the worker shall end.
static struct job *next_job(struct worker *worker) {
    struct thread_pool *pool = worker->pool;
    int64_t deadline = pool->idle_time > 0 ? clock_monotonic(clock_system()) + pool->idle_time : TIME_NEVER;
    bool in_time = true;
    while (list_empty(&pool->jobs) && !pool->stopping && in_time)
        in_time = wait_idle(worker, deadline);
    struct list_node *node = list_pop_front(&pool->jobs);
    if (!node)
        return NULL;
    pool->job_count--;
    return CONTAINER_OF(node, struct job, node);
}

static void work(void *argument) {
    struct worker *worker = argument;
    struct thread_pool *pool = worker->pool;
    lock_acquire(&pool->lock);
    struct job *job = NULL;
    while ((job = next_job(worker))) {
        lock_release(&pool->lock);
        job->function(job->argument);
        free(job);
        lock_acquire(&pool->lock);
    }
    pool->worker_count--;
    ptr_vec_push(&pool->ended, worker->thread);
    cond_signal(&pool->end);
    lock_release(&pool->lock);
    cond_destroy(&worker->wake);
    free(worker);
}

static void start_worker(struct thread_pool *pool) {
    struct worker *worker = alloc_zero(sizeof(*worker));
    worker->pool = pool;
    cond_init(&worker->wake);
    pool->worker_count++;
    worker->thread = thread_start(pool->name, work, worker); // the worker can't read it before we release the lock
}

static void join_ended(struct ptr_vec *ended) {
    struct thread *thread = NULL;
    while ((thread = ptr_vec_pop(ended)))
        thread_join(thread);
    ptr_vec_free(ended);
}

bool thread_pool_submit(struct thread_pool *pool, void (*function)(void *argument), void *argument) {
    struct job *job = alloc_zero(sizeof(*job));
    job->function = function;
    job->argument = argument;
    lock_acquire(&pool->lock);
    if (pool->stopping) {
        lock_release(&pool->lock);
        free(job);
        return false;
    }
    list_push_back(&pool->jobs, &job->node);
    pool->job_count++;
    struct ptr_vec ended = pool->ended;
    pool->ended = (struct ptr_vec){0};
    // Last, so that the worker finds the lock free.
    if (!wake_worker(pool) && pool->worker_count < pool->max)
        start_worker(pool);
    lock_release(&pool->lock);
    join_ended(&ended);
    return true;
}

size_t thread_pool_queue_len(struct thread_pool *pool) {
    return pool->job_count;
}

void thread_pool_stop(struct thread_pool *pool) {
    if (!pool)
        return;
    lock_acquire(&pool->lock);
    pool->stopping = true;
    while (wake_worker(pool))
        continue;
    while (pool->worker_count > 0)
        cond_wait(&pool->end, &pool->lock);
    struct ptr_vec ended = pool->ended;
    lock_release(&pool->lock);
    join_ended(&ended);
    lock_destroy(&pool->lock);
    cond_destroy(&pool->end);
    free(pool);
}
