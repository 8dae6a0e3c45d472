#include "dns/spf.h"
#include "base/time.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <strings.h>

static const char* const result_table[_SPF_RESULT_MAX] = {
        [SPF_NONE] = "none",           [SPF_NEUTRAL] = "neutral",     [SPF_PASS] = "pass",           [SPF_FAIL] = "fail",
        [SPF_SOFTFAIL] = "softfail",   [SPF_TEMPERROR] = "temperror", [SPF_PERMERROR] = "permerror",
};
const char* spf_result_to_string(SpfResult r) {
        return r >= 0 && r < _SPF_RESULT_MAX ? result_table[r] : NULL;
}

typedef enum Mechanism { M_ALL, M_INCLUDE, M_A, M_MX, M_PTR, M_IP4, M_IP6, M_EXISTS, M_REDIRECT, M_MODIFIER } Mechanism;

/* The names of RFC 7208 5; all but "all" may ask or carry a value. */
static const struct {
        const char* name;
        Mechanism kind;
        enum { DOMAIN_NEVER, DOMAIN_MAYBE, DOMAIN_MUST } domain;
        bool cidr, asks;
} mechanisms[] = {
        { "all", M_ALL, DOMAIN_NEVER, false, false },       { "include", M_INCLUDE, DOMAIN_MUST, false, true },
        { "a", M_A, DOMAIN_MAYBE, true, true },             { "mx", M_MX, DOMAIN_MAYBE, true, true },
        { "ptr", M_PTR, DOMAIN_MAYBE, false, true },        { "ip4", M_IP4, DOMAIN_MUST, true, false },
        { "ip6", M_IP6, DOMAIN_MUST, true, false },         { "exists", M_EXISTS, DOMAIN_MUST, false, true },
};

typedef struct Address {
        int family;
        uint8_t bytes[16];
} Address;

typedef struct Term {
        Mechanism kind;
        SpfResult result;    /* of its qualifier */
        bool asks;
        const char* text;    /* the whole term; borrowed from the record's copy */
        const char* domain;  /* domain-spec, unexpanded; NULL = the current domain */
        Address address;     /* ip4, ip6 */
        int prefix4, prefix6;
} Term;

typedef struct Record {
        char* text;          /* owned; terms are cut out of it */
        Term terms[SPF_TERMS_MAX];
        size_t n;
        const Term* redirect;
} Record;

static void record_free(Record* r) {
        if (r)
                free(r->text);
        free(r);
}
static void record_freep(Record** r) {
        record_free(*r);
}

typedef struct Check {
        const char* domain;  /* of the sender, for %{o} and %{h} */
        Address address;
        char address_text[INET6_ADDRSTRLEN];
        SpfLookup lookup;
        void* userdata;
        unsigned wanted;     /* answers that were not known */
        unsigned asked;
        SpfOutcome outcome;
} Check;

/* --- what can be asked --- */

/* As SpfLookup; too many questions count as known and empty, which the limits then catch. */
static int look(Check* c, const char* name, const char* type, const json_t** ret) {
        static const json_t* nothing = NULL;
        *ret = nothing;
        if (c->asked++ >= 4 * SPF_WANTED_MAX || strlen(name) > 253)
                return 1;
        int r = c->lookup(name, type, ret, c->userdata);
        if (r == 0)
                c->wanted++;
        return r;
}

static SpfResult fail(Check* c, SpfResult result, SpfReason reason, const char* term, const char* at) {
        c->outcome.reason = reason;
        (void) snprintf(c->outcome.term, sizeof(c->outcome.term), "%s", strempty(term));
        (void) snprintf(c->outcome.at, sizeof(c->outcome.at), "%s", strempty(at));
        return result;
}

static bool address_parse(const char* text, Address* ret) {
        *ret = (Address) { .family = strchr(text, ':') ? AF_INET6 : AF_INET };
        if (inet_pton(ret->family, text, ret->bytes) != 1)
                return false;
        static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
        if (ret->family == AF_INET6 && memcmp(ret->bytes, mapped, 12) == 0) { /* RFC 7208 5: an IPv4 address all the same */
                memmove(ret->bytes, ret->bytes + 12, 4);
                ret->family = AF_INET;
        }
        return true;
}

