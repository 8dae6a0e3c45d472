/* Any text as the name of an image: what is taken has only letters a URL may hold, and with a digest it is taken again and means the same. */
#include "image/reference.h"
#include <stdio.h>

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static bool within(const char* s, const char* also) {
        for (; *s; s++)
                if (!(*s >= 'a' && *s <= 'z') && !(*s >= '0' && *s <= '9') && !strchr(also, *s))
                        return false;
        return true;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        _cleanup_free_ char *text = strndup((const char*) data, size), *pinned = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        ImageReference r, again;
        if (image_reference_parse(text, &r, &e) < 0) {
                assert(error_is_set(&e));
                return 0;
        }
        assert(*r.host && within(r.host, ".-:[]") && *r.path && within(r.path, "._-/") && !strstr(r.path, "..") && !strstr(r.path, "//"));
        assert(*r.host != '-' && *r.host != '.' && !strstr(r.host, "-.") && !strstr(r.host, ".-") && !strstr(r.host, "-:") && !strstr(r.host, "..") &&
               !strchr("-.", r.host[strlen(r.host) - 1]));
        assert(within(r.tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-") && (*r.tag || *r.hex) && (!*r.hex || image_hex_valid(r.hex)));
        pinned = image_reference_pin(&r, *r.hex ? r.hex : HEX);
        assert(image_reference_parse(pinned, &again, NULL) >= 0);
        assert(streq(again.host, r.host) && streq(again.path, r.path) && streq(again.hex, *r.hex ? r.hex : HEX) && !*again.tag);
        assert(streq(image_reference_api_host(&again), image_reference_api_host(&r)));
        return 0;
}
