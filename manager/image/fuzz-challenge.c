/* Any text as WWW-Authenticate: where it sends us is an address that names a host, and nothing in it can end a line of a request. */
#include "image/challenge.h"
#include <stdio.h>

static bool on_one_line(const char* s) {
        for (; *s; s++)
                if ((unsigned char) *s < 0x20 || *s == 0x7f)
                        return false;
        return true;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        _cleanup_free_ char* header = strndup((const char*) data, size);
        for (int plain = 0; plain < 2; plain++) {
                ImageChallenge c;
                if (image_challenge_parse(header, plain, &c) < 0)
                        continue;
                assert(on_one_line(c.realm) && on_one_line(c.service) && on_one_line(c.scope));
                const char* rest = startswith(c.realm, "https://") ?: plain ? startswith(c.realm, "http://") : NULL;
                assert(c.basic || (rest && !strchr("/?#@", *rest) && !strpbrk(rest, "@# \\\"")));
        }
        return 0;
}
