/* Times, sizes and labels as people read them. Callers pass the clock and the place in. */
#pragma once
#include "base/macro.h"

#define HUMANE_MAX 64

/* "5 min ago", "in 3 h", and the day where it is further away than two days. */
void humane_moment(int64_t at, int64_t now, char ret[static HUMANE_MAX]);
/* "2026-11-21 07:34:41 (5 min ago)", in local time. */
void humane_time(int64_t at, int64_t now, char ret[static HUMANE_MAX]);
/* "2026-11-21", "2026-11-21 07:34" and "2026-11-21 07:34:41", also with a T between, in local time. -EINVAL otherwise. */
int humane_parse_moment(const char* s, int64_t* ret);
/* "1.4 GiB" */
void humane_size(int64_t bytes, char ret[static HUMANE_MAX]);
/* "created_at" -> "Created", "size_bytes" -> "Size", "display_name" -> "Display name" */
void humane_label(const char* property, char ret[static HUMANE_MAX]);
