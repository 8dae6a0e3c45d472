/* Unit tests: TEST(name) { ... } registers itself, TEST_MAIN() runs all. A failed assertion prints where and ends the program. */
#pragma once
#include "base/error.h"
#include "base/log.h"
#include "base/secret.h"
#include <stdio.h>

typedef struct TestCase {
        const char* name;
        void (*run)(void);
} TestCase;

#define TEST(name)                                                                                              \
        static void test_##name(void);                                                                          \
        static const TestCase test_case_##name __attribute__((section("steadbox_tests"), used, aligned(16))) = { \
                #name, test_##name };                                                                           \
        static void test_##name(void)

#define TEST_MAIN()                                                                                             \
        extern const TestCase __start_steadbox_tests[], __stop_steadbox_tests[];                                \
        int main(int argc, char** argv) {                                                                       \
                assert(secret_init() >= 0);                                                                     \
                for (const char* p = (const char*) __start_steadbox_tests;                                      \
                     p < (const char*) __stop_steadbox_tests; p += 16) {                                        \
                        const TestCase* t = (const TestCase*) p;                                                \
                        if (argc > 1 && !streq(argv[1], t->name))                                               \
                                continue;                                                                       \
                        t->run();                                                                               \
                        printf("ok - %s\n", t->name);                                                           \
                        (void) fflush(stdout);                                                                  \
                }                                                                                               \
                return 0;                                                                                       \
        }
_Static_assert(sizeof(TestCase) == 16, "the walk over the section counts on it");

#define TEST_FAIL(...)                                            \
        do {                                                      \
                fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);   \
                fprintf(stderr, __VA_ARGS__);                     \
                fputc('\n', stderr);                              \
                abort();                                          \
        } while (0)
#define ASSERT_TRUE(x)                                            \
        do {                                                      \
                if (!(x))                                         \
                        TEST_FAIL("not true: %s", #x);            \
        } while (0)
#define ASSERT_FALSE(x) ASSERT_TRUE(!(x))
#define ASSERT_OK(x)                                                                    \
        ({                                                                              \
                __typeof__(x) _r = (x);                                                 \
                if (_r < 0)                                                             \
                        TEST_FAIL("%s gave %lld (%s)", #x, (long long) _r, strerror((int) -_r)); \
                _r;                                                                     \
        })
#define ASSERT_ERROR(x, e)                                                              \
        do {                                                                            \
                long long _r = (x);                                                     \
                if (_r != -(long long) (e))                                             \
                        TEST_FAIL("%s gave %lld, not -%s", #x, _r, #e);                 \
        } while (0)
#define ASSERT_STREQ(a, b)                                                              \
        do {                                                                            \
                const char *_a = (a), *_b = (b);                                        \
                if (!streq_ptr(_a, _b))                                                 \
                        TEST_FAIL("%s is '%s', not '%s'", #a, strempty(_a), strempty(_b)); \
        } while (0)
#define ASSERT_EQ(a, b)                                                                 \
        do {                                                                            \
                long long _a = (long long) (a), _b = (long long) (b);                   \
                if (_a != _b)                                                           \
                        TEST_FAIL("%s is %lld, not %lld", #a, _a, _b);                  \
        } while (0)
