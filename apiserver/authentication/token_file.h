// SPDX-License-Identifier: Apache-2.0
// Static bearer tokens from a CSV file: token,user,uid,"group1,group2".
#ifndef CUBE_APISERVER_AUTHENTICATION_TOKEN_FILE_H
#define CUBE_APISERVER_AUTHENTICATION_TOKEN_FILE_H

#include "apiserver/authentication/authenticator.h"

// Reads the file once, as upstream does. Lines need three columns at least; empty tokens are an error.
int token_file_authenticator_new(const char *path, struct authenticator **ret_authenticator, struct error **err) MUST_CHECK;
// The same from text; source names it in errors.
int token_file_authenticator_new_from_text(const char *text, size_t len, const char *source,
                                           struct authenticator **ret_authenticator, struct error **err) MUST_CHECK;

#endif
