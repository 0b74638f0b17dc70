// SPDX-License-Identifier: Apache-2.0
// The certificate that the kubelet's server shows when none was given: self-signed, kept in --cert-dir as kubelet.crt and kubelet.key.
#ifndef CUBE_KUBELET_SERVING_CERTIFICATE_H
#define CUBE_KUBELET_SERVING_CERTIFICATE_H

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "kubelet/node_facts.h"

// Makes the pair if one of the files is missing. Appends their paths.
int serving_certificate_ensure_kubelet(const char *folder, const struct node_facts *facts, struct clock *clock,
                                       struct str *ret_certificate, struct str *ret_key, struct error **err) MUST_CHECK;

#endif
