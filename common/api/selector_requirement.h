// SPDX-License-Identifier: Apache-2.0
// One requirement of a selector: checked when made, matched against a value. Shared by label and node selectors.
#ifndef CUBE_COMMON_API_SELECTOR_REQUIREMENT_H
#define CUBE_COMMON_API_SELECTOR_REQUIREMENT_H

#include "common/api/selector.h"

// Sorts the values; checks key, number and form of the values. Messages as labels.NewRequirement's.
int selector_requirement_check(struct selector_requirement *requirement, struct error **err) MUST_CHECK;
// value NULL: the key is absent.
bool selector_requirement_matches(const struct selector_requirement *requirement, const char *value);
void selector_requirement_append_text(const struct selector_requirement *requirement, struct str *out);
void selector_requirement_free(struct selector_requirement *requirement); // what it owns

#endif