static bool address_matches(const Address* a, const Address* net, int prefix4, int prefix6) {
        if (a->family != net->family)
                return false;
        int prefix = a->family == AF_INET ? prefix4 : prefix6;
        size_t whole = (size_t) prefix / 8;
        if (memcmp(a->bytes, net->bytes, whole) != 0)
                return false;
        return prefix % 8 == 0 || (a->bytes[whole] ^ net->bytes[whole]) >> (8 - prefix % 8) == 0;
}

/* --- parsing, RFC 7208 4.5, 4.6, 12 --- */

bool spf_is_record(const char* text) {
        return strncasecmp(text, "v=spf1", 6) == 0 && (text[6] == 0 || text[6] == ' ');
}

static bool number(const char* s, int max, int* ret) {
        char* end;
        if (!isdigit((unsigned char) *s) || (s[0] == '0' && s[1]) || strlen(s) > 3)
                return false;
        long n = strtol(s, &end, 10);
        *ret = (int) n;
        return *end == 0 && n <= max;
}

/* Cuts "/24//64" off the end of value. */
static bool take_prefixes(char* value, Term* t) {
        char* slash = strchr(value, '/');
        if (!slash || (t->kind != M_IP4 && t->kind != M_IP6 && t->kind != M_A && t->kind != M_MX))
                return true;
        if (t->domain && strstr(value, "%{") && strrchr(value, '}') > slash) /* a delimiter within a macro */
                slash = strchr(strrchr(value, '}'), '/');
        if (!slash)
                return true;
        *slash = 0;
        char* four = slash + 1;
        char* six = *four == '/' ? four + 1 : NULL;
        if (six)
                return t->kind != M_IP4 && t->kind != M_IP6 && number(six, 128, &t->prefix6);
        if ((six = strstr(four, "//"))) {
                *six = 0;
                return t->kind != M_IP4 && t->kind != M_IP6 && number(four, 32, &t->prefix4) && number(six + 2, 128, &t->prefix6);
        }
        return t->kind == M_IP6 ? number(four, 128, &t->prefix6) : number(four, 32, &t->prefix4);
}

/* Macros well formed, and at the end a dot and a label or a macro (domain-end). Modifiers we do not know only need the first. */
static bool macros_valid(const char* s) {
        for (; *s; s++) {
                if ((unsigned char) *s < 0x21 || (unsigned char) *s > 0x7e)
                        return false;
                if (*s != '%')
                        continue;
                s++;
                if (*s == '%' || *s == '_' || *s == '-')
                        continue;
                if (*s != '{' || !s[1] || !strchr("slodiphcrtvSLODIPHCRTV", s[1]))
                        return false;
                s += 2;
                while (isdigit((unsigned char) *s))
                        s++;
                if (*s == 'r' || *s == 'R')
                        s++;
                s += strspn(s, ".-+,/_=");
                if (*s != '}')
                        return false;
        }
        return true;
}

static bool domain_spec_valid(const char* s) {
        size_t n = strlen(s);
        if (n == 0 || n > 253 || !macros_valid(s))
                return false;
        if (s[n - 1] == '}')
                return true;
        const char* end = s + n - (s[n - 1] == '.');
        const char* label = end;
        while (label > s && label[-1] != '.')
                label--;
        bool letters = false;
        for (const char* p = label; p < end; p++) {
                if (!isalnum((unsigned char) *p) && *p != '-')
                        return false;
                letters |= !isdigit((unsigned char) *p);
        }
        return label > s && label < end && letters && *label != '-' && end[-1] != '-';
}

