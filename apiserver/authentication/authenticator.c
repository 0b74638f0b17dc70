// SPDX-License-Identifier: Apache-2.0
// The authenticator seam and the union that asks one after the other, as upstream's request header chain does.
#include "apiserver/authentication/authenticator.h"

#include <stdlib.h>

#include "common/base/alloc.h"

enum authentication_result authenticator_authenticate(struct authenticator *authenticator, const struct credentials *credentials,
                                                      struct user_info *ret_user, struct error **err) {
    return authenticator->ops->authenticate(authenticator, credentials, ret_user, err);
}

void authenticator_free(struct authenticator *authenticator) {
    if (authenticator)
        authenticator->ops->free(authenticator);
}

struct union_authenticator {
    struct authenticator base;
    struct authenticator **members;
    size_t count;
    bool anonymous;
};

static enum authentication_result union_authenticate(struct authenticator *base, const struct credentials *credentials,
                                                     struct user_info *ret_user, struct error **err) {
    struct union_authenticator *self = CONTAINER_OF(base, struct union_authenticator, base);
    AUTO_ERROR refusal = NULL;
    bool refused = false;

    for (size_t i = 0; i < self->count; i++) {
        AUTO_ERROR problem = NULL;
        enum authentication_result result = authenticator_authenticate(self->members[i], credentials, ret_user, &problem);
        if (result == AUTHENTICATION_OK) {
            if (!user_info_in_group(ret_user, USER_GROUP_AUTHENTICATED))
                str_list_add(&ret_user->groups, USER_GROUP_AUTHENTICATED);
            return result;
        }
        if (result == AUTHENTICATION_REFUSED && !refused) {
            refused = true;
            refusal = STEAL(problem);
        }
    }
    if (refused) {
        error_move(err, &refusal);
        return AUTHENTICATION_REFUSED;
    }
    if (!self->anonymous)
        return AUTHENTICATION_NONE;
    ret_user->name = alloc_string(USER_ANONYMOUS);
    str_list_add(&ret_user->groups, USER_GROUP_UNAUTHENTICATED);
    return AUTHENTICATION_OK;
}

static void union_free(struct authenticator *base) {
    struct union_authenticator *self = CONTAINER_OF(base, struct union_authenticator, base);
    for (size_t i = 0; i < self->count; i++)
        authenticator_free(self->members[i]);
    free(self->members);
    free(self);
}

static const struct authenticator_ops union_ops = {"union", union_authenticate, union_free};

struct authenticator *authenticator_union_new(struct authenticator **take_members, size_t count, bool anonymous) {
    struct union_authenticator *self = alloc_zero(sizeof(*self));
    self->base.ops = &union_ops;
    self->members = alloc_array(count ? count : 1, sizeof(*self->members));
    for (size_t i = 0; i < count; i++)
        self->members[i] = take_members[i];
    self->count = count;
    self->anonymous = anonymous;
    return &self->base;
}
