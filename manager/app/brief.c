#include "app/brief.h"

/* After the closing quote of a JSON string; NULL where there is none. */
static const char* string_end(const char* p) {
        for (p += strcspn(p + 1, "\"\\") + 1; *p == '\\' && p[1]; p += strcspn(p + 2, "\"\\") + 2)
                ;
        return *p == '"' ? p + 1 : NULL;
}

/* The comma or bracket that ends a member's value. */
static const char* value_end(const char* p) {
        for (unsigned depth = 0;;) {
                p += strcspn(p, depth ? "\"[]{}" : "\"[]{},");
                if (*p == '"') {
                        if (!(p = string_end(p)))
                                return NULL;
                        continue;
                }
                if (*p == 0)
                        return NULL;
                if (depth == 0 && (*p == ',' || *p == '}' || *p == ']'))
                        return p;
                depth = *p == '[' || *p == '{' ? depth + 1 : depth - 1;
                p++;
        }
}

static bool is_brief(const char* key, size_t n) {
        static const char* const keys[] = { "containers", "end_of_life", "http", "ports", "resources", "settings", "sign_in" };
        for (size_t i = 0; i < ELEMENTS(keys); i++)
                if (strlen(keys[i]) == n && memcmp(keys[i], key, n) == 0)
                        return true;
        return false;
}

/* The object's text with those members alone; ret has room for all of it. False where the text is not as we write it, without spaces. */
static bool pick(const char* p, char* ret) {
        char* to = ret;
        if (*p != '{')
                return false;
        *to++ = '{';
        p += p[1] == '}';
        while (*p != '}') {
                const char *key = p + 1, *colon = *key == '"' ? string_end(key) : NULL, *end = colon && *colon == ':' ? value_end(colon + 1) : NULL;
                if (!end || *end == ']')
                        return false;
                if (is_brief(key + 1, (size_t) (colon - key) - 2)) {
                        if (to > ret + 1)
                                *to++ = ',';
                        to = mempcpy(to, key, (size_t) (end - key));
                }
                p = end;
        }
        (void) strcpy(to, "}");
        return p[1] == 0;
}

json_t* manifest_brief(const char* text) {
        _cleanup_free_ char* part = malloc(strlen(text) + 2);
        return part && pick(text, part) ? json_loads(part, 0, NULL) : NULL;
}
