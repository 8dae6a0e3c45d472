#include "net/name.h"
#include "base/validate.h"
#include <idn2.h>
#include <libpsl.h>
#include <stdio.h>
#include <unictype.h>
#include <unistr.h>

#define TEXT_MAX (4 * DOMAIN_SHOWN_BYTES) /* what people may type: ideographs of three bytes, decomposed accents */
#define SCRIPTS_MAX 8

/* What is the matter with a name, and what to do about it. */
typedef struct Complaint {
        const char* why;
        const char* remedy;
} Complaint;

static int bad(const char* field, Complaint c, Error* reterr) {
        (void) error_field(reterr, ERROR_BAD_FIELD, field, "The field %s is no domain name: %s.", field, c.why);
        return error_hint(reterr, "%s", c.remedy);
}

/* --- as it was typed --- */

static bool is_separator(ucs4_t c) { /* the four dots of UTS 46 */
        return c == '.' || c == 0x3002 || c == 0xff0e || c == 0xff61;
}

static const char* complaint_about_byte(char c) {
        switch (c) {
        case '_':
                return "names of hosts have no underscore (RFC 952)";
        case '*':
                return "a star stands for many names, here one is wanted";
        case '@':
                return "this looks like an e-mail address";
        case '/':
                return "this looks like a web address";
        case ':':
                return "there is a port or an IPv6 address in it";
        case ' ':
                return "there is a blank in it";
        default:
                return NULL;
        }
}

static const char* remedy_for_byte(char c) {
        switch (c) {
        case '_':
        case ' ':
                return "Write a dash in its place, or leave it out.";
        case '*':
                return "Give one name; every further one can be added by itself.";
        case '@':
                return "Give only what stands behind the @.";
        case '/':
        case ':':
                return "Give only the name, such as example.com, without https:// before and anything behind it.";
        default:
                return "Use letters, digits, dashes, and dots between the parts, such as example.com.";
        }
}

/* Whether every byte of ASCII may stand in a name; other characters are judged later, by people who know them. */
static bool characters_good(const char* text, Complaint* ret) {
        for (const char* p = text; *p; p++) {
                char c = *p;
                bool plain = (unsigned char) c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                             c == '-' || c == '.';
                if (plain)
                        continue;
                *ret = (Complaint) { complaint_about_byte(c) ?: "there is a character in it that no name of a host has", remedy_for_byte(c) };
                return false;
        }
        return true;
}

/* Empty parts, by any of the dots; one dot at the very end is forgiven. */
static bool parts_good(const char* text, Complaint* ret) {
        const uint8_t* p = (const uint8_t*) text;
        bool empty = true;
        ucs4_t c;
        while ((p = u8_next(&c, p))) {
                if (!is_separator(c)) {
                        empty = false;
                        continue;
                }
                if (empty) {
                        *ret = (Complaint) { "a part between its dots is empty", "Put exactly one dot between the parts, such as my.example.com." };
                        return false;
                }
                empty = true;
        }
        return true;
}

static bool typed_good(const char* text, Complaint* ret) {
        size_t n = strnlen(text, TEXT_MAX);
        static const Complaint empty = { "it is empty", "Give a name such as example.com." };
        static const Complaint address = { "it is an IP address", "Give the name that leads to this address." };
        if (n == 0 || streq(text, ".")) {
                *ret = empty;
                return false;
        }
        if (n == TEXT_MAX) {
                *ret = (Complaint) { "it is longer than DNS can carry", "A name has at most 253 characters." };
                return false;
        }
        if (!utf8_valid(text, n)) {
                *ret = (Complaint) { "it is not UTF-8", "Type it again, or give its A-labels (xn--...)." };
                return false;
        }
        if (ip_address_valid(text) || *text == '[') {
                *ret = address;
                return false;
        }
        return characters_good(text, ret) && parts_good(text, ret);
}

/* --- by IDNA --- */

