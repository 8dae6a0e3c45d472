#include "base/grow.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int text_grow(char** text, size_t* size, const void* bytes, size_t n, size_t max) {
        if (n > max - *size)
                return -EFBIG;
        char* bigger = realloc(*text, *size + n + 1);
        if (!bigger)
                return -ENOMEM;
        memcpy(bigger + *size, bytes, n);
        *size += n;
        bigger[*size] = 0;
        *text = bigger;
        return 0;
}
