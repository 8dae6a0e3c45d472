#include "base/format.h"
#include <stdio.h>

char* format_text_va(const char* format, va_list ap) {
        char* text = NULL;
        return vasprintf(&text, format, ap) < 0 ? NULL : text;
}

char* format_text(const char* format, ...) {
        va_list ap;
        va_start(ap, format);
        char* text = format_text_va(format, ap);
        va_end(ap);
        return text;
}
