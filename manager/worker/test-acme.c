/* What the certificate job makes of other programs' words: uacme's, openssl's, and those of people who upload. Pure. */
#include "base/test.h"
#include "worker/acme-output.h"
#include "worker/upload.h"

#define NOW INT64_C(1700000000)

static AcmeOutput said(const char* const* lines) {
        AcmeOutput o = {};
        for (; *lines; lines++)
                (void) acme_output_line(&o, *lines, NOW);
        return o;
}

TEST(a_refusal_is_understood) {
        AcmeOutput o = said((const char*[]) {
                "uacme: creating new order at https://ca.example/order", "uacme: acme_post: HTTP headers:", "HTTP/2 429 ", "retry-after: 86400", "",
                "uacme: acme_post: HTTP body:", "{", "   \"type\": \"urn:ietf:params:acme:error:rateLimited\",",
                "   \"detail\": \"too many certificates, retry after 2026-01-02 03:04:05 UTC\",", "   \"status\": 429", "}",
                "uacme: failed to create new order at https://ca.example/order", NULL });
        ASSERT_EQ(o.status, 429);
        ASSERT_EQ(o.retry_after, 86400);
        ASSERT_STREQ(o.type, "rateLimited");
        ASSERT_STREQ(o.detail, "too many certificates, retry after 2026-01-02 03:04:05 UTC");
        ASSERT_STREQ(o.last, "failed to create new order at https://ca.example/order");
        ASSERT_FALSE(o.no_account);
}

TEST(an_everyday_nonce_is_no_reason) {
        AcmeOutput o = said((const char*[]) {
                "HTTP/2 400 ", "   \"type\": \"urn:ietf:params:acme:error:badNonce\",", "   \"detail\": \"JWS has an invalid anti-replay nonce: x\",",
                "uacme: acme_post: server rejected nonce, retrying", NULL });
        ASSERT_STREQ(o.type, "");
        ASSERT_STREQ(o.detail, "");
}

TEST(polling_is_not_a_wish_to_be_left_alone) {
        AcmeOutput o = said((const char*[]) { "HTTP/2 200 ", "retry-after: 3", NULL });
        ASSERT_EQ(o.retry_after, 0);
        o = said((const char*[]) { "HTTP/1.1 503 Service Unavailable", "Retry-After: Tue, 14 Nov 2023 23:13:20 GMT", NULL });
        ASSERT_EQ(o.retry_after, 3600);
        o = said((const char*[]) { "HTTP/2 429", "retry-after: 99999999999999999999", NULL });
        ASSERT_EQ(o.retry_after, 30 * 86400);
        o = said((const char*[]) { "HTTP/2 429", "retry-after: -5", NULL });
        ASSERT_EQ(o.retry_after, 0);
        o = said((const char*[]) { "HTTP/2 429", "retry-after: soon", NULL });
        ASSERT_EQ(o.retry_after, 0);
}

TEST(people_read_what_matters) {
        AcmeOutput o = {};
        ASSERT_TRUE(acme_output_line(&o, "uacme: running hook begin http-01 a.example", NOW));
        ASSERT_FALSE(acme_output_line(&o, "uacme: acme_post: url=https://x payload={} protected={} jws={}", NOW));
        ASSERT_FALSE(acme_output_line(&o, "uacme: acme_get: return code 200, json=", NOW));
        ASSERT_FALSE(acme_output_line(&o, "replay-nonce: abc", NOW));
        ASSERT_FALSE(acme_output_line(&o, "", NOW));
        ASSERT_TRUE(acme_output_line(&o, "uacme: \x1b[2J", NOW));
        ASSERT_STREQ(o.last, "?[2J");
        ASSERT_TRUE(acme_output_line(&o, "uacme: no account associated with /x/key.pem found at y. Consider trying 'new'", NOW));
        ASSERT_TRUE(o.no_account);
}