static bool mechanism_parse(char* text, Term* t) {
        static const struct {
                char sign;
                SpfResult result;
        } qualifiers[] = { { '+', SPF_PASS }, { '-', SPF_FAIL }, { '~', SPF_SOFTFAIL }, { '?', SPF_NEUTRAL } };
        t->result = SPF_PASS;
        for (size_t i = 0; i < ELEMENTS(qualifiers); i++)
                if (*text == qualifiers[i].sign) {
                        t->result = qualifiers[i].result;
                        text++;
                        break;
                }
        size_t n = strcspn(text, ":/");
        for (size_t i = 0; i < ELEMENTS(mechanisms); i++) {
                if (n != strlen(mechanisms[i].name) || strncasecmp(text, mechanisms[i].name, n) != 0)
                        continue;
                char* value = text + n;
                t->kind = mechanisms[i].kind;
                t->asks = mechanisms[i].asks;
                t->domain = *value == ':' ? value + 1 : NULL;
                if (!mechanisms[i].cidr ? *value == '/' : !take_prefixes(value, t))
                        return false;
                if (t->domain && mechanisms[i].domain == DOMAIN_NEVER)
                        return false;
                if (!t->domain)
                        return mechanisms[i].domain != DOMAIN_MUST;
                if (t->kind == M_IP4 || t->kind == M_IP6)
                        return inet_pton(t->kind == M_IP4 ? AF_INET : AF_INET6, t->domain, t->address.bytes) == 1 &&
                                        (t->address.family = t->kind == M_IP4 ? AF_INET : AF_INET6);
                return domain_spec_valid(t->domain);
        }
        return false;
}

static bool modifier_parse(char* text, char* equals, Term* t) {
        t->kind = M_MODIFIER;
        if (!isalpha((unsigned char) *text))
                return false;
        for (const char* p = text; p < equals; p++)
                if (!isalnum((unsigned char) *p) && !strchr("-_.", *p))
                        return false;
        if (equals - text == 8 && strncasecmp(text, "redirect", 8) == 0) {
                t->kind = M_REDIRECT;
                t->asks = true;
                t->domain = equals + 1;
                return domain_spec_valid(t->domain);
        }
        if (equals - text == 3 && strncasecmp(text, "exp", 3) == 0)
                return domain_spec_valid(equals + 1);
        return macros_valid(equals + 1);
}

/* A modifier has "=" before any ":" or "/" (RFC 7208 4.6.1). */
static char* modifier_equals(char* text) {
        char* p = text + strcspn(text, ":/=");
        return *p == '=' ? p : NULL;
}

/* Returns 0, or -EBADMSG with the term that is wrong in bad. */
static int record_parse(const char* text, Record** ret, char bad[static 256]) {
        _cleanup_(record_freep) Record* r = calloc(1, sizeof(Record));
        bool exp = false;
        if (!r || !(r->text = malloc(2 * strlen(text) + 2)))
                return -ENOMEM;
        char* whole = r->text + strlen(text) + 1; /* the same once more, uncut, for sentences */
        memcpy(r->text, text, strlen(text) + 1);
        memcpy(whole, text, strlen(text) + 1);
        char* rest = r->text + 6;
        for (char* word; (word = strsep(&rest, " "));) {
                if (!*word)
                        continue;
                Term* t = &r->terms[r->n];
                char* shown = whole + (word - r->text);
                shown[strlen(word)] = 0;
                (void) snprintf(bad, 256, "%s", word);
                if (r->n == SPF_TERMS_MAX)
                        return -EBADMSG;
                *t = (Term) { .text = shown, .prefix4 = 32, .prefix6 = 128 };
                char* equals = modifier_equals(word);
                if (equals ? !modifier_parse(word, equals, t) : !mechanism_parse(word, t))
                        return -EBADMSG;
                bool is_exp = equals && strncasecmp(word, "exp=", 4) == 0;
                if ((t->kind == M_REDIRECT && r->redirect) || (is_exp && exp)) /* at most once each, RFC 7208 6 */
                        return -EBADMSG;
                exp |= is_exp;
                if (t->kind == M_REDIRECT)
                        r->redirect = t;
                r->n++;
        }
        *ret = TAKE_PTR(r);
        return 0;
}

/* --- macros, RFC 7208 7 --- */

static void put(char* out, size_t size, size_t* n, const char* s, size_t length) {
        if (*n + length >= size)
                length = size - 1 - *n;
        memcpy(out + *n, s, length);
        *n += length;
        out[*n] = 0;
}

static void nibbles(const Address* a, char ret[static 64]) {
        char* out = ret;
        if (a->family == AF_INET) {
                (void) inet_ntop(AF_INET, a->bytes, ret, 64);
                return;
        }
        for (size_t i = 0; i < 16; i++)
                out += sprintf(out, "%x.%x%s", a->bytes[i] >> 4, a->bytes[i] & 15, i < 15 ? "." : "");
}

