// SPDX-License-Identifier: Apache-2.0
// Client certificates: the subject's CN is the user, each O a group.
#ifndef CUBE_APISERVER_AUTHENTICATION_X509_H
#define CUBE_APISERVER_AUTHENTICATION_X509_H

#include "apiserver/authentication/authenticator.h"

struct authenticator *x509_authenticator_new(void);

#endif
