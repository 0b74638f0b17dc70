// SPDX-License-Identifier: Apache-2.0
// Who makes a request: the name, uid and groups that an authenticator vouches for.
#ifndef CUBE_APISERVER_AUTHENTICATION_USER_H
#define CUBE_APISERVER_AUTHENTICATION_USER_H

#include <stdbool.h>

#include "common/base/macro.h"
#include "common/base/str.h"

#define USER_ANONYMOUS "system:anonymous"
#define USER_GROUP_AUTHENTICATED "system:authenticated"
#define USER_GROUP_UNAUTHENTICATED "system:unauthenticated"
#define USER_GROUP_MASTERS "system:masters"

// Zero-initialise to start; user_info_free frees what it holds.
struct user_info {
    char *name; // NULL until authenticated
    char *uid;  // NULL if the authenticator knows none
    struct str_list groups;
};

#define AUTO_USER CLEANUP(user_info_free) struct user_info

void user_info_free(struct user_info *user); // frees and zeroes
void user_info_copy(struct user_info *to, const struct user_info *from);
bool user_info_in_group(const struct user_info *user, const char *group);

#endif
