// SPDX-License-Identifier: Apache-2.0
// The authenticator seam and the union that asks one after the other, as upstream's request header chain does.
#ifndef CUBE_APISERVER_AUTHENTICATION_AUTHENTICATOR_H
#define CUBE_APISERVER_AUTHENTICATION_AUTHENTICATOR_H

#include <stdbool.h>
#include <stddef.h>

#include "apiserver/authentication/user.h"
#include "common/base/error.h"

// What a peer's TLS handshake showed. All borrowed.
struct peer_certificate {
    bool presented;                   // a client certificate came
    bool verified;                    // and it chains to the client CA and may be used by clients
    const char *problem;              // why it is not verified; NULL if it is
    const char *common_name;          // of the leaf's subject, NULL if it has none
    const char *const *organizations; // of the leaf's subject
    size_t organization_count;
};

// What there is to go by. All borrowed.
struct credentials {
    const char *authorization; // the Authorization header or NULL
    const struct peer_certificate *certificate;
};

enum authentication_result {
    AUTHENTICATION_NONE,    // no credentials of this kind: ask the next one
    AUTHENTICATION_OK,      // *ret_user is filled
    AUTHENTICATION_REFUSED, // credentials of this kind, and they are wrong: *err says why (for the log, never for the client)
};

struct authenticator;
struct authenticator_ops {
    const char *name;
    enum authentication_result (*authenticate)(struct authenticator *authenticator, const struct credentials *credentials,
                                               struct user_info *ret_user, struct error **err);
    void (*free)(struct authenticator *authenticator);
};
struct authenticator {
    const struct authenticator_ops *ops;
};

enum authentication_result authenticator_authenticate(struct authenticator *authenticator, const struct credentials *credentials,
                                                      struct user_info *ret_user, struct error **err);
void authenticator_free(struct authenticator *authenticator); // NULL is fine

// Asks its members in order; the first OK wins. All of them said NONE: NONE. A refusal counts only if nobody says OK. Successful users
// get the group system:authenticated, unless they are anonymous. anonymous: whoever brings no credentials at all becomes
// system:anonymous; wrong credentials never do.
struct authenticator *authenticator_union_new(struct authenticator **take_members, size_t count, bool anonymous);

#endif
