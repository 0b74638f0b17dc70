// SPDX-License-Identifier: Apache-2.0
// Client certificates: the subject's CN is the user, each O a group.
#include "apiserver/authentication/x509.h"

#include <stdlib.h>

#include "common/base/alloc.h"

static enum authentication_result x509_authenticate(struct authenticator *authenticator UNUSED,
                                                    const struct credentials *credentials, struct user_info *ret_user,
                                                    struct error **err) {
    const struct peer_certificate *certificate = credentials->certificate;
    if (!certificate || !certificate->presented)
        return AUTHENTICATION_NONE;
    if (!certificate->verified) {
        error_set(err, "verifying certificate: %s", certificate->problem ? certificate->problem : "x509: not verified");
        return AUTHENTICATION_REFUSED;
    }
    if (str_empty(certificate->common_name))
        return AUTHENTICATION_NONE; // as upstream: no user to speak of
    ret_user->name = alloc_string(certificate->common_name);
    for (size_t i = 0; i < certificate->organization_count; i++)
        str_list_add(&ret_user->groups, certificate->organizations[i]);
    return AUTHENTICATION_OK;
}

static void x509_free_authenticator(struct authenticator *authenticator) {
    free(authenticator);
}

static const struct authenticator_ops x509_ops = {"x509", x509_authenticate, x509_free_authenticator};

struct authenticator *x509_authenticator_new(void) {
    struct authenticator *self = alloc_zero(sizeof(*self));
    self->ops = &x509_ops;
    return self;
}
