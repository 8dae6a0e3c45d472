/* WWW-Authenticate as registries use it (RFC 9110 11.6.1; the distribution project's token specification). Pure. */
#pragma once
#include "base/error.h"

typedef struct ImageChallenge {
        bool basic;          /* name and password go to the registry itself */
        char realm[1024];    /* Bearer: where tokens are had */
        char service[256], scope[512];
} ImageChallenge;

/* -EBADMSG for anything but well formed Basic or Bearer with an https realm (http too with plain, for tests). */
int image_challenge_parse(const char* header, bool plain, ImageChallenge* ret);