/* Splits value at delimiters, turns it round, keeps the last parts, joins by dots. */
static void transform(const char* value, const char* delimiters, unsigned keep, bool reverse, char* out, size_t size, size_t* n) {
        char copy[512];
        const char* parts[128];
        size_t count = 0;
        (void) snprintf(copy, sizeof(copy), "%s", value);
        for (char *rest = copy, *part; count < ELEMENTS(parts) && (part = strsep(&rest, delimiters));)
                parts[count++] = part;
        size_t from = keep > 0 && keep < count ? count - keep : 0;
        for (size_t i = from; i < count; i++) {
                const char* part = reverse ? parts[count - 1 - i] : parts[i];
                put(out, size, n, part, strlen(part));
                if (i + 1 < count)
                        put(out, size, n, ".", 1);
        }
}

static void macro_value(const Check* c, char letter, const char* domain, char ret[static 512]) {
        char text[64];
        nibbles(&c->address, text);
        switch (tolower((unsigned char) letter)) {
        case 's':
                (void) snprintf(ret, 512, "postmaster@%s", c->domain);
                break;
        case 'l':
                (void) snprintf(ret, 512, "postmaster");
                break;
        case 'o':
        case 'h':
                (void) snprintf(ret, 512, "%s", c->domain);
                break;
        case 'd':
                (void) snprintf(ret, 512, "%s", domain);
                break;
        case 'i':
                (void) snprintf(ret, 512, "%s", text);
                break;
        case 'v':
                (void) snprintf(ret, 512, "%s", c->address.family == AF_INET ? "in-addr" : "ip6");
                break;
        case 'c':
                (void) snprintf(ret, 512, "%s", c->address_text);
                break;
        case 't':
                (void) snprintf(ret, 512, "%lld", (long long) now_seconds());
                break;
        default: /* p and r: "unknown" is what a checker says that does not look (RFC 7208 7.3) */
                (void) snprintf(ret, 512, "unknown");
        }
}

/* Expands a domain-spec; names that become too long lose labels from the left (RFC 7208 7.3). */
static void expand(const Check* c, const char* spec, const char* domain, char ret[static DNS_NAME_BYTES]) {
        char out[2048] = "", value[512];
        size_t n = 0;
        for (const char* s = strempty(spec); *s; s++) {
                if (*s != '%') {
                        put(out, sizeof(out), &n, s, 1);
                        continue;
                }
                s++;
                if (*s == '%')
                        put(out, sizeof(out), &n, "%", 1);
                else if (*s == '_')
                        put(out, sizeof(out), &n, " ", 1);
                else if (*s == '-')
                        put(out, sizeof(out), &n, "%20", 3);
                else if (*s == '{') {
                        char letter = s[1], delimiters[16] = ".";
                        unsigned keep = 0;
                        for (s += 2; isdigit((unsigned char) *s); s++)
                                keep = keep < 1000 ? keep * 10 + (unsigned) (*s - '0') : keep;
                        bool reverse = *s == 'r' || *s == 'R';
                        s += reverse;
                        size_t k = strspn(s, ".-+,/_=");
                        if (k > 0)
                                (void) snprintf(delimiters, sizeof(delimiters), "%.*s", (int) MIN(k, sizeof(delimiters) - 1), s);
                        s += k;
                        macro_value(c, letter, domain, value);
                        transform(value, delimiters, keep, reverse, out, sizeof(out), &n);
                        if (*s != '}') /* record_parse() has seen that it is there */
                                break;
                } else
                        break;
        }
        while (n > 0 && out[n - 1] == '.')
                out[--n] = 0;
        const char* from = out;
        while (strlen(from) > 253 && strchr(from, '.'))
                from = strchr(from, '.') + 1;
        (void) snprintf(ret, DNS_NAME_BYTES, "%.*s", DNS_NAME_BYTES - 1, from);
        for (char* p = ret; *p; p++)
                *p = (char) tolower((unsigned char) *p);
}

static void target_of(const Check* c, const Term* t, const char* domain, char ret[static DNS_NAME_BYTES]) {
        if (t->domain)
                expand(c, t->domain, domain, ret);
        else
                (void) snprintf(ret, DNS_NAME_BYTES, "%s", domain);
}

/* --- the walk ahead: every question of a level is wanted at once --- */

static const char* address_type(const Check* c) {
        return c->address.family == AF_INET ? "A" : "AAAA";
}

