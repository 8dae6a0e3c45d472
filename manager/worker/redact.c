#include "worker/redact.h"
#include "base/validate.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>

#define WORDS_MAX 20000
#define WORD_MIN 3               /* shorter names are in every other word */
#define SEEN_MAX 512             /* of a kind; beyond that things share the last number */
#define TOKEN_MIN 32
#define WORD_BYTES_MAX 256

typedef enum Kind { KIND_NAME, KIND_EMAIL, KIND_ADDRESS, KIND_HOST, KIND_SECRET, KIND_HASH, _KIND_MAX } Kind;
static const char* const kind_names[_KIND_MAX] = {
        [KIND_NAME] = "name", [KIND_EMAIL] = "e-mail", [KIND_ADDRESS] = "address", [KIND_HOST] = "host",
        [KIND_SECRET] = "secret", [KIND_HASH] = "hash",
};

struct Redactor {
        char** words;            /* lower case, sorted */
        size_t n_words;
        struct {
                char* items[SEEN_MAX];
                size_t n;
        } seen[_KIND_MAX];
};

typedef struct Output {
        char* text;
        size_t size, room;
        unsigned count;
        bool failed;
} Output;

static void put(Output* o, const char* data, size_t n) {
        if (o->failed)
                return;
        if (o->size + n + 1 > o->room) {
                size_t room = MAX(o->room * 2, o->size + n + 1);
                char* bigger = realloc(o->text, room);
                if (!bigger) {
                        o->failed = true;
                        return;
                }
                o->text = bigger;
                o->room = room;
        }
        memcpy(o->text + o->size, data, n);
        o->size += n;
        o->text[o->size] = 0;
}

/* --- the words --- */

static bool is_word(unsigned char c) {
        return isalnum(c) || c == '_' || c >= 0x80;
}

static void lower(char* s) {
        for (; *s; s++)
                *s = (char) (*s >= 'A' && *s <= 'Z' ? *s - 'A' + 'a' : *s);
}

static int word_add(Redactor* r, const char* word, size_t n) {
        if (n < WORD_MIN || n >= WORD_BYTES_MAX || r->n_words == WORDS_MAX)
                return 0;
        char* copy = strndup(word, n);
        if (!copy)
                return -ENOMEM;
        lower(copy);
        r->words[r->n_words++] = copy;
        return 0;
}

static int words_of(Redactor* r, const char* name) {
        for (const char* p = name; *p;) {
                size_t n = 0;
                while (*p && !is_word((unsigned char) *p))
                        p++;
                while (is_word((unsigned char) p[n]))
                        n++;
                if (word_add(r, p, n) < 0)
                        return -ENOMEM;
                p += n;
        }
        return 0;
}

static int by_text(const void* a, const void* b) {
        return strcmp(*(char* const*) a, *(char* const*) b);
}

int redactor_new(const json_t* words, Redactor** ret) {
        _cleanup_(redactor_freep) Redactor* r = calloc(1, sizeof(Redactor));
        size_t i;
        json_t* word;
        if (!r || !(r->words = calloc(WORDS_MAX, sizeof(char*))))
                return -ENOMEM;
        json_array_foreach(words, i, word)
                if (json_is_string(word) && words_of(r, json_string_value(word)) < 0)
                        return -ENOMEM;
        qsort(r->words, r->n_words, sizeof(char*), by_text);
        *ret = TAKE_PTR(r);
        return 0;
}

Redactor* redactor_free(Redactor* r) {
        if (!r)
                return NULL;
        for (size_t i = 0; i < r->n_words; i++)
                free(r->words[i]);
        for (size_t k = 0; k < _KIND_MAX; k++)
                for (size_t i = 0; i < r->seen[k].n; i++)
                        free(r->seen[k].items[i]);
        free(r->words);
        free(r);
        return NULL;
}

