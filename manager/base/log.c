#include "base/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <sys/uio.h>

static int log_max_level = LOG_INFO;

void log_set_max_level(int level) {
        log_max_level = level;
}

int log_full_errno(int level, int error, const char* format, ...) {
        error = abs(error);
        if (level > log_max_level)
                return -error;

        char line[2048];
        int n = snprintf(line, sizeof(line), "<%d>", level);
        va_list ap;
        va_start(ap, format);
        errno = error;
        int m = vsnprintf(line + n, sizeof(line) - n - 1, format, ap);
        va_end(ap);
        size_t length = m < 0 ? (size_t) n : MIN((size_t) (n + m), sizeof(line) - 2);
        for (size_t i = n; i < length; i++) /* one record is one line, whatever the text held */
                if ((unsigned char) line[i] < 0x20)
                        line[i] = ' ';
        line[length++] = '\n';
        (void) !write(STDERR_FILENO, line, length);
        return -error;
}