/* The one SPF record among TXT values. Returns how many there are. */
static size_t record_of(const json_t* values, const char** ret) {
        size_t i, count = 0;
        json_t* value;
        json_array_foreach(values, i, value)
                if (spf_is_record(strempty(json_string_value(value))) && count++ == 0)
                        *ret = json_string_value(value);
        return count;
}

static void reverse_name(const Address* a, char ret[static 128]) {
        char text[64], *out = ret;
        nibbles(a, text);
        for (size_t n = strlen(text); n > 0;) {
                size_t end = n;
                while (n > 0 && text[n - 1] != '.')
                        n--;
                out += sprintf(out, "%.*s.", (int) (end - n), text + n);
                n -= n > 0;
        }
        (void) sprintf(out, "%s", a->family == AF_INET ? "in-addr.arpa" : "ip6.arpa");
}

/* Wants the addresses of the names that a first question found: "10 host" of MX, "host" of PTR. */
static void ahead_hosts(Check* c, const json_t* values) {
        size_t i;
        json_t* value;
        const json_t* ignored;
        json_array_foreach(values, i, value) {
                const char* text = strempty(json_string_value(value));
                const char* space = strrchr(text, ' ');
                if (i == SPF_HOSTS_MAX)
                        return;
                (void) look(c, space ? space + 1 : text, address_type(c), &ignored);
        }
}

static void ahead(Check* c, const char* domain, unsigned depth);

static void ahead_term(Check* c, const Term* t, const char* domain, unsigned depth) {
        char target[DNS_NAME_BYTES], reverse[128];
        const json_t* values = NULL;
        target_of(c, t, domain, target);
        switch (t->kind) {
        case M_INCLUDE:
        case M_REDIRECT:
                ahead(c, target, depth + 1);
                break;
        case M_A:
                (void) look(c, target, address_type(c), &values);
                break;
        case M_EXISTS:
                (void) look(c, target, "A", &values);
                break;
        case M_MX:
                if (look(c, target, "MX", &values) > 0)
                        ahead_hosts(c, values);
                break;
        case M_PTR:
                reverse_name(&c->address, reverse);
                if (look(c, reverse, "PTR", &values) > 0)
                        ahead_hosts(c, values);
                break;
        default:
                break;
        }
}

static void ahead(Check* c, const char* domain, unsigned depth) {
        _cleanup_(record_freep) Record* record = NULL;
        const json_t* values = NULL;
        const char* text = NULL;
        char bad[256];
        unsigned asking = 0;
        if (depth > SPF_LOOKUPS_MAX || c->asked > SPF_WANTED_MAX || look(c, domain, "TXT", &values) <= 0)
                return;
        if (record_of(values, &text) != 1 || record_parse(text, &record, bad) < 0)
                return;
        for (size_t i = 0; i < record->n; i++) {
                if (record->terms[i].kind == M_ALL)
                        break;
                if (record->terms[i].asks && ++asking <= SPF_LOOKUPS_MAX + 1)
                        ahead_term(c, &record->terms[i], domain, depth);
        }
}

/* --- evaluation --- */

static SpfResult check_host(Check* c, const char* domain, unsigned depth);

typedef enum Match { NO, YES, ERROR_TEMPORARY, ERROR_PERMANENT } Match;

static Match silent(Check* c, const char* name, const char* at) {
        (void) fail(c, SPF_TEMPERROR, SPF_REASON_SILENT, name, at);
        return ERROR_TEMPORARY;
}

/* Counts a question that found nothing. */
static bool void_allowed(Check* c, const json_t* values, const Term* t, const char* domain) {
        if (json_array_size(values) > 0 || ++c->outcome.voids <= SPF_VOID_MAX)
                return true;
        (void) fail(c, SPF_PERMERROR, SPF_REASON_VOID, t->text, domain);
        return false;
}

static bool any_address_matches(const Check* c, const json_t* values, const Term* t) {
        size_t i;
        json_t* value;
        Address a;
        json_array_foreach(values, i, value)
                if (address_parse(strempty(json_string_value(value)), &a) && address_matches(&c->address, &a, t->prefix4, t->prefix6))
                        return true;
        return false;
}

