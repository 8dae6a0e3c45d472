/* Who this box is to the world: a number that says nothing else. Served at /.well-known/steadbox of every name, so that a check can tell
 * whether a name leads here, and compared by the jobs that ask. Public by design; it is not the machine id, nor does it lead to it
 * (sd_id128_get_machine_app_specific(3)), and it is another one on every installation. */
#pragma once
#include <systemd/sd-id128.h>

#define IDENTITY_PATH "/.well-known/steadbox"
#define IDENTITY_APP SD_ID128_MAKE(5b, 1e, 93, 7a, c4, 0d, 4f, 26, 8e, 71, 2a, f6, 9d, 38, b0, 54) /* ours; never to be changed */
#define IDENTITY_BYTES SD_ID128_STRING_MAX /* 32 hexadecimal digits in small letters, NUL */

/* 0, or a negative errno where there is no machine id. What is served is this and a newline. */
static inline int identity_get(char ret[static IDENTITY_BYTES]) {
        sd_id128_t id;
        int r = sd_id128_get_machine_app_specific(IDENTITY_APP, &id);
        if (r < 0)
                return r;
        (void) sd_id128_to_string(id, ret);
        return 0;
}