TEST(chains_are_split) {
        _cleanup_json_ json_t* list = NULL;
        ASSERT_OK(upload_split("subject=x\n-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\nnoise\n"
                               "-----BEGIN CERTIFICATE-----\nBB==\n-----END CERTIFICATE-----", &list, NULL));
        ASSERT_EQ(json_array_size(list), 2);
        ASSERT_STREQ(json_string_value(json_array_get(list, 1)), "-----BEGIN CERTIFICATE-----\nBB==\n-----END CERTIFICATE-----\n");
        static const char* const bad[] = {
                "", "hello", "-----BEGIN CERTIFICATE-----\nAA==\n", "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n",
                "-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n",
                "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n-----BEGIN EC PRIVATE KEY-----\n",
        };
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                json_t* none = NULL;
                ASSERT_TRUE(upload_split(bad[i], &none, &e) < 0 && error_has_name(&e, ERROR_BAD_FIELD));
                ASSERT_STREQ(e.field, "chain");
        }
        char many[16 * 64] = "";
        for (int i = 0; i < 11; i++)
                strcat(many, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
        json_t* none = NULL;
        ASSERT_TRUE(upload_split(many, &none, NULL) < 0);
}

TEST(a_certificate_is_read) {
        static const char text[] =
                        "subject=CN=a.example\nissuer=CN=Some CA,O=X\nnotBefore=2026-01-01 00:00:00Z\nnotAfter=2026-04-01 00:00:00Z\n"
                        "    Signature Algorithm: sha256WithRSAEncryption\n        X509v3 extensions:\n            X509v3 Subject Alternative Name: \n"
                        "                DNS:A.example, DNS:*.a.example, IP Address:192.0.2.1, DNS:bad;name, DNS:x\n"
                        "            X509v3 Basic Constraints: critical\n                CA:FALSE\n";
        UploadWords w = {};
        ASSERT_OK(upload_words_parse(text, &w));
        ASSERT_STREQ(w.subject, "CN=a.example");
        ASSERT_STREQ(w.issuer, "CN=Some CA,O=X");
        ASSERT_EQ(w.not_after, 1775001600);
        ASSERT_FALSE(w.is_authority || w.weak_signature);
        _cleanup_free_ char* names = json_text(w.names, true);
        ASSERT_STREQ(names, "[\"a.example\",\"*.a.example\"]");
        upload_words_done(&w);
        ASSERT_TRUE(upload_words_parse("subject=x\n", &w) < 0);
        ASSERT_OK(upload_words_parse("subject=x\nissuer=x\nnotAfter=2026-04-01 00:00:00Z\nSignature Algorithm: sha1WithRSAEncryption\nCA:TRUE", &w));
        ASSERT_TRUE(w.is_authority && w.weak_signature);
        upload_words_done(&w);
}

TEST(chains_are_put_in_order) {
        size_t order[UPLOAD_CERTIFICATES_MAX];
        const UploadWords words[] = {
                { (char*) "root", (char*) "root" }, { (char*) "one", (char*) "two" }, { (char*) "stranger", (char*) "x" },
                { (char*) "leaf", (char*) "one" }, { (char*) "two", (char*) "root" },
        };
        ASSERT_EQ(upload_order(words, 5, 3, order), 3);
        ASSERT_TRUE(order[0] == 3 && order[1] == 1 && order[2] == 4);
        const UploadWords ring[] = { { (char*) "a", (char*) "b" }, { (char*) "b", (char*) "a" } };
        ASSERT_EQ(upload_order(ring, 2, 0, order), 2);
        const UploadWords own[] = { { (char*) "a", (char*) "a" } };
        ASSERT_EQ(upload_order(own, 1, 0, order), 1);
}

TEST(weak_keys_are_refused) {
        ASSERT_TRUE(!upload_key_weakness("Public-Key: (2048 bit)\nModulus:\n    00:aa\nExponent: 65537\n"));
        ASSERT_TRUE(upload_key_weakness("Public-Key: (1024 bit)\nModulus:\n"));
        ASSERT_TRUE(!upload_key_weakness("Public-Key: (256 bit)\npub:\nASN1 OID: prime256v1\nNIST CURVE: P-256\n"));
        ASSERT_TRUE(upload_key_weakness("Public-Key: (160 bit)\npub:\nASN1 OID: secp160r1\n"));
        ASSERT_TRUE(upload_key_weakness("ED25519 Public-Key:\npub:\n"));
}

TEST_MAIN()
