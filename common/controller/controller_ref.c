// SPDX-License-Identifier: Apache-2.0
// Claiming pods for an owner.
#include "common/controller/controller_ref.h"

#include <stdlib.h>

#include "common/api/meta.h"
#include "common/base/alloc.h"
#include "common/client/informer.h"

enum claim controller_ref_decide(const struct object *pod, const char *owner_uid, bool owner_deleting,
                                 const struct selector *selector) {
    bool matches = selector_matches_object(selector, pod);
    if (pod->controller_uid) {
        if (!str_equal(pod->controller_uid, owner_uid))
            return CLAIM_IGNORE;
        if (matches)
            return CLAIM_OURS;
        return owner_deleting ? CLAIM_IGNORE : CLAIM_RELEASE;
    }
    if (!matches || owner_deleting || pod->deleting)
        return CLAIM_IGNORE;
    return CLAIM_ADOPT;
}

static int adopt(const struct controller_ref_claim *claim, const struct object *pod, struct error **err) {
    const struct object *owner = claim->owner;
    AUTO_JSON patch = json_new_object();
    struct json *metadata = json_ensure_object(patch, "metadata");
    json_set_string(metadata, "uid", pod->uid);
    struct json *owners = json_new_array();
    json_append(owners, meta_new_controller_reference(owner->api_version, owner->kind, owner->name, owner->uid));
    json_set(metadata, "ownerReferences", owners);
    return claim->pods->ops->patch(claim->pods, pod->ns, pod->name, patch, err);
}

// Takes our owner reference off; a pod that is gone or has changed hands meanwhile needs nothing.
static int release(const struct controller_ref_claim *claim, const struct object *pod, struct error **err) {
    AUTO_JSON patch = json_new_object();
    struct json *metadata = json_ensure_object(patch, "metadata");
    json_set_string(metadata, "uid", pod->uid);
    struct json *removal = json_new_object();
    json_set_string(removal, "$patch", "delete");
    json_set_string(removal, "uid", claim->owner->uid);
    struct json *owners = json_new_array();
    json_append(owners, removal);
    json_set(metadata, "ownerReferences", owners);
    struct error *failure = NULL;
    if (claim->pods->ops->patch(claim->pods, pod->ns, pod->name, patch, &failure) == 0)
        return 0;
    if (error_is(failure, "NotFound") || error_is(failure, "Invalid")) {
        error_free(failure);
        return 0;
    }
    return error_move(err, &failure);
}

// Adopts one pod; asks the live owner first, once per claim.
static int try_adopt(const struct controller_ref_claim *claim, const struct object *pod, bool *asked, bool *ret_adopted,
                     struct error **err) {
    if (!*asked && claim->can_adopt(claim->context, err) < 0)
        return error_prefix(err, "can't adopt Pod %s/%s (%s)", pod->ns, pod->name, pod->uid);
    *asked = true;
    struct error *failure = NULL;
    if (adopt(claim, pod, &failure) == 0) {
        *ret_adopted = true;
        return 0;
    }
    if (error_is(failure, "NotFound")) {
        error_free(failure);
        return 0;
    }
    return error_move(err, &failure);
}

int controller_ref_claim_pods(const struct controller_ref_claim *claim, const struct ptr_vec *candidates,
                              struct ptr_vec *ret_claimed, struct error **err) {
    struct ptr_vec claimed = {0};
    bool asked = false;
    for (size_t i = 0; i < candidates->len; i++) {
        const struct object *pod = candidates->items[i];
        bool ours = false;
        int result = 0;
        switch (controller_ref_decide(pod, claim->owner->uid, claim->owner->deleting, claim->selector)) {
        case CLAIM_OURS:
            ours = true;
            break;
        case CLAIM_ADOPT:
            result = try_adopt(claim, pod, &asked, &ours, err);
            break;
        case CLAIM_RELEASE:
            result = release(claim, pod, err);
            break;
        case CLAIM_IGNORE:
            break;
        }
        if (result < 0) {
            informer_release(&claimed);
            return -1;
        }
        if (ours)
            ptr_vec_push(&claimed, (void *)object_ref(pod));
    }
    *ret_claimed = claimed;
    return 0;
}
