#include "image/challenge.h"
#include <stdio.h>
#include <strings.h>

static const char* skip_spaces(const char* p) {
        return p + strspn(p, " \t");
}

/* One name=value or name="value"; *p goes behind it. */
static int parameter(const char** p, char name[static 32], char value[static 1024]) {
        size_t n = strcspn(*p, "= \t,\""), i = 0;
        if (n == 0 || n >= 32 || (*p)[n] != '=')
                return -EBADMSG;
        memcpy(name, *p, n);
        name[n] = 0;
        *p += n + 1;
        bool quoted = **p == '"';
        if (quoted)
                (*p)++;
        for (; **p && (quoted ? **p != '"' : !strchr(" \t,", **p)); (*p)++) {
                if (quoted && **p == '\\' && (*p)[1])
                        (*p)++;
                if (i + 1 >= 1024 || (unsigned char) **p < 0x20 || **p == 0x7f)
                        return -EBADMSG;
                value[i++] = **p;
        }
        value[i] = 0;
        if (quoted && *(*p)++ != '"')
                return -EBADMSG;
        return 0;
}

static int keep(ImageChallenge* c, const char* name, const char* value) {
        int n = 0;
        size_t room = 1;
        if (strcasecmp(name, "realm") == 0)
                n = snprintf(c->realm, room = sizeof(c->realm), "%s", value);
        else if (strcasecmp(name, "service") == 0)
                n = snprintf(c->service, room = sizeof(c->service), "%s", value);
        else if (strcasecmp(name, "scope") == 0)
                n = snprintf(c->scope, room = sizeof(c->scope), "%s", value);
        return n >= (int) room ? -EBADMSG : 0;
}

static bool realm_valid(const char* s, bool plain) {
        const char* rest = startswith(s, "https://") ?: plain ? startswith(s, "http://") : NULL;
        if (isempty(rest) || strchr("/?#@", *rest))
                return false;
        for (const char* p = s; *p; p++)
                if (*p <= 0x20 || *p >= 0x7f || strchr("\"<>\\^`{|}@#", *p))
                        return false;
        return true;
}

int image_challenge_parse(const char* header, bool plain, ImageChallenge* ret) {
        char name[32], value[1024];
        ImageChallenge c = {};
        const char* p = skip_spaces(header);
        size_t n = strcspn(p, " \t");
        c.basic = n == 5 && strncasecmp(p, "Basic", n) == 0;
        if (!c.basic && (n != 6 || strncasecmp(p, "Bearer", n) != 0))
                return -EBADMSG;
        for (p = skip_spaces(p + n); *p; p = skip_spaces(p)) {
                if (parameter(&p, name, value) < 0 || keep(&c, name, value) < 0)
                        return -EBADMSG;
                p = skip_spaces(p);
                if (*p == ',')
                        p++;
                else if (*p)
                        return -EBADMSG;
        }
        if (!c.basic && !realm_valid(c.realm, plain))
                return -EBADMSG;
        *ret = c;
        return 0;
}
