#include "base/test.h"
#include "base/validate.h"
#include "worker/redact.h"

TEST(what_could_tell_or_open_is_blacked_out) {
        static const struct {
                const char* text;
                const char* wanted;
        } cases[] = {
                { "", "" },
                { "plain words stay as they are.", "plain words stay as they are." },
                { "User ada signed in", "User [name-1] signed in" },
                { "ADA and Ada, not adage", "[name-1] and [name-1], not adage" },
                { "Mr Lovelace's box", "Mr [name-1]'s box" },
                { "mail to ada@customer.example.", "mail to [e-mail-1]." },
                { "from 192.0.2.17:443, again 192.0.2.17, other 192.0.2.18", "from [address-1]:443, again [address-1], other [address-2]" },
                { "listening on 127.0.0.1:80 and ::1 and 0.0.0.0", "listening on 127.0.0.1:80 and ::1 and 0.0.0.0" },
                { "2001:db8::17 is down", "[address-1] is down" },
                { "[2001:db8::17]:443", "[[address-1]]:443" },
                { "at 12:34:56 and 2026-11-21T07:41:23+0000", "at 12:34:56 and 2026-11-21T07:41:23+0000" },
                { "link 02:fc:00:00:00:01 up", "link [address-1] up" },
                { "asked www.customer.example for it", "asked [host-1] for it" },
                { "GET https://my.customer.example/path", "GET https://[host-1]/path" },
                { "nginx.service: Started; /etc/nginx/nginx.conf", "nginx.service: Started; /etc/nginx/nginx.conf" },
                { "/srv/customer.example.conf", "/srv/[host-1]" },
                { "foo.tar.gz and libsodium.so.23", "foo.tar.gz and libsodium.so.23" },
                { "org.freedesktop.DBus.Error from www.debian.org", "org.freedesktop.DBus.Error from www.debian.org" },
                { "version 1.2 of libc 2.36-9+deb12u8", "version 1.2 of libc 2.36-9+deb12u8" },
                { "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA end", "[hash] end" },
                { "password=hunter2 and more", "password=[secret] and more" },
                { "{\"token\": \"abc\", \"x\": 1}", "{\"token\": \"[secret]\", \"x\": 1}" },
                { "Q3VzdG9tZXIgc2VjcmV0IHRva2VuIDEyMzQ1Njc4OTA", "[secret]" },
                { "sha 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "sha [hash]" },
                { "steadbox-job-certificate@abcdefghij.service", "steadbox-job-certificate@abcdefghij.service" },
                { "bytes \xff\xfe here", "bytes ?? here" },
                { "control \x1b[1m here", "control  [1m here" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ json_t* words = json_pack("[s, s]", "ada", "Lovelace");
                _cleanup_(redactor_freep) Redactor* r = NULL;
                _cleanup_free_ char* text = NULL;
                unsigned count = 0;
                ASSERT_OK(redactor_new(words, &r));
                ASSERT_OK(redact(r, cases[i].text, &text, &count));
                ASSERT_STREQ(text, cases[i].wanted);
                ASSERT_EQ(count > 0, strchr(text, '[') && !streq(text, cases[i].text) && !strchr(cases[i].text, '\x1b'));
        }
}

TEST(many_words_are_found) {
        _cleanup_json_ json_t* words = json_array();
        _cleanup_(redactor_freep) Redactor* r = NULL;
        _cleanup_free_ char* text = NULL;
        char name[32];
        unsigned count = 0;
        for (int i = 0; i < 5000; i++) {
                (void) snprintf(name, sizeof(name), "person%d", i);
                (void) json_array_append_new(words, json_string(name));
        }
        ASSERT_OK(redactor_new(words, &r));
        ASSERT_OK(redact(r, "person0 person4999 person5000", &text, &count));
        ASSERT_STREQ(text, "[name-1] [name-2] person5000");
        ASSERT_EQ(count, 2);
}

TEST_MAIN()