static bool word_known(const Redactor* r, const char* s, size_t n) {
        char word[WORD_BYTES_MAX];
        const char* key = word;
        if (n >= sizeof(word) || n < WORD_MIN)
                return false;
        memcpy(word, s, n);
        word[n] = 0;
        lower(word);
        return bsearch(&key, r->words, r->n_words, sizeof(char*), by_text);
}

/* --- black bars --- */

static size_t number_of(Redactor* r, Kind kind, const char* s, size_t n) {
        for (size_t i = 0; i < r->seen[kind].n; i++)
                if (strlen(r->seen[kind].items[i]) == n && strncasecmp(r->seen[kind].items[i], s, n) == 0)
                        return i + 1;
        if (r->seen[kind].n < SEEN_MAX) {
                char* copy = strndup(s, n);
                if (copy)
                        r->seen[kind].items[r->seen[kind].n++] = copy;
        }
        return r->seen[kind].n;
}

static void bar(Redactor* r, Output* o, Kind kind, const char* s, size_t n) {
        char text[64];
        int k = kind == KIND_SECRET || kind == KIND_HASH ? snprintf(text, sizeof(text), "[%s]", kind_names[kind])
                                                         : snprintf(text, sizeof(text), "[%s-%zu]", kind_names[kind], number_of(r, kind, s, n));
        o->count++;
        put(o, text, (size_t) k);
}

/* --- what things look like; each returns the length at s that is one, or 0 --- */

static size_t run_of(const char* s, const char* more) {
        size_t n = 0;
        while (s[n] && (isalnum((unsigned char) s[n]) || strchr(more, s[n])))
                n++;
        return n;
}

static size_t like_hash(const char* s) {
        static const char* const schemes[] = { "$argon2", "$1$", "$2a$", "$2b$", "$2y$", "$5$", "$6$", "$7$", "$y$", "$gy$", "$scrypt$" };
        for (size_t i = 0; i < ELEMENTS(schemes); i++)
                if (startswith(s, schemes[i]))
                        return strcspn(s, " \t\r\n\"'<>");
        return 0;
}

/* Last labels that name files, units and bus names rather than hosts. */
static bool file_like(const char* label, size_t n) {
        static const char* const known[] = {
                "automount", "bin", "c", "cfg", "cnf", "conf", "config", "css", "d", "db", "deb", "device", "gz", "h", "html", "img", "inc",
                "js", "json", "key", "list", "lock", "log", "mount", "path", "pem", "pid", "png", "py", "scope", "service", "sh", "slice",
                "so", "sock", "socket", "sources", "sql", "svg", "swap", "tar", "target", "timer", "txt", "xml", "xz", "yaml", "yml", "zst",
        };
        for (size_t i = 0; i < ELEMENTS(known); i++)
                if (strlen(known[i]) == n && strncasecmp(known[i], label, n) == 0)
                        return true;
        return false;
}

static size_t like_email(const char* s) {
        size_t local = run_of(s, ".!#$%&'*+-/=?^_`{|}~");
        if (local == 0 || s[local] != '@')
                return 0;
        size_t domain = run_of(s + local + 1, "-.");
        while (domain > 0 && s[local + domain] == '.') /* a full stop behind it */
                domain--;
        const char* dot = domain > 0 ? memrchr(s + local + 1, '.', domain) : NULL;
        if (dot && file_like(dot + 1, (size_t) (s + local + 1 + domain - (dot + 1)))) /* a unit: template@instance.service */
                return 0;
        return domain > 0 ? local + 1 + domain : 0;
}

static bool harmless_address(const char* text) {
        static const char* const harmless[] = { "0.0.0.0", "255.255.255.255", "::", "::1" };
        for (size_t i = 0; i < ELEMENTS(harmless); i++)
                if (streq(text, harmless[i]))
                        return true;
        return startswith(text, "127.");
}

