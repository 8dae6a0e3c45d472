/* base/format.h: printf into memory of its own. Owned by the caller; NULL when there is none. */
#pragma once
#include "base/macro.h"
#include <stdarg.h>

char* format_text(const char* format, ...) _printf_(1, 2);
char* format_text_va(const char* format, va_list ap) _printf_(1, 0);