static Match match_mx(Check* c, const Term* t, const char* target, const char* domain) {
        const json_t *hosts = NULL, *values = NULL;
        size_t i;
        json_t* host;
        if (look(c, target, "MX", &hosts) < 0)
                return silent(c, target, domain);
        if (!void_allowed(c, hosts, t, domain))
                return ERROR_PERMANENT;
        if (json_array_size(hosts) > SPF_HOSTS_MAX) {
                (void) fail(c, SPF_PERMERROR, SPF_REASON_HOSTS, t->text, domain);
                return ERROR_PERMANENT;
        }
        json_array_foreach(hosts, i, host) {
                const char* space = strrchr(strempty(json_string_value(host)), ' ');
                if (!space || streq(space, " ."))
                        continue;
                if (look(c, space + 1, address_type(c), &values) < 0)
                        return silent(c, space + 1, domain);
                if (any_address_matches(c, values, t))
                        return YES;
        }
        return NO;
}

/* RFC 7208 5.5: names of the address that lead back to it and lie below target. Whoever does not answer is passed over. */
static Match match_ptr(Check* c, const Term* t, const char* target, const char* domain) {
        static const Term exact = { .prefix4 = 32, .prefix6 = 128 };
        const json_t *names = NULL, *values = NULL;
        char reverse[128];
        size_t i, n = strlen(target);
        json_t* name;
        reverse_name(&c->address, reverse);
        if (look(c, reverse, "PTR", &names) < 0)
                return NO;
        if (!void_allowed(c, names, t, domain))
                return ERROR_PERMANENT;
        json_array_foreach(names, i, name) {
                const char* text = strempty(json_string_value(name));
                size_t k = strlen(text);
                if (i == SPF_HOSTS_MAX)
                        break;
                bool below = k >= n && strcasecmp(text + k - n, target) == 0 && (k == n || text[k - n - 1] == '.');
                if (look(c, text, address_type(c), &values) > 0 && below && any_address_matches(c, values, &exact))
                        return YES;
        }
        return NO;
}

static Match match_include(Check* c, const Term* t, const char* target, const char* domain, unsigned depth) {
        bool everybody = c->outcome.everybody;
        SpfResult result = check_host(c, target, depth + 1);
        if (result != SPF_PASS)
                c->outcome.everybody = everybody;
        switch (result) { /* the table of RFC 7208 5.2 */
        case SPF_PASS:
                return YES;
        case SPF_TEMPERROR:
                return ERROR_TEMPORARY;
        case SPF_PERMERROR:
                return ERROR_PERMANENT;
        case SPF_NONE:
                (void) fail(c, SPF_PERMERROR, SPF_REASON_INCLUDE, target, domain);
                return ERROR_PERMANENT;
        default:
                return NO;
        }
}

static Match match(Check* c, const Term* t, const char* domain, unsigned depth) {
        char target[DNS_NAME_BYTES];
        const json_t* values = NULL;
        if (t->asks && ++c->outcome.lookups > SPF_LOOKUPS_MAX) {
                (void) fail(c, SPF_PERMERROR, SPF_REASON_LOOKUPS, t->text, domain);
                return ERROR_PERMANENT;
        }
        target_of(c, t, domain, target);
        switch (t->kind) {
        case M_ALL:
                c->outcome.everybody = t->result == SPF_PASS;
                return YES;
        case M_IP4:
        case M_IP6:
                return address_matches(&c->address, &t->address, t->prefix4, t->prefix6) ? YES : NO;
        case M_INCLUDE:
                return match_include(c, t, target, domain, depth);
        case M_MX:
                return match_mx(c, t, target, domain);
        case M_PTR:
                return match_ptr(c, t, target, domain);
        case M_A:
        case M_EXISTS:
                if (look(c, target, t->kind == M_A ? address_type(c) : "A", &values) < 0)
                        return silent(c, target, domain);
                if (!void_allowed(c, values, t, domain))
                        return ERROR_PERMANENT;
                return (t->kind == M_EXISTS ? json_array_size(values) > 0 : any_address_matches(c, values, t)) ? YES : NO;
        default:
                return NO; /* modifiers */
        }
}

