#include "dpkg.h"

/* "Status: install ok installed": want, error flag, state (dpkg-query(1)). */
static DpkgState state_of(const char* status, size_t size) {
        const char* last = memrchr(status, ' ', size);
        if (!last)
                return DPKG_BROKEN;
        size_t n = size - (size_t) (last + 1 - status);
        last++;
        static const struct {
                const char* word;
                DpkgState state;
        } words[] = { { "installed", DPKG_INSTALLED }, { "not-installed", DPKG_ABSENT }, { "config-files", DPKG_ABSENT } };
        bool flagged = memmem(status, size, "reinstreq", strlen("reinstreq"));
        for (size_t i = 0; i < ELEMENTS(words); i++)
                if (strlen(words[i].word) == n && memcmp(words[i].word, last, n) == 0)
                        return flagged ? DPKG_BROKEN : words[i].state;
        return DPKG_BROKEN;
}

/* Calls nothing back: steps from stanza to stanza. Returns the next stanza or NULL, and this one's name and state. */
static const char* next_stanza(const char* text, const char** ret_name, size_t* ret_name_size, DpkgState* ret_state) {
        *ret_name = NULL;
        *ret_state = DPKG_ABSENT;
        while (*text && *text != '\n') {
                size_t n = strcspn(text, "\n");
                const char* value;
                if ((value = startswith(text, "Package: "))) {
                        *ret_name = value;
                        *ret_name_size = n - (size_t) (value - text);
                } else if ((value = startswith(text, "Status: ")) && value <= text + n)
                        *ret_state = state_of(value, n - (size_t) (value - text));
                text += n + (text[n] == '\n');
        }
        while (*text == '\n')
                text++;
        return *text ? text : NULL;
}

DpkgState dpkg_state(const char* status_text, const char* package) {
        DpkgState best = DPKG_ABSENT;
        for (const char* p = status_text; p && *p;) {
                const char* name;
                size_t n = 0;
                DpkgState state;
                p = next_stanza(p, &name, &n, &state);
                if (name && n == strlen(package) && memcmp(name, package, n) == 0)
                        best = MAX(best, state);
        }
        return best;
}

char* dpkg_first_broken(const char* status_text) {
        for (const char* p = status_text; p && *p;) {
                const char* name;
                size_t n = 0;
                DpkgState state;
                p = next_stanza(p, &name, &n, &state);
                if (name && state == DPKG_BROKEN)
                        return strndup(name, n);
        }
        return NULL;
}
