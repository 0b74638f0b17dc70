// SPDX-License-Identifier: Apache-2.0
// Who controls what: claiming matching orphans and releasing what no longer matches, as upstream's ControllerRefManager.
#ifndef CUBE_COMMON_CONTROLLER_CONTROLLER_REF_H
#define CUBE_COMMON_CONTROLLER_CONTROLLER_REF_H

#include <stdbool.h>

#include "common/api/object.h"
#include "common/api/selector.h"
#include "common/base/vec.h"
#include "common/controller/pod_control.h"

enum claim { CLAIM_OURS, CLAIM_ADOPT, CLAIM_RELEASE, CLAIM_IGNORE };

// Pure: what to do with a pod, for an owner with this uid and selector. A deleting owner adopts nothing; a deleting pod is not adopted.
enum claim controller_ref_decide(const struct object *pod, const char *owner_uid, bool owner_deleting,
                                 const struct selector *selector);
// Carries the decisions out for all candidates of the owner's namespace. ret_claimed gets references (informer_release). can_adopt is
// asked once, before the first adoption: a live read that the owner still exists with this uid (0), else the error.
struct controller_ref_claim {
    struct pod_control *pods;
    const struct object *owner;
    const struct selector *selector;
    int (*can_adopt)(void *context, struct error **err);
    void *context;
};
int controller_ref_claim_pods(const struct controller_ref_claim *claim, const struct ptr_vec *candidates,
                              struct ptr_vec *ret_claimed, struct error **err) MUST_CHECK;

#endif
