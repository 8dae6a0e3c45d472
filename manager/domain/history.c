/* The timeline of a domain: what the world answered anew, what was written, switched, ignored. */
#include "base/format.h"
#include "base/time.h"
#include "domain/domain-internal.h"
#include <stdarg.h>
#include <stdio.h>

#define SENTENCE_BYTES 1000
#define VALUE_BYTES 2000 /* of before and after; a longer TXT is cut, for it is only shown */

/* Cut at a character's border. */
static char* cut(const char* text, size_t max) {
        size_t n = strlen(text);
        if (n > max)
                for (n = max; n > 0 && ((unsigned char) text[n] & 0xc0) == 0x80;)
                        n--;
        return strndup(text, n);
}

int domain_history_add(
                Manager* m,
                int64_t id,
                const char* kind,
                const char* record,
                const char* before,
                const char* after,
                const Actor* actor,
                const char* format,
                ...) {
        _cleanup_free_ char *sentence = NULL, *was = NULL, *is = NULL;
        va_list ap;
        va_start(ap, format);
        _cleanup_free_ char* text = format_text_va(format, ap);
        va_end(ap);
        if (!text)
                return -ENOMEM;
        sentence = cut(text, SENTENCE_BYTES);
        was = before ? cut(before, VALUE_BYTES) : NULL;
        is = after ? cut(after, VALUE_BYTES) : NULL;
        if (!sentence || (before && !was) || (after && !is))
                return -ENOMEM;
        DomainChange change = {
                .at = now_seconds(),
                .kind = kind,
                .record = record,
                .before = was,
                .after = is,
                .actor_id = actor ? actor->user_id : 0,
                .actor = actor ? actor->name : "world",
                .sentence = sentence,
        };
        int r = store_domain_change_add(m->store, id, &change, NULL);
        return MIN(r, 0);
}
