// SPDX-License-Identifier: Apache-2.0
// Images for containers: pulls in order, and back-off of those that fail.
#include "kubelet/images.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/list.h"
#include "common/base/lock.h"
#include "common/base/map.h"

#define BACKOFF_START (10 * SECOND)
#define BACKOFF_MAX (300 * SECOND)

struct pull {
    struct images *images;
    char *image;
    char *auth[6]; // the members of struct runtime_auth
    bool has_auth;
    int64_t queued_at;
    void (*done)(void *context, struct images_result *result);
    void *context;
    struct list_node node;
};

struct failure {
    int64_t delay, at; // wall
    char *message;
};

struct images {
    // constant
    struct runtime *runtime;
    struct clock *clock;
    struct thread_pool *pool;
    size_t parallel;
    struct lock lock;
    // under lock
    struct map failures; // image -> failure, owned
    struct list waiting; // pulls
    size_t running;
};

static void failure_free(void *pointer) {
    struct failure *failure = pointer;
    free(failure->message);
    free(failure);
}

struct images *images_new(const struct images_config *config) {
    struct images *images = alloc_zero(sizeof(*images));
    images->runtime = config->runtime;
    images->clock = config->clock;
    images->pool = config->pool;
    images->parallel = config->parallel;
    lock_init(&images->lock, "images");
    images->failures = MAP_OWNING(failure_free);
    list_init(&images->waiting);
    return images;
}

void images_free(struct images *images) {
    if (!images)
        return;
    map_free(&images->failures);
    lock_destroy(&images->lock);
    free(images);
}

static bool has_tag(const char *image) {
    const char *slash = strrchr(image, '/');
    const char *last = slash ? slash : image;
    return strchr(image, '@') || strchr(last, ':');
}

// --- names ---------------------------------------------------------------------------------------------------------------------

#define NAME_MAX_LENGTH 255
#define TAG_MAX_LENGTH 128
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define HEX "0123456789abcdefABCDEF"

// Words of letters and digits, with one '.', one or two '_' or any number of '-' between two of them.
static bool is_component(const char *text, size_t len) {
    size_t at = 0;
    for (;;) {
        size_t word = strspn(text + at, LOWER DIGITS);
        if (word == 0 || at + word > len)
            return false;
        at += word;
        if (at == len)
            return true;
        size_t dashes = strspn(text + at, "-"), underscores = strspn(text + at, "_");
        if (dashes > 0)
            at += dashes;
        else if (text[at] == '.' || underscores == 1 || underscores == 2)
            at += underscores > 0 ? underscores : 1;
        else
            return false;
    }
}

// A host name, or an IPv6 address in brackets, perhaps with a port.
static bool is_domain(const char *text, size_t len) {
    size_t host = *text == '[' ? strcspn(text, "]") + 1 : strspn(text, LOWER UPPER DIGITS "-.");
    if (host == 0 || host > len)
        return false;
    if (*text == '[' ? strspn(text + 1, HEX ":") != host - 2 : (strchr("-.", *text) || strchr("-.", text[host - 1])))
        return false;
    return host == len || (text[host] == ':' && len > host + 1 && strspn(text + host + 1, DIGITS) >= len - host - 1);
}

// "algorithm:hex".
static bool is_digest(const char *text) {
    size_t algorithm = strspn(text, LOWER UPPER DIGITS "+._-");
    if (algorithm == 0 || text[algorithm] != ':')
        return false;
    size_t hex = strspn(text + algorithm + 1, HEX);
    return hex >= 32 && text[algorithm + 1 + hex] == '\0';
}

static bool is_tag(const char *text, size_t len) {
    return len > 0 && len <= TAG_MAX_LENGTH && *text != '.' && *text != '-' && strspn(text, LOWER UPPER DIGITS "_.-") >= len;
}

const char *images_name_error(const char *image) {
    static const char format[] = "invalid reference format";
    size_t len = strcspn(image, "@");
    if (image[len] == '@' && !is_digest(image + len + 1))
        return format;
    const char *path = image;
    size_t first = strcspn(image, "/");
    // The first part is a registry if it looks like a host; "a/b" is a path as a whole.
    if (first < len && (memchr(image, '.', first) || memchr(image, ':', first) || *image == '[' ||
                        strncmp(image, "localhost/", 10) == 0 || strcspn(image, UPPER) < first)) {
        if (!is_domain(image, first))
            return format;
        path += first + 1;
    }
    len -= (size_t)(path - image);
    const char *colon = memchr(path, ':', len);
    size_t name = colon ? (size_t)(colon - path) : len;
    if (colon && !is_tag(colon + 1, len - name - 1))
        return format;
    if (strspn(path, LOWER UPPER DIGITS "._-/") >= name && strcspn(path, UPPER) < name)
        return "invalid reference format: repository name must be lowercase";
    for (const char *p = path, *end = path + name; p <= end;) {
        size_t part = MIN(strcspn(p, "/"), (size_t)(end - p));
        if (!is_component(p, part))
            return format;
        p += part + 1;
    }
    return (size_t)(path - image) + name > NAME_MAX_LENGTH ? "repository name must not be more than 255 characters" : NULL;
}

