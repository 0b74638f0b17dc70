// SPDX-License-Identifier: Apache-2.0
// Images for containers: pull policies, pulls one at a time (or a few), back-off of pulls that fail.
#ifndef CUBE_KUBELET_IMAGES_H
#define CUBE_KUBELET_IMAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/thread.h"
#include "kubelet/runtime/runtime.h"

struct images;

struct images_config {
    struct runtime *runtime;
    struct clock *clock;
    struct thread_pool *pool; // pulls run there
    size_t parallel;          // pulls at a time; 0: no bound
};

struct images *images_new(const struct images_config *config);
void images_free(struct images *images); // no pull may be under way

// What is wrong with an image's name, in the words of upstream's reference parser; NULL if nothing is.
const char *images_name_error(const char *image);
// "name" gets ":latest"; a digest or tag stays. malloc'd.
char *images_with_tag(const char *image);
// Always for :latest, else IfNotPresent.
const char *images_default_policy(const char *image);

// How a pull ended. image_id is set on success. duration is the pull's own, waited with the time in the queue; nanoseconds.
struct images_result {
    char *image_id;
    struct error *error;
    uint64_t size;
    int64_t duration, waited;
};

// When an image whose last pull failed may be pulled again (wall; 0: now), and why it failed (malloc'd, may be NULL).
int64_t images_retry_at(struct images *images, const char *image, char **ret_error);
// Pulls on the pool and then calls done there. auth is copied; may be NULL.
void images_pull(struct images *images, const char *image, const struct runtime_auth *auth,
                 void (*done)(void *context, struct images_result *result), void *context);

#endif