static Complaint complaint_of_idn2(int code) {
        switch (code) {
        case IDN2_TOO_BIG_LABEL:
        case IDN2_PUNYCODE_BIG_OUTPUT:
                return (Complaint) { "a part between its dots is longer than 63 characters, in the form DNS carries", "Shorten that part." };
        case IDN2_TOO_BIG_DOMAIN:
                return (Complaint) { "it is longer than DNS can carry", "A name has at most 253 characters, in the form DNS carries." };
        case IDN2_2HYPHEN:
                return (Complaint) { "a part has dashes in its third and fourth place, which only encoded names (xn--...) may",
                                     "Leave one of the two dashes out." };
        case IDN2_HYPHEN_STARTEND:
                return (Complaint) { "a part begins or ends with a dash", "Leave that dash out." };
        case IDN2_BIDI:
                return (Complaint) { "a part mixes writing from the left and from the right in a way that cannot be shown (RFC 5893)",
                                     "Write each part in one direction only." };
        case IDN2_LEADING_COMBINING:
                return (Complaint) { "a part begins with an accent that has no letter", "Put a letter before it." };
        case IDN2_CONTEXTJ:
        case IDN2_CONTEXTJ_NO_RULE:
        case IDN2_CONTEXTO:
        case IDN2_CONTEXTO_NO_RULE:
                return (Complaint) { "there is an invisible or joining character in it where none may stand", "Leave it out." };
        case IDN2_PUNYCODE_BAD_INPUT:
        case IDN2_PUNYCODE_OVERFLOW:
        case IDN2_INVALID_ALABEL:
        case IDN2_ALABEL_ROUNDTRIP_FAILED:
        case IDN2_INVALID_NONTRANSITIONAL:
                return (Complaint) { "a part that begins with xn-- does not decode", "Type the name in its own letters." };
        default:
                return (Complaint) { "there is a character in it that no name may have (RFC 5892)", "Use letters and digits of one script." };
        }
}

/* What ends in a number is an IPv4 address to a browser, 0x7f too (URL standard, 3.5). */
static bool is_number(const char* label) {
        return startswith(label, "0x") ? label[2 + strspn(label + 2, "0123456789abcdef")] == 0 : label[strspn(label, "0123456789")] == 0;
}

/* What libidn2 lets pass: it looks only at names it has to convert. */
static bool labels_good(const char* ascii, Complaint* ret) {
        size_t n = strlen(ascii);
        const char* last = strrchr(ascii, '.');
        static const Complaint one = { "it has one part only", "Give it with the part it belongs to, such as example.com." };
        static const Complaint number = { "its last part is a number, as in an address", "The last part of a name is one such as com or org." };
        if (n >= DOMAIN_NAME_BYTES) {
                *ret = complaint_of_idn2(IDN2_TOO_BIG_DOMAIN);
                return false;
        }
        for (const char* p = ascii;; p += strcspn(p, ".") + 1) {
                size_t k = strcspn(p, ".");
                if (k > 63) {
                        *ret = complaint_of_idn2(IDN2_TOO_BIG_LABEL);
                        return false;
                }
                if (k >= 4 && p[2] == '-' && p[3] == '-' && !(p[0] == 'x' && p[1] == 'n')) {
                        *ret = complaint_of_idn2(IDN2_2HYPHEN);
                        return false;
                }
                if (p[k] == 0)
                        break;
        }
        if (!last) {
                *ret = one;
                return false;
        }
        if (is_number(last + 1)) {
                *ret = number;
                return false;
        }
        *ret = complaint_of_idn2(IDN2_DISALLOWED); /* mapping made something of it that no name may hold, such as a bracket */
        return dns_name_valid(ascii);
}

/* --- scripts --- */

typedef struct Scripts {
        const char* names[SCRIPTS_MAX]; /* constant, of libunistring */
        size_t n;
        ucs4_t zero;                    /* of the digits seen, 0 = none */
        bool crowded, digits_mixed;
} Scripts;

static void scripts_add(Scripts* s, ucs4_t c) {
        const uc_script_t* script = uc_script(c);
        int digit = uc_decimal_value(c);
        if (digit >= 0) {
                ucs4_t zero = c - (ucs4_t) digit;
                s->digits_mixed = s->digits_mixed || (s->zero && s->zero != zero);
                s->zero = zero;
        }
        if (!script || streq(script->name, "Common") || streq(script->name, "Inherited"))
                return;
        for (size_t i = 0; i < s->n; i++)
                if (streq(s->names[i], script->name))
                        return;
        if (s->n == SCRIPTS_MAX)
                s->crowded = true;
        else
                s->names[s->n++] = script->name;
}

static bool scripts_within(const Scripts* s, const char* const* allowed) {
        for (size_t i = 0; i < s->n; i++) {
                size_t k = 0;
                while (allowed[k] && !streq(allowed[k], s->names[i]))
                        k++;
                if (!allowed[k])
                        return false;
        }
        return true;
}

