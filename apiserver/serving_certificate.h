// SPDX-License-Identifier: Apache-2.0
// The certificate that the server shows when none was given: self-signed, kept in a folder.
#ifndef CUBE_APISERVER_SERVING_CERTIFICATE_H
#define CUBE_APISERVER_SERVING_CERTIFICATE_H

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/macro.h"
#include "common/base/str.h"

// Makes <folder>/apiserver.crt and apiserver.key unless both are there, and appends their paths. address is named in the certificate
// besides 127.0.0.1, localhost and the names of the kubernetes service.
int serving_certificate_ensure(const char *folder, const char *address, struct clock *clock, struct str *ret_certificate,
                               struct str *ret_key, struct error **err) MUST_CHECK;
// The address that others reach this machine by: the first of an interface that is up and no loopback; "127.0.0.1" if there is none.
void serving_certificate_host_address(struct str *out);

#endif