/* The run of these characters that is an address once punctuation behind it (a full stop, a colon before a port) is left off. */
static size_t address_of(const char* s, const char* characters, bool* ret_harmless) {
        char text[INET6_ADDRSTRLEN + 1];
        size_t n = strspn(s, characters);
        if (n > INET6_ADDRSTRLEN || isalnum((unsigned char) s[n]) || s[n] == '_')
                return 0;
        memcpy(text, s, n);
        for (text[n] = 0; n >= 2; text[--n] = 0) {
                if (ip_address_valid(text)) {
                        *ret_harmless = harmless_address(text);
                        return n;
                }
                if (isxdigit((unsigned char) text[n - 1]))
                        return 0;
        }
        return 0;
}

static size_t like_address(const char* s, bool* ret_harmless) {
        size_t n = address_of(s, "0123456789.", ret_harmless); /* first, or a port would spoil it */
        return n ?: address_of(s, "0123456789abcdefABCDEF:.", ret_harmless);
}

static size_t like_mac(const char* s) {
        for (size_t i = 0; i < 17; i++)
                if (i % 3 == 2 ? s[i] != ':' && s[i] != '-' : !isxdigit((unsigned char) s[i]))
                        return 0;
        return isxdigit((unsigned char) s[17]) || s[17] == ':' ? 0 : 17;
}

static bool everybodys(const char* s, size_t n) {
        static const char* const front[] = { "org.freedesktop.", "org.steadbox.", "debian.org" };
        static const char back[] = ".debian.org";
        for (size_t i = 0; i < ELEMENTS(front); i++)
                if (n >= strlen(front[i]) && strncmp(s, front[i], strlen(front[i])) == 0)
                        return true;
        return n > sizeof(back) && strncmp(s + n - (sizeof(back) - 1), back, sizeof(back) - 1) == 0;
}

/* "customer.example.conf" is a host's file, "nginx.conf" is nobody's: what is left without the file's endings decides. */
static size_t without_endings(const char* s, size_t n) {
        for (const char* dot; (dot = memrchr(s, '.', n)) && file_like(dot + 1, n - (size_t) (dot + 1 - s));)
                n = (size_t) (dot - s);
        return n;
}

/* The length of a dotted name at s, 0 when there is none; whether it may stay as it is. */
static size_t like_host(const char* s, bool* ret_harmless) {
        size_t n = run_of(s, "-._");
        while (n > 0 && (s[n - 1] == '.' || s[n - 1] == '-' || s[n - 1] == '_'))
                n--;
        size_t bare = without_endings(s, n);
        const char* dot = memrchr(s, '.', bare);
        if (!dot || dot == s)
                return 0;
        size_t last = bare - (size_t) (dot + 1 - s);
        if (last < 2)
                return 0;
        for (size_t i = 0; i < last; i++)
                if (!isalpha((unsigned char) dot[1 + i]) && !startswith(dot + 1, "xn--"))
                        return 0;
        *ret_harmless = everybodys(s, n);
        return n;
}

static bool all_hex(const char* s, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!isxdigit((unsigned char) s[i]) && s[i] != '-')
                        return false;
        return true;
}

/* Long and random enough to open something: letters and digits well mixed. */
static size_t like_token(const char* s, Kind* ret_kind) {
        size_t digits = 0, changes = 0;
        size_t n = run_of(s, startswith(s, "AAAA") ? "+/=" : "_-+=");
        if (n < TOKEN_MIN)
                return 0;
        for (size_t i = 0; i < n; i++) {
                digits += isdigit((unsigned char) s[i]) != 0;
                changes += i > 0 && (!isdigit((unsigned char) s[i]) != !isdigit((unsigned char) s[i - 1]) ||
                                     !isupper((unsigned char) s[i]) != !isupper((unsigned char) s[i - 1]));
        }
        *ret_kind = all_hex(s, n) ? KIND_HASH : KIND_SECRET;
        return digits >= 2 && changes >= n / 6 ? n : 0;
}

