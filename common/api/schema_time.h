// SPDX-License-Identifier: Apache-2.0
// Says what is wrong with a time that time_parse refused, in the words of Go's time.Parse.
#ifndef CUBE_COMMON_API_SCHEMA_TIME_H
#define CUBE_COMMON_API_SCHEMA_TIME_H

#include <stdbool.h>

#include "common/base/error.h"

// `parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"`. Returns -1.
int schema_time_error(const char *text, bool micro, struct error **err);

#endif
