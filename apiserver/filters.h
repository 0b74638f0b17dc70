// SPDX-License-Identifier: Apache-2.0
// The order in which a request passes: one visible list, upstream's DefaultBuildHandlerChain.
#ifndef CUBE_APISERVER_FILTERS_H
#define CUBE_APISERVER_FILTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "apiserver/call.h"

// A filter. before runs on the way in, in the order of the list; false: it has answered, nothing further in runs. after runs on the way out,
// in reverse order, for every filter whose before ran (also the one that answered). Either may be NULL.
struct filter {
    const char *name;
    bool (*before)(struct api_call *call);
    void (*after)(struct api_call *call);
};

const struct filter *filters_all(size_t *ret_count);
// Runs the list and fills call->response.
void filters_run(struct api_call *call);

#endif