/* "password=..." and its like: returns the length up to the value. */
static size_t secret_key(const char* s) {
        static const char* const keys[] = {
                "api-key", "api_key", "apikey", "authorization", "cookie", "key", "passphrase", "passwd", "password", "secret", "token",
        };
        for (size_t i = 0; i < ELEMENTS(keys); i++) {
                size_t n = strlen(keys[i]);
                if (strncasecmp(s, keys[i], n) != 0)
                        continue;
                if (s[n] == '"' || s[n] == '\'')
                        n++;
                if (s[n] != '=' && s[n] != ':')
                        continue;
                n++;
                while (s[n] == ' ' || s[n] == '"' || s[n] == '\'')
                        n++;
                return n;
        }
        return 0;
}

/* --- the walk --- */

/* Something at the beginning of a word. Returns how much was consumed; 0 = nothing here. */
static size_t at_word(Redactor* r, Output* o, const char* s) {
        size_t n, value;
        bool harmless = false;
        Kind kind = KIND_SECRET;
        if ((n = like_hash(s))) {
                bar(r, o, KIND_HASH, s, n);
                return n;
        }
        if ((n = secret_key(s)) && (value = strcspn(s + n, " \t\r\n\"',;&")) > 0) {
                put(o, s, n);
                bar(r, o, KIND_SECRET, s + n, value);
                return n + value;
        }
        if ((n = like_email(s))) {
                bar(r, o, KIND_EMAIL, s, n);
                return n;
        }
        if ((n = like_mac(s))) {
                bar(r, o, KIND_ADDRESS, s, n);
                return n;
        }
        if ((n = like_address(s, &harmless))) {
                if (harmless)
                        put(o, s, n);
                else
                        bar(r, o, KIND_ADDRESS, s, n);
                return n;
        }
        if ((n = like_token(s, &kind))) {
                bar(r, o, kind, s, n);
                return n;
        }
        if ((n = like_host(s, &harmless))) {
                if (harmless) /* as a whole: its parts would look like hosts */
                        put(o, s, n);
                else
                        bar(r, o, KIND_HOST, s, n);
                return n;
        }

        while (is_word((unsigned char) s[n]))
                n++;
        if (n > 0 && word_known(r, s, n))
                bar(r, o, KIND_NAME, s, n);
        else if (n > 0)
                put(o, s, n);
        return n;
}

/* Valid UTF-8 without control characters, so that every later step may take text for granted. */
static char* cleaned(const char* text) {
        size_t size = strlen(text);
        char* copy = strdup(text);
        for (size_t i = 0; copy && i < size;) {
                unsigned char c = (unsigned char) copy[i];
                size_t n = c < 0x80 ? 1 : (c & 0xe0) == 0xc0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : (c & 0xf8) == 0xf0 ? 4 : 1;
                if (i + n > size || !utf8_valid(copy + i, n)) {
                        copy[i++] = '?';
                        continue;
                }
                if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
                        copy[i] = ' ';
                if (c == 0xc2 && (unsigned char) copy[i + 1] < 0xa0) /* C1 controls */
                        copy[i] = copy[i + 1] = ' ';
                i += n;
        }
        return copy;
}

int redact(Redactor* r, const char* text, char** ret, unsigned* ret_count) {
        _cleanup_free_ char* copy = cleaned(text);
        Output o = {};
        if (!copy)
                return -ENOMEM;
        put(&o, "", 0);
        for (const char* s = copy; *s;) {
                bool start = s == copy || !is_word((unsigned char) s[-1]);
                size_t n = start && (is_word((unsigned char) *s) || *s == '$' || *s == ':') ? at_word(r, &o, s) : 0;
                if (n == 0) {
                        put(&o, s, 1);
                        n = 1;
                }
                s += n;
        }
        if (o.failed) {
                free(o.text);
                return -ENOMEM;
        }
        *ret = o.text;
        *ret_count = o.count;
        return 0;
}
