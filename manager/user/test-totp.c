#include "base/test.h"
#include "user/totp.h"

/* RFC 6238, appendix B, SHA-1; the last six of the eight digits there. */
TEST(vectors) {
        static const struct {
                int64_t at;
                const char* code;
        } cases[] = {
                { 59, "287082" },         { 1111111109, "081804" },  { 1111111111, "050471" },
                { 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" },
        };
        const uint8_t* secret = (const uint8_t*) "12345678901234567890";
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                int64_t step = 0;
                ASSERT_EQ(totp_code(secret, 20, (uint64_t) cases[i].at / 30), atoi(cases[i].code));
                ASSERT_EQ(totp_check(secret, 20, cases[i].code, cases[i].at, 0, &step), 1);
                ASSERT_EQ(step, cases[i].at / 30);
        }
}

TEST(window_and_once) {
        const uint8_t* secret = (const uint8_t*) "12345678901234567890";
        int64_t step = 0, now = 1234567890;
        char before[7], after[7], far[7];
        (void) snprintf(before, sizeof(before), "%06u", totp_code(secret, 20, 1234567890 / 30 - 1) % 1000000);
        (void) snprintf(after, sizeof(after), "%06u", totp_code(secret, 20, 1234567890 / 30 + 1) % 1000000);
        (void) snprintf(far, sizeof(far), "%06u", totp_code(secret, 20, 1234567890 / 30 + 2) % 1000000);
        ASSERT_EQ(totp_check(secret, 20, before, now, 0, &step), 1);
        ASSERT_EQ(totp_check(secret, 20, before, now, step, &step), 0); /* once */
        ASSERT_EQ(totp_check(secret, 20, "005924", now, step, &step), 1);
        ASSERT_EQ(totp_check(secret, 20, after, now, step, &step), 1);
        ASSERT_EQ(totp_check(secret, 20, "005924", now, step, &step), 0); /* older than one that was used */
        ASSERT_EQ(totp_check(secret, 20, far, now, 0, &step), 0);
        ASSERT_EQ(totp_check(secret, 20, "5924", now, 0, &step), 0);
        ASSERT_EQ(totp_check(secret, 20, "00592a", now, 0, &step), 0);
        ASSERT_EQ(totp_check(secret, 20, "", now, 0, &step), 0);
}

TEST(text) {
        char text[TOTP_SECRET_TEXT_BYTES];
        totp_secret_text((const uint8_t*) "12345678901234567890", text);
        ASSERT_STREQ(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        _cleanup_free_ char* uri = totp_uri(text, "My Box", "a@b:c");
        ASSERT_STREQ(uri, "otpauth://totp/My%20Box:a%40b%3Ac?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=My%20Box&algorithm=SHA1&digits=6&period=30");
}

TEST_MAIN()
