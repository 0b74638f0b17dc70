// SPDX-License-Identifier: Apache-2.0
// Reading objects from inside the API server: what admission and authorisation are handed instead of the registry above them.
#ifndef CUBE_APISERVER_READER_H
#define CUBE_APISERVER_READER_H

#include <stdbool.h>

#include "common/api/object.h"
#include "common/base/error.h"
#include "common/base/macro.h"

struct resource;
struct reader;

// get: the object as the cache has it now (no wait for anything); get_live: as storage has it at this moment. 404 NotFound if there is none.
struct reader_ops {
    int (*get)(struct reader *reader, const struct resource *resource, const char *ns, const char *name,
               const struct object **ret_object, struct error **err);
    int (*get_live)(struct reader *reader, const struct resource *resource, const char *ns, const char *name,
                    const struct object **ret_object, struct error **err);
};
struct reader {
    const struct reader_ops *ops;
};

static inline MUST_CHECK int reader_get(struct reader *reader, const struct resource *resource, const char *ns, const char *name,
                                        const struct object **ret_object, struct error **err) {
    return reader->ops->get(reader, resource, ns, name, ret_object, err);
}

static inline MUST_CHECK int reader_get_live(struct reader *reader, const struct resource *resource, const char *ns,
                                             const char *name, const struct object **ret_object, struct error **err) {
    return reader->ops->get_live(reader, resource, ns, name, ret_object, err);
}

#endif
