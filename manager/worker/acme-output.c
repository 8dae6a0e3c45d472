#include "worker/acme-output.h"
#include <stdio.h>
#include <time.h>

#define WAIT_MAX (30 * 86400)

static void copy_plain(char* to, size_t size, const char* from, size_t n) {
        (void) snprintf(to, size, "%.*s", (int) MIN(n, size - 1), from);
        for (char* p = to; *p; p++)
                if (*p < ' ' || *p >= 0x7f)
                        *p = '?';
}

/* "key": "value" alone on its line, as uacme prints JSON. Escapes stay as they are. */
static bool member(const char* line, const char* key, const char** ret, size_t* ret_size) {
        const char* p = line + strspn(line, " \t");
        size_t n = strlen(key);
        if (*p != '"' || strncmp(p + 1, key, n) != 0 || strncmp(p + 1 + n, "\": \"", 4) != 0)
                return false;
        p += n + 5;
        const char* end = strrchr(p, '"');
        if (!end)
                return false;
        *ret = p;
        *ret_size = (size_t) (end - p);
        return true;
}

/* RFC 9110 10.2.3: seconds, or a date. */
static int64_t retry_after(const char* value, int64_t now) {
        struct tm tm = {};
        char* end;
        value += strspn(value, " ");
        long seconds = strtol(value, &end, 10);
        if (end > value)
                return MAX(MIN((int64_t) seconds, (int64_t) WAIT_MAX), (int64_t) 0);
        if (!strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &tm))
                return 0;
        return MAX(MIN((int64_t) timegm(&tm) - now, (int64_t) WAIT_MAX), (int64_t) 0);
}

static void take_problem(AcmeOutput* o, const char* line) {
        static const char prefix[] = "urn:ietf:params:acme:error:";
        const char* value;
        size_t n;
        if (member(line, "type", &value, &n) && n > sizeof(prefix) - 1 && strncmp(value, prefix, sizeof(prefix) - 1) == 0)
                copy_plain(o->type, sizeof(o->type), value + sizeof(prefix) - 1, n - (sizeof(prefix) - 1));
        else if (member(line, "detail", &value, &n))
                copy_plain(o->detail, sizeof(o->detail), value, n);
}

bool acme_output_line(AcmeOutput* o, const char* line, int64_t now) {
        static const char* const noise[] = { " HTTP headers", " HTTP body", " return code ", " url=", "acme_get:", "fetching new nonce" };
        const char* said = startswith(line, "uacme: ");
        if (!said) {
                if (startswith(line, "HTTP/")) {
                        const char* space = strchr(line, ' ');
                        o->status = space ? (unsigned) strtoul(space, NULL, 10) : 0;
                } else if (strncasecmp(line, "retry-after:", 12) == 0 && (o->status == 429 || o->status == 503))
                        o->retry_after = retry_after(line + 12, now);
                else
                        take_problem(o, line);
                return false;
        }
        if (strstr(said, "server rejected nonce")) /* an everyday matter, and no reason for anything */
                *o->type = *o->detail = 0;
        if (startswith(said, "no account associated"))
                o->no_account = true;
        for (size_t i = 0; i < ELEMENTS(noise); i++)
                if (strstr(said, noise[i]))
                        return false;
        copy_plain(o->last, sizeof(o->last), said, strlen(said));
        return true;
}
