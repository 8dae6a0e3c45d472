#include "api/limits.h"
#include "base/test.h"
#include <stdio.h>

#define AT(seconds) ((uint64_t) (1000000 + (seconds)) * USEC_PER_SEC)

TEST(five_a_minute) {
        _cleanup_(limits_freep) Limits* l = NULL;
        ASSERT_OK(limits_new(&l));
        for (int i = 0; i < 5; i++)
                ASSERT_OK(limits_try(l, "anna", "192.0.2.1", AT(i), NULL));
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_ERROR(limits_try(l, "anna", "192.0.2.1", AT(5), &e), EAGAIN);
        ASSERT_TRUE(error_has_name(&e, ERROR_TOO_MANY));
        ASSERT_EQ(e.retry_after, 59);
        ASSERT_ERROR(limits_try(l, "ANNA", "192.0.2.1", AT(5), NULL), EAGAIN); /* the same account */
        ASSERT_OK(limits_try(l, "bert", "192.0.2.1", AT(5), NULL));
        ASSERT_OK(limits_try(l, "anna", "192.0.2.2", AT(5), NULL)); /* nobody locks anna out from afar */
}

TEST(delay_grows) {
        _cleanup_(limits_freep) Limits* l = NULL;
        int64_t at = 0;
        ASSERT_OK(limits_new(&l));
        for (unsigned delay = 60; delay <= 3600; delay = delay * 2 > 3600 && delay < 3600 ? 3600 : delay * 2) {
                for (int i = 0; i < 5; i++)
                        ASSERT_OK(limits_try(l, "anna", "192.0.2.1", AT(at), NULL));
                _cleanup_error_ Error e = ERROR_NULL;
                ASSERT_ERROR(limits_try(l, "anna", "192.0.2.1", AT(at), &e), EAGAIN);
                ASSERT_EQ(e.retry_after, delay);
                at += delay;
        }
}

TEST(right_forgets) {
        _cleanup_(limits_freep) Limits* l = NULL;
        ASSERT_OK(limits_new(&l));
        for (int i = 0; i < 20; i++) {
                ASSERT_OK(limits_try(l, "anna", "192.0.2.1", AT(i), NULL));
                limits_forgive(l, "anna", "192.0.2.1");
        }
}

TEST(spraying_and_networks) {
        _cleanup_(limits_freep) Limits* l = NULL;
        char account[32], address[64];
        int let = 0;
        ASSERT_OK(limits_new(&l));
        for (int i = 0; i < 100; i++) { /* one address, many accounts */
                (void) snprintf(account, sizeof(account), "u%d", i);
                let += limits_try(l, account, "192.0.2.9", AT(0), NULL) >= 0;
        }
        ASSERT_EQ(let, LIMITS_ADDRESS_TRIES);
        let = 0;
        for (int i = 0; i < 100; i++) { /* one IPv6 network, many addresses */
                (void) snprintf(address, sizeof(address), "2001:db8:1:2::%x", i);
                let += limits_try(l, "anna", address, AT(0), NULL) >= 0;
        }
        ASSERT_EQ(let, LIMITS_ACCOUNT_TRIES);
        ASSERT_OK(limits_try(l, "anna", "2001:db8:1:3::1", AT(0), NULL));
        ASSERT_OK(limits_try(l, "anna", "", AT(0), NULL)); /* the admin socket */
}

/* A flood of addresses cannot grow the table, and somebody who is blocked is not washed out soon. */
TEST(bounded) {
        _cleanup_(limits_freep) Limits* l = NULL;
        ASSERT_OK(limits_new(&l));
        for (int i = 0; i < 200000; i++) {
                char address[64];
                (void) snprintf(address, sizeof(address), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
                ASSERT_OK(limits_try(l, "anna", address, AT(i / 1000), NULL));
        }
}

TEST_MAIN()
