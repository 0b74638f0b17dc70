// SPDX-License-Identifier: Apache-2.0
// What admission plug-ins have in common: their refusals.
#include "apiserver/admission/admission.h"

#include <stdarg.h>
#include <stdlib.h>

#include "common/api/meta.h"
#include "common/api/status.h"
#include "common/base/alloc.h"

// The name that upstream shows: the request's, else the object's, else what its name will begin with.
static const char *shown_name(const struct admission_attributes *attributes) {
    if (!str_empty(attributes->name))
        return attributes->name;
    if (!attributes->object)
        return "Unknown";
    if (meta_name(attributes->object)[0])
        return meta_name(attributes->object);
    const char *base = json_find_text(attributes->object, "metadata.generateName");
    return base[0] ? base : "Unknown";
}

int admission_forbid(const struct admission_attributes *attributes, struct error **err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    CLEANUP(free_ptr) char *cause = alloc_vprintf(format, args);
    va_end(args);
    return status_forbidden(err, attributes->resource, shown_name(attributes), cause);
}
