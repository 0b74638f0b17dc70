// SPDX-License-Identifier: Apache-2.0
// Validation of labels, annotations and label selectors at any path.
#ifndef CUBE_COMMON_API_VALIDATION_LABELS_H
#define CUBE_COMMON_API_VALIDATION_LABELS_H

#include "common/api/field_errors.h"
#include "common/data/json.h"

void validation_labels(const struct json *labels, const char *path, struct field_errors *errors);
void validation_labels_annotations(const struct json *annotations, const char *path, struct field_errors *errors);
void validation_labels_selector(const struct json *selector, const char *path, struct field_errors *errors);
// Names of finalizers at path: qualified, and one of the standard ones where they have no prefix.
void validation_labels_finalizer(const char *finalizer, const char *path, struct field_errors *errors);

#endif
