// SPDX-License-Identifier: Apache-2.0
// How leases are written.
#include "apiserver/registry/lease_strategy.h"

const struct strategy lease_strategy = {
    .group = "coordination.k8s.io",
    .resource = "leases",
    .allow_create_on_update = true,
    .refuse_unconditional_update = true,
};
