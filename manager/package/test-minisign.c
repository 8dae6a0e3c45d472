/* Signatures and keys. Fixtures were made by minisign(1) 0.11, so that reading its form is tested also where it is not installed; that it
 * reads ours is tests/api/catalogue's. */
#include "base/test.h"
#include "base/file.h"
#include "package/minisign.h"
#include <fcntl.h>

static char* fixture(const char* name, size_t* ret_size) {
        char path[512], *text = NULL;
        size_t size = 0;
        (void) snprintf(path, sizeof(path), FIXTURES "/%s", name);
        ASSERT_OK(file_read(AT_FDCWD, path, 100000, &text, &size));
        if (ret_size)
                *ret_size = size;
        return text;
}

TEST(what_minisign_signs_is_verified) {
        size_t size;
        _cleanup_free_ char *public = fixture("minisign.pub", NULL), *data = fixture("message", &size);
        _cleanup_free_ char *signature = fixture("message.minisig", NULL), *comment = NULL;
        MinisignPublic key;
        ASSERT_OK(minisign_public_parse(public, &key, NULL));
        ASSERT_OK(minisign_verify(&key, data, size, signature, &comment, NULL));
        ASSERT_STREQ(comment, "made by minisign");
}

TEST(every_changed_byte_is_found) {
        size_t size;
        _cleanup_free_ char *public = fixture("minisign.pub", NULL), *data = fixture("message", &size);
        _cleanup_free_ char* signature = fixture("message.minisig", NULL);
        MinisignPublic key;
        ASSERT_OK(minisign_public_parse(public, &key, NULL));
        for (size_t i = 0; i < size; i++) {
                data[i] ^= 1;
                ASSERT_TRUE(minisign_verify(&key, data, size, signature, NULL, NULL) < 0);
                data[i] ^= 1;
        }
        ASSERT_TRUE(minisign_verify(&key, data, size - 1, signature, NULL, NULL) < 0);
        /* The untrusted comment may say anything; all below it may not. */
        size_t from = strcspn(signature, "\n") + 1, all = strlen(signature) - 1;
        for (size_t i = from; i < all; i++) {
                char before = signature[i];
                signature[i] = before == 'A' ? 'B' : 'A';
                if (minisign_verify(&key, data, size, signature, NULL, NULL) >= 0)
                        TEST_FAIL("byte %zu of the signature does not matter", i);
                signature[i] = before;
        }
        for (size_t i = 0; i < all; i++) { /* cut off anywhere */
                char before = signature[i];
                signature[i] = 0;
                ASSERT_TRUE(minisign_verify(&key, data, size, signature, NULL, NULL) < 0);
                signature[i] = before;
        }
        ASSERT_OK(minisign_verify(&key, data, size, signature, NULL, NULL));
}

TEST(keys_that_minisign_made) {
        _cleanup_free_ char *plain = fixture("minisign.key", NULL), *sealed = fixture("encrypted.key", NULL);
        _cleanup_free_ char *public = fixture("minisign.pub", NULL), *sealed_public = fixture("encrypted.pub", NULL);
        _cleanup_minisign_ MinisignSecret secret = {};
        MinisignPublic key, of;
        ASSERT_EQ(minisign_secret_parse(plain, NULL, &secret, NULL), 1);
        minisign_public_of(&secret, &of);
        ASSERT_OK(minisign_public_parse(public, &key, NULL));
        ASSERT_TRUE(memcmp(&key, &of, sizeof(key)) == 0);
        ASSERT_EQ(minisign_secret_parse(sealed, NULL, &secret, NULL), 0);
        ASSERT_TRUE(minisign_secret_parse(sealed, "wrong", &secret, NULL) < 0);
        ASSERT_EQ(minisign_secret_parse(sealed, "pass word", &secret, NULL), 1);
        minisign_public_of(&secret, &of);
        ASSERT_OK(minisign_public_parse(sealed_public, &key, NULL));
        ASSERT_TRUE(memcmp(&key, &of, sizeof(key)) == 0);
        char* digit = strchr(plain, '\n') + 140; /* in the seed */
        *digit = *digit == 'A' ? 'B' : 'A';
        ASSERT_TRUE(minisign_secret_parse(plain, NULL, &secret, NULL) < 0);
}

TEST(what_we_sign_is_verified) {
        _cleanup_minisign_ MinisignSecret secret = {}, again = {};
        MinisignPublic key, other;
        _cleanup_free_ char *signature = NULL, *comment = NULL;
        char text[MINISIGN_KEY_TEXT_BYTES];
        minisign_secret_make(&secret);
        _cleanup_free_ char* file = minisign_secret_text(&secret);
        ASSERT_EQ(minisign_secret_parse(file, NULL, &again, NULL), 1);
        ASSERT_TRUE(memcmp(&secret, &again, sizeof(secret)) == 0);
        minisign_public_of(&secret, &key);
        minisign_public_text(&key, text);
        ASSERT_EQ(strlen(text), 56);
        ASSERT_OK(minisign_public_parse(text, &other, NULL));
        ASSERT_TRUE(memcmp(&key, &other, sizeof(key)) == 0);
        ASSERT_OK(minisign_sign(&secret, "data", 4, "a b", &signature, NULL));
        ASSERT_OK(minisign_verify(&key, "data", 4, signature, &comment, NULL));
        ASSERT_STREQ(comment, "a b");
        ASSERT_TRUE(minisign_sign(&secret, "data", 4, "a\nb", &signature, NULL) < 0);
        minisign_secret_make(&again);
        minisign_public_of(&again, &other);
        ASSERT_TRUE(minisign_verify(&other, "data", 4, signature, NULL, NULL) < 0);
        memcpy(other.id, key.id, sizeof(other.id)); /* the number of a key is no proof */
        ASSERT_TRUE(minisign_verify(&other, "data", 4, signature, NULL, NULL) < 0);
}

TEST(no_keys) {
        static const char* const bad[] = { "", "\n", "RWQ", "untrusted comment: x", "RWR57NRUjgnpqvZnnd6MrhuLHyfNIzcoHioejjCGJdnJqTfPMF4bj16=",
                "XXR57NRUjgnpqvZnnd6MrhuLHyfNIzcoHioejjCGJdnJqTfPMF4bj16x", "RWR57NRUjgnpqvZnnd6MrhuLHyfNIzcoHioejjCGJdnJqTfPMF4bj16xAAAA" };
        MinisignPublic key;
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                ASSERT_TRUE(minisign_public_parse(bad[i], &key, NULL) < 0);
}

TEST_MAIN()