char *images_with_tag(const char *image) {
    return has_tag(image) ? alloc_string(image) : alloc_printf("%s:latest", image);
}

const char *images_default_policy(const char *image) {
    return !has_tag(image) || (str_ends(image, ":latest") && !strchr(image, '@')) ? "Always" : "IfNotPresent";
}

int64_t images_retry_at(struct images *images, const char *image, char **ret_error) {
    int64_t at = 0;
    *ret_error = NULL;
    LOCKED(&images->lock) {
        const struct failure *failure = map_get(&images->failures, image);
        if (failure && failure->at <= clock_wall(images->clock)) { // later: the clock was set back
            at = failure->at + failure->delay;
            *ret_error = alloc_string(failure->message);
        }
    }
    return at;
}

// Under lock. client-go's back-off: doubles, and starts again after twice its maximum without a failure.
static void note_failure(struct images *images, const char *image, const char *message) {
    int64_t now = clock_wall(images->clock);
    struct failure *failure = map_get(&images->failures, image);
    if (!failure) {
        failure = alloc_zero(sizeof(*failure));
        map_put(&images->failures, image, failure);
    }
    bool fresh = failure->delay == 0 || now - failure->at > 2 * BACKOFF_MAX;
    failure->delay = fresh ? BACKOFF_START : MIN(failure->delay * 2, BACKOFF_MAX);
    failure->at = now;
    free(failure->message);
    failure->message = alloc_string(message);
}

static void forget_failure(struct images *images, const char *image) {
    struct failure *failure = map_remove(&images->failures, image);
    if (failure)
        failure_free(failure);
}

static void pull_free(struct pull *pull) {
    for (size_t i = 0; i < ARRAY_LEN(pull->auth); i++)
        free(pull->auth[i]);
    free(pull->image);
    free(pull);
}

static void run_pull(void *argument);

// Under lock: starts what may start.
static void start_waiting(struct images *images) {
    while (images->parallel == 0 || images->running < images->parallel) {
        struct list_node *node = list_pop_front(&images->waiting);
        if (!node)
            return;
        struct pull *pull = CONTAINER_OF(node, struct pull, node);
        if (thread_pool_submit(images->pool, run_pull, pull)) {
            images->running++;
        } else {
            struct images_result result = {0};
            error_set(&result.error, "the kubelet is stopping");
            pull->done(pull->context, &result);
            error_free(result.error);
            pull_free(pull);
        }
    }
}

static void run_pull(void *argument) {
    struct pull *pull = argument;
    struct images *images = pull->images;
    int64_t begin = clock_monotonic(images->clock);
    const struct runtime_auth auth = {.username = pull->auth[0],
                                      .password = pull->auth[1],
                                      .auth = pull->auth[2],
                                      .server_address = pull->auth[3],
                                      .identity_token = pull->auth[4],
                                      .registry_token = pull->auth[5]};
    struct images_result result = {0};
    struct runtime *runtime = images->runtime;
    int failed =
        runtime->ops->pull_image(runtime, pull->image, pull->has_auth ? &auth : NULL, NULL, &result.image_id, &result.error);
    int64_t end = clock_monotonic(images->clock);
    result.duration = end - begin;
    result.waited = end - pull->queued_at;
    struct runtime_image image = {0};
    if (failed == 0 && runtime->ops->image_status(runtime, result.image_id, &image, NULL) == 0)
        result.size = image.size;
    runtime_image_clear(&image);
    LOCKED(&images->lock) {
        if (failed < 0)
            note_failure(images, pull->image, error_message(result.error));
        else
            forget_failure(images, pull->image);
        images->running--;
        start_waiting(images);
    }
    pull->done(pull->context, &result);
    free(result.image_id);
    error_free(result.error);
    pull_free(pull);
}

void images_pull(struct images *images, const char *image, const struct runtime_auth *auth,
                 void (*done)(void *context, struct images_result *result), void *context) {
    struct pull *pull = alloc_zero(sizeof(*pull));
    pull->images = images;
    pull->image = alloc_string(image);
    pull->done = done;
    pull->context = context;
    pull->queued_at = clock_monotonic(images->clock);
    if (auth) {
        const char *const members[] = {auth->username,       auth->password,       auth->auth,
                                       auth->server_address, auth->identity_token, auth->registry_token};
        pull->has_auth = true;
        for (size_t i = 0; i < ARRAY_LEN(members); i++)
            pull->auth[i] = alloc_string_or_null(members[i]);
    }
    LOCKED(&images->lock) {
        list_push_back(&images->waiting, &pull->node);
        start_waiting(images);
    }
}