static SpfResult redirect(Check* c, const Record* record, const char* domain, unsigned depth) {
        char target[DNS_NAME_BYTES];
        if (++c->outcome.lookups > SPF_LOOKUPS_MAX)
                return fail(c, SPF_PERMERROR, SPF_REASON_LOOKUPS, record->redirect->text, domain);
        target_of(c, record->redirect, domain, target);
        SpfResult result = check_host(c, target, depth + 1);
        return result == SPF_NONE ? fail(c, SPF_PERMERROR, SPF_REASON_INCLUDE, target, domain) : result;
}

/* RFC 7208 4. The depth needs no limit of its own: each level costs a lookup. */
static SpfResult check_host(Check* c, const char* domain, unsigned depth) {
        _cleanup_(record_freep) Record* record = NULL;
        const json_t* values = NULL;
        const char* text = NULL;
        char bad[256] = "";
        if (look(c, domain, "TXT", &values) < 0)
                return fail(c, SPF_TEMPERROR, SPF_REASON_SILENT, domain, domain);
        size_t count = record_of(values, &text);
        if (count == 0)
                return SPF_NONE;
        if (count > 1)
                return fail(c, SPF_PERMERROR, SPF_REASON_SEVERAL, "", domain);
        if (record_parse(text, &record, bad) < 0)
                return fail(c, SPF_PERMERROR, SPF_REASON_SYNTAX, bad, domain);
        bool all = false;
        for (size_t i = 0; i < record->n; i++) {
                all |= record->terms[i].kind == M_ALL;
                switch (match(c, &record->terms[i], domain, depth)) {
                case YES:
                        return record->terms[i].result;
                case ERROR_TEMPORARY:
                        return SPF_TEMPERROR;
                case ERROR_PERMANENT:
                        return SPF_PERMERROR;
                case NO:
                        break;
                }
        }
        return record->redirect && !all ? redirect(c, record, domain, depth) : SPF_NEUTRAL;
}

int spf_check(const char* domain, const char* address, SpfLookup lookup, void* userdata, SpfOutcome* ret) {
        Check c = { .domain = domain, .lookup = lookup, .userdata = userdata };
        if (!address_parse(address, &c.address))
                return -EINVAL;
        (void) inet_ntop(c.address.family, c.address.bytes, c.address_text, sizeof(c.address_text));
        ahead(&c, domain, 0);
        if (c.wanted > 0)
                return 0;
        c.asked = 0;
        c.outcome.result = check_host(&c, domain, 0);
        if (c.wanted > 0) /* something the walk ahead passed over */
                return 0;
        c.outcome.everybody = c.outcome.everybody && c.outcome.result == SPF_PASS;
        *ret = c.outcome;
        return 1;
}

/* --- a better record --- */

static bool has_word(const char* text, const char* word, size_t n) {
        for (const char* p = text; (p = strcasestr(p, word)); p++)
                if ((p == text || p[-1] == ' ' || p[-1] == '+') && strncasecmp(p, word, n) == 0 && (p[n] == 0 || p[n] == ' '))
                        return true;
        return false;
}

/* Adds the words of from that are not there yet; "all" in whatever form is left to the end. */
static void add_words(char* out, size_t size, const char* from, const char** all) {
        char* copy = strdup(from);
        for (char *rest = copy, *word; rest && (word = strsep(&rest, " "));) {
                const char* bare = strchr("+-~?", *word) && *word ? word + 1 : word;
                if (!*word || strncasecmp(word, "v=spf1", 6) == 0)
                        continue;
                if (strcasecmp(bare, "all") == 0)
                        *all = *word == '-' ? "-all" : *word == '?' ? "?all" : "~all";
                else if (!has_word(out, word, strlen(word)) && strlen(out) + strlen(word) + 8 < size) {
                        strcat(out, " ");
                        strcat(out, word);
                }
        }
        free(copy);
}

char* spf_suggest(const json_t* records, const char* wanted) {
        char out[2048] = "v=spf1";
        const char *all = NULL, *ours = "-all";
        size_t i;
        json_t* record;
        add_words(out, sizeof(out), wanted, &ours);
        json_array_foreach(records, i, record)
                if (spf_is_record(strempty(json_string_value(record)))) {
                        const char* theirs = NULL;
                        add_words(out, sizeof(out), json_string_value(record), &theirs);
                        all = all ?: theirs;
                }
        bool redirects = strcasestr(out, " redirect=");
        if (!redirects) {
                strcat(out, " ");
                strcat(out, all ?: ours);
        }
        return strdup(out);
}
