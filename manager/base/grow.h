/* base/grow.h: a text that arrives in pieces, such as an answer over HTTP, and may not grow beyond a limit. */
#pragma once
#include <stddef.h>

/* Puts n bytes behind the size bytes of *text (NULL with 0 at first), and a NUL behind those. The text is the caller's, to be freed;
 * it stays as it was on failure. 0, -EFBIG where it would be larger than max, -ENOMEM. */
int text_grow(char** text, size_t* size, const void* bytes, size_t n, size_t max);
