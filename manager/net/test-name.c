/* Domain names: what is taken, in which form, and that every refusal has its own reason and remedy. */
#include "base/test.h"
#include "base/validate.h"
#include "net/name.h"

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char* parsed(const char* text, char name[static DOMAIN_NAME_BYTES], Error* e) {
        int r = domain_name_parse("name", text, name, e);
        ASSERT_EQ(r < 0, error_is_set(e));
        return r < 0 ? NULL : name;
}

TEST(what_is_taken) {
        static const struct {
                const char *text, *name;
        } cases[] = {
                { "example.com", "example.com" },
                { "Example.COM", "example.com" },
                { "example.com.", "example.com" },
                { "a-b.c--d.example", "a-b.c--d.example" },
                { "1.2.3.4.example", "1.2.3.4.example" },
                { "bücher.de", "xn--bcher-kva.de" },
                { "BÜCHER.de", "xn--bcher-kva.de" },
                { "bu\u0308cher.de", "xn--bcher-kva.de" }, /* decomposed */
                { "xn--bcher-kva.de", "xn--bcher-kva.de" },
                { "XN--BCHER-KVA.DE", "xn--bcher-kva.de" },
                { "faß.de", "xn--fa-hia.de" },             /* not fass.de: non-transitional */
                { "例え。テスト", "xn--r8jz45g.xn--zckzah" },
                { "ａｂｃ．ｃｏｍ", "abc.com" },            /* full width */
                { "東京tokyoタワー.jp", "xn--tokyo-qr4dmmodq073ay09b.jp" }, /* Latin, Han and Katakana: so Japanese is written */
                { "한국korea.kr", "xn--korea-820tq28s.kr" },
                { "пример.рф", "xn--e1afmkfd.xn--p1ai" },
                { "пример.com", "xn--e1afmkfd.com" },      /* another script above is no mixture */
                { "אתר.com", "xn--4db2cf.com" },
                { "l·l.cat", "xn--ll-0ea.cat" },
                { L63 ".example", L63 ".example" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                char name[DOMAIN_NAME_BYTES] = "";
                const char* got = parsed(cases[i].text, name, &e);
                if (!got)
                        fprintf(stderr, "%s: %s\n", cases[i].text, e.message);
                ASSERT_TRUE(got != NULL);
                ASSERT_TRUE(dns_name_valid(got));
                ASSERT_STREQ(got, cases[i].name);
        }
}

TEST(each_refusal_has_its_reason_and_remedy) {
        static const struct {
                const char *text, *why;
        } cases[] = {
                { "", "is empty" },
                { ".", "is empty" },
                { "..", "between its dots is empty" },
                { ".example.com", "between its dots is empty" },
                { "a..example.com", "between its dots is empty" },
                { "example.com..", "between its dots is empty" },
                { "a。.com", "between its dots is empty" },
                { "a" L63 ".com", "longer than 63" },
                { L63 "." L63 "." L63 "." L63, "longer than DNS" },
                { "ü" L63 ".com", "longer than 63" },
                { "a_b.example.com", "underscore" },
                { "_dmarc.example.com", "underscore" },
                { "192.0.2.7", "IP address" },
                { "2001:db8::1", "IP address" },
                { "[2001:db8::1]", "IP address" },
                { "192.0.2", "number" },
                { "example.123", "number" },
                { "example.0x7f", "number" },
                { "１２７.０.０.１", "number" },
                { "example", "one part only" },
                { "example.", "one part only" },
                { "com", "one part only" },
                { "ab--cd.com", "third and fourth" },
                { "-a.com", "dash" },
                { "a-.com", "dash" },
                { "xn--a.com", "does not decode" },
                { "xn--.com", "does not decode" },
                { "xn--5-jepa.com", "does not decode" },   /* would be shown as letters in brackets, and typed back be something else */
                { "⒮.com", "RFC 5892" },                   /* which mapping turns into brackets */
                { "xn--aaaa-.com", "does not decode" },
                { "аpple.com", "several scripts" },       /* Cyrillic a */
                { "xn--pple-43d.com", "several scripts" },/* the same, encoded */
                { "gοοgle.com", "several scripts" },      /* Greek o */
                { "ελλάδαрф.com", "several scripts" },
                { "٣۴.com", "from the left" },            /* Arabic and Persian digits: by direction */
                { "१୨क.com", "several scripts" },         /* Devanagari and Oriya digits */
                { "1א.com", "from the left" },
                { "אa.com", "from the left" },
                { "a\u200db.com", "invisible" },
                { "\u0301a.com", "accent" },
                { "i❤.ws", "RFC 5892" },
                { "xn--n3h.net", "RFC 5892" },
                { "\u202e" "moc.elpmaxe", "RFC 5892" },
                { "exa mple.com", "blank" },
                { " example.com", "blank" },
                { "*.example.com", "star" },
                { "ada@example.com", "e-mail" },
                { "https://example.com/", "port" },
                { "example.com/x", "web address" },
                { "example.com:443", "port" },
                { "a\"b.com", "no name of a host" },
                { "a;b.com", "no name of a host" },
                { "a$b.com", "no name of a host" },
                { "a\nb.com", "no name of a host" },
                { "example.com\n", "no name of a host" },
                { "a\x7f.com", "no name of a host" },
                { "a{b}.com", "no name of a host" },
                { "\xff.com", "UTF-8" },
                { "a\xc3.com", "UTF-8" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                char name[DOMAIN_NAME_BYTES] = "untouched";
                if (parsed(cases[i].text, name, &e))
                        fprintf(stderr, "%s was taken\n", cases[i].text);
                ASSERT_STREQ(name, "untouched");
                ASSERT_EQ(e.name, ERROR_BAD_FIELD);
                ASSERT_STREQ(e.field, "name");
                ASSERT_TRUE(e.hint != NULL);
                if (!strstr(e.message, cases[i].why))
                        fprintf(stderr, "%s: %s\n", cases[i].text, e.message);
                ASSERT_TRUE(strstr(e.message, cases[i].why) != NULL);
        }
}

TEST(lengths_in_octets_of_dns) {
        char text[400] = "", name[DOMAIN_NAME_BYTES];
        _cleanup_error_ Error e = ERROR_NULL;
        for (int i = 0; i < 3; i++)
                strcat(text, L63 ".");
        strcat(text, &(L63)[2]); /* 3 * 64 + 61 = 253 */
        ASSERT_EQ(strlen(text), 253);
        ASSERT_TRUE(parsed(text, name, &e) != NULL);
        strcat(text, "."); /* the root's dot is not counted */
        ASSERT_TRUE(parsed(text, name, &e) != NULL);
        text[253] = 'a'; /* 254 */
        ASSERT_TRUE(parsed(text, name, &e) == NULL);
        ASSERT_TRUE(strstr(e.message, "longer than DNS") != NULL);
        _cleanup_free_ char* mega = malloc(1 << 20);
        memset(mega, 'a', (1 << 20) - 1);
        mega[(1 << 20) - 1] = 0;
        _cleanup_error_ Error more = ERROR_NULL;
        ASSERT_TRUE(parsed(mega, name, &more) == NULL);
}

TEST(shown_again) {
        char shown[DOMAIN_SHOWN_BYTES];
        domain_name_show("xn--bcher-kva.de", shown);
        ASSERT_STREQ(shown, "bücher.de");
        domain_name_show("example.com", shown);
        ASSERT_STREQ(shown, "example.com");
        domain_name_show("xn--a.com", shown);
        ASSERT_STREQ(shown, "xn--a.com");
        domain_name_show("", shown);
        ASSERT_STREQ(shown, "");
}

TEST(who_may_own_it) {
        ASSERT_TRUE(domain_name_is_public("com"));
        ASSERT_TRUE(domain_name_is_public("co.uk"));
        ASSERT_TRUE(domain_name_is_public("xn--p1ai"));
        ASSERT_FALSE(domain_name_is_public("example.co.uk"));
        ASSERT_FALSE(domain_name_is_public("a.b.example.com"));
        ASSERT_FALSE(domain_name_is_public("customer.example"));
        const char* name = "a.b.example.co.uk";
        ASSERT_STREQ(domain_name_registered(name), "example.co.uk");
        ASSERT_TRUE(domain_name_registered(name) > name); /* borrowed from it */
        ASSERT_TRUE(domain_name_registered("co.uk") == NULL);
        ASSERT_STREQ(domain_name_registered("x.customer.example"), "customer.example");
}

TEST(below) {
        ASSERT_TRUE(domain_name_is_below("example.com", "example.com"));
        ASSERT_TRUE(domain_name_is_below("a.example.com", "example.com"));
        ASSERT_FALSE(domain_name_is_below("badexample.com", "example.com"));
        ASSERT_FALSE(domain_name_is_below("com", "example.com"));
        ASSERT_FALSE(domain_name_is_below("example.com", "a.example.com"));
}


TEST_MAIN()
