// SPDX-License-Identifier: Apache-2.0
// Who makes a request: the name, uid and groups that an authenticator vouches for.
#include "apiserver/authentication/user.h"

#include <stdlib.h>

#include "common/base/alloc.h"

void user_info_free(struct user_info *user) {
    free(user->name);
    free(user->uid);
    str_list_free(&user->groups);
    *user = (struct user_info){0};
}

void user_info_copy(struct user_info *to, const struct user_info *from) {
    *to = (struct user_info){.name = alloc_string_or_null(from->name), .uid = alloc_string_or_null(from->uid)};
    for (size_t i = 0; i < from->groups.len; i++)
        str_list_add(&to->groups, from->groups.items[i]);
}

bool user_info_in_group(const struct user_info *user, const char *group) {
    return str_list_contains(&user->groups, group);
}