/* UTS 39, 5.2, "highly restrictive": one script, or the mixtures in which Japanese, Chinese and Korean are really written; and one
 * system of digits (5.3). libunistring knows no script extensions, so characters of several scripts, such as the Japanese prolonged
 * sound mark, count as Common. */
static bool scripts_good(const Scripts* s) {
        static const char* const japanese[] = { "Latin", "Han", "Hiragana", "Katakana", NULL };
        static const char* const chinese[] = { "Latin", "Han", "Bopomofo", NULL };
        static const char* const korean[] = { "Latin", "Han", "Hangul", NULL };
        if (s->crowded || s->digits_mixed)
                return false;
        return s->n <= 1 || scripts_within(s, japanese) || scripts_within(s, chinese) || scripts_within(s, korean);
}

/* name is Unicode after mapping, so what looks different to us is what a reader sees. Labels are judged one by one: the zone above is
 * often in another script. */
static bool name_scripts_good(const char* name) {
        Scripts s = {};
        const uint8_t* p = (const uint8_t*) name;
        ucs4_t c;
        while ((p = u8_next(&c, p))) {
                if (c != '.') {
                        scripts_add(&s, c);
                        continue;
                }
                if (!scripts_good(&s))
                        return false;
                s = (Scripts) {};
        }
        return scripts_good(&s);
}

/* libidn2 takes encoded labels that hold what no label may, such as characters that mapping would have replaced: they would be shown as one
 * name and be another. */
static bool means_itself(const char* shown, const char* ascii) {
        char* again = NULL;
        bool same = idn2_to_ascii_8z(shown, &again, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK && streq(again, ascii);
        idn2_free(again);
        return same;
}

static bool encoded_good(const char* ascii, Complaint* ret) {
        char* shown = NULL;
        static const Complaint mixed = { "a part mixes letters of several scripts, which readers take for another name",
                                         "Write each part in the letters of one script." };
        if (!labels_good(ascii, ret))
                return false;
        if (!strstr(ascii, "xn--"))
                return true;
        if (idn2_to_unicode_8z8z(ascii, &shown, IDN2_NONTRANSITIONAL) != IDN2_OK || !means_itself(shown, ascii)) {
                *ret = complaint_of_idn2(IDN2_INVALID_ALABEL);
                idn2_free(shown);
                return false;
        }
        bool good = name_scripts_good(shown);
        if (!good)
                *ret = mixed;
        idn2_free(shown);
        return good;
}

int domain_name_parse(const char* field, const char* text, char ret[static DOMAIN_NAME_BYTES], Error* reterr) {
        Complaint c = { "it is not well formed", "Give a name such as example.com." };
        char* ascii = NULL;
        if (!typed_good(text, &c))
                return bad(field, c, reterr);
        int code = idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
        if (code == IDN2_MALLOC)
                return error_errno(reterr, -ENOMEM, "Cannot read a domain name");
        if (code != IDN2_OK)
                return bad(field, complaint_of_idn2(code), reterr);
        size_t n = strlen(ascii);
        if (n > 0 && ascii[n - 1] == '.')
                ascii[n - 1] = 0;
        bool good = encoded_good(ascii, &c);
        if (good)
                (void) snprintf(ret, DOMAIN_NAME_BYTES, "%s", ascii);
        idn2_free(ascii);
        return good ? 0 : bad(field, c, reterr);
}

void domain_name_show(const char* name, char ret[static DOMAIN_SHOWN_BYTES]) {
        char* shown = NULL;
        bool good = idn2_to_unicode_8z8z(name, &shown, IDN2_NONTRANSITIONAL) == IDN2_OK && strlen(shown) < DOMAIN_SHOWN_BYTES &&
                    text_valid(shown, /* newlines= */ false);
        (void) snprintf(ret, DOMAIN_SHOWN_BYTES, "%s", good ? shown : name);
        idn2_free(shown);
}

/* --- who may own it --- */

const char* domain_name_registered(const char* name) {
        const psl_ctx_t* psl = psl_builtin();
        return psl ? psl_registrable_domain(psl, name) : NULL;
}

bool domain_name_is_public(const char* name) {
        return !domain_name_registered(name);
}

bool domain_name_is_below(const char* name, const char* domain) {
        size_t n = strlen(name), k = strlen(domain);
        return n >= k && streq(name + n - k, domain) && (n == k || name[n - k - 1] == '.');
}
