#include "worker/acme-hook.h"
#include "base/validate.h"

#define WORD_MAX 512

static bool token_valid(const char* s, bool dot) {
        size_t n = strlen(s), dots = 0;
        for (const char* p = s; *p; p++) {
                dots += *p == '.';
                if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.", *p))
                        return false;
        }
        return n > 0 && n <= WORD_MAX && dots <= (dot ? 1u : 0u);
}

static bool event_valid(const char* s) {
        return streq(s, "begin") || streq(s, "done") || streq(s, "failed");
}

int hook_call_parse(char* line, HookCall* ret) {
        const char* words[5];
        size_t n = 0;
        for (char *rest = line, *word; (word = strsep(&rest, " "));) {
                if (n == ELEMENTS(words))
                        return -EBADMSG;
                words[n++] = word;
        }
        if (n != ELEMENTS(words) || !event_valid(words[0]) || !token_valid(words[1], false) || !dns_name_valid(words[2]) ||
            !token_valid(words[3], false) || !token_valid(words[4], true))
                return -EBADMSG;
        *ret = (HookCall) { words[0], words[1], words[2], words[3], words[4] };
        return 0;
}
