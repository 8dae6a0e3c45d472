#include "base/test.h"
#include "user/password.h"

TEST(weak) {
        static const char* const weak[] = {
                "", "short", "123456789", "1234567890", "0987654321", "aaaaaaaaaa", "abcdefghijkl", "abcabcabcabc", "qwertyuiop",
                "password12", "Password123", "P@ssw0rd1!", "PASSWORD1234!", "monkey12345", "baseball21", "passwort2024", "iloveyou22",
                "1q2w3e4r5t", "12121212121212", "steadbox2026", "Sommer2026!", "äöüäöüäöüäöü", "ääääääääää", "marianne12", "12marianne99",
        };
        for (size_t i = 0; i < ELEMENTS(weak); i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                if (password_check(weak[i], "marianne", "password", &e) >= 0)
                        TEST_FAIL("'%s' passed", weak[i]);
                ASSERT_TRUE(error_has_name(&e, ERROR_WEAK_PASSWORD));
                ASSERT_STREQ(e.field, "password");
        }
}

TEST(good) {
        static const char* const good[] = {
                "correct horse battery", "Vogel-Lampe-77", "mL9#vR2$kQ8!", "monkey8!qLx2Zr#w", "marianne likes green tea", "Übermäßig früh",
                "двенадцать стульев", "xk7qpm2vbn",
        };
        for (size_t i = 0; i < ELEMENTS(good); i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                if (password_check(good[i], "marianne", "password", &e) < 0)
                        TEST_FAIL("'%s' was refused: %s", good[i], e.message);
        }
        ASSERT_OK(password_check("correct horse battery", NULL, "password", NULL));
}

TEST(hashes) {
        static const struct {
                const char* hash;
                bool good;
        } cases[] = {
                { "$argon2id$v=19$m=19456,t=2,p=1$c3RlYWRib3hzdGVhZGJveA$3bTWqNMlJqy1sCNzOAKxYVGRbyvhtJxZ0sKT0nUFWpc", true },
                { "$argon2i$v=19$m=19456,t=2,p=1$c3RlYWRib3hzdGVhZGJveA$3bTWqNMlJqy1sCNzOAKxYVGRbyvhtJxZ0sKT0nUFWpc", false },
                { "$argon2id$v=19$m=19456,t=2,p=4$c3RlYWRib3hzdGVhZGJveA$3bTWqNMlJqy1sCNzOAKxYVGRbyvhtJxZ0sKT0nUFWpc", false },
                { "$argon2id$v=19$m=4194304,t=2,p=1$c3RlYWRib3hzdGVhZGJveA$3bTWqNMlJqy1sCNzOAKxYVGRbyvhtJxZ0sKT0nUFWpc", false },
                { "$argon2id$v=19$m=19456,t=4000,p=1$c3RlYWRib3hzdGVhZGJveA$3bTWqNMlJqy1sCNzOAKxYVGRbyvhtJxZ0sKT0nUFWpc", false },
                { "$argon2id$v=19$m=64,t=2,p=1$c3RlYWRib3hzdGVhZGJveA$3bTWqNMlJqy1sCNzOAKxYVGRbyvhtJxZ0sKT0nUFWpc", false },
                { "$argon2id$v=19$m=19456,t=2,p=1$c3RlYWRib3hzdGVhZGJveA$", false },
                { "$argon2id$v=19$m=19456,t=2,p=1$", false },
                { "$argon2id$v=19$m=19456,t=2,p=1$c3RlYWRib3hzdGVhZGJveA$3bTWqNMlJqy1sCNzOAKxYVGRbyvhtJxZ0sKT0nUFWpc\n", false },
                { "$6$rounds=5000$abc$defdefdefdefdefdefdefdefdefdefdefdef", false },
                { "", false },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++)
                if ((password_hash_check(cases[i].hash, "password_hash", NULL) >= 0) != cases[i].good)
                        TEST_FAIL("case %zu: %s", i, cases[i].hash);
}

TEST_MAIN()
