/* The rules about the disk: who is near a limit, when the machine is in need, who has to be measured, and whose fault it is. */
#include "app/disk.h"
#include "base/test.h"
#include "base/time.h"

#define MB ((int64_t) 1 << 20)
#define GB ((int64_t) 1 << 30)

TEST(a_limit_is_near_at_four_fifths_reached_when_reached_and_passed_by_a_twentieth) {
        ASSERT_EQ(disk_level(100 * GB, 0), DISK_FINE);
        ASSERT_EQ(disk_level(-1, 10 * GB), DISK_FINE);
        ASSERT_EQ(disk_level(8 * GB - MB, 10 * GB), DISK_FINE);
        ASSERT_EQ(disk_level(8 * GB, 10 * GB), DISK_NEAR);
        ASSERT_EQ(disk_level(10 * GB - 1, 10 * GB), DISK_NEAR);
        ASSERT_EQ(disk_level(10 * GB, 10 * GB), DISK_REACHED);
        ASSERT_EQ(disk_level(10 * GB + 512 * MB, 10 * GB), DISK_REACHED);
        ASSERT_EQ(disk_level(10 * GB + 513 * MB, 10 * GB), DISK_OVER);
        ASSERT_EQ(disk_level(41 * MB, 10 * MB), DISK_REACHED); /* small limits have a margin of 32 MB */
        ASSERT_EQ(disk_level(43 * MB, 10 * MB), DISK_OVER);
}

TEST(the_reserve_is_half_a_gigabyte_or_a_tenth) {
        ASSERT_EQ(disk_reserve(100 * GB), 512 * MB);
        ASSERT_EQ(disk_reserve(2000 * MB), 200 * MB);
}

TEST(the_alarm_looks_ahead) {
        DiskLook before = { .total = 100 * GB, .free = 40 * GB, .at_usec = 1 }, now = before;
        now.at_usec += 2 * USEC_PER_SEC;
        ASSERT_EQ(disk_alarm(&before, &now), DISK_CALM);
        now.free -= 2 * GB; /* 1 GB/s, 37.5 GB to go */
        ASSERT_EQ(disk_alarm(&before, &now), DISK_CALM);
        before.free = 8 * GB, now.free = 6 * GB; /* 5.5 GB to go: within ten seconds */
        ASSERT_EQ(disk_alarm(&before, &now), DISK_FALLING);
        before.at_usec = 0; /* the first look knows no pace */
        ASSERT_EQ(disk_alarm(&before, &now), DISK_CALM);
        now.free = 511 * MB;
        ASSERT_EQ(disk_alarm(&before, &now), DISK_LOW);
        before.free = now.free = 600 * MB, before.at_usec = 1; /* little, but nobody takes it */
        ASSERT_EQ(disk_alarm(&before, &now), DISK_CALM);
        now.inodes = 1000000, now.inodes_free = 19999;
        ASSERT_EQ(disk_alarm(&before, &now), DISK_LOW);
        ASSERT_TRUE(disk_lacks_files(&now));
        now.free = 511 * MB; /* and bytes: those are told */
        ASSERT_EQ(disk_alarm(&before, &now), DISK_LOW);
        ASSERT_FALSE(disk_lacks_files(&now));
        now.free = 600 * MB;
        now.inodes_free = 20000;
        ASSERT_FALSE(disk_lacks_files(&now));
        ASSERT_EQ(disk_alarm(&before, &now), DISK_CALM);
}

TEST(measured_is_what_may_have_changed) {
        DiskTurn t = { .own = 9 * GB, .limit = 10 * GB, .since_usec = UINT64_MAX, .period_usec = 6 * 3600 * USEC_PER_SEC };
        ASSERT_TRUE(disk_due(&t));
        t.since_usec = 3600 * USEC_PER_SEC;
        ASSERT_FALSE(disk_due(&t));
        t.fallen = 511 * MB;
        ASSERT_FALSE(disk_due(&t));
        t.fallen = 512 * MB; /* half of the way to its limit may be gone */
        ASSERT_TRUE(disk_due(&t));
        t.own = 10 * GB, t.fallen = 63 * MB;
        ASSERT_FALSE(disk_due(&t));
        t.fallen = 64 * MB;
        ASSERT_TRUE(disk_due(&t));
        t.since_usec = 19 * USEC_PER_SEC; /* just measured */
        ASSERT_FALSE(disk_due(&t));
        t.since_usec = 100 * USEC_PER_SEC, t.cost_usec = 2 * USEC_PER_SEC; /* a hundredth of the time at most */
        ASSERT_FALSE(disk_due(&t));
        t.since_usec = 200 * USEC_PER_SEC;
        ASSERT_TRUE(disk_due(&t));
        t.limit = 0, t.fallen = 100 * GB; /* nothing to compare with */
        ASSERT_FALSE(disk_due(&t));
        t.since_usec = t.period_usec;
        ASSERT_TRUE(disk_due(&t));
}

TEST(what_could_not_be_measured_is_owed_and_waits) {
        DiskTurn t = { .own = GB, .limit = 10 * GB, .since_usec = 3600 * USEC_PER_SEC, .period_usec = 6 * 3600 * USEC_PER_SEC, .now_usec = 100 };
        ASSERT_FALSE(disk_due(&t));
        t.soon_usec = 101; /* an owner started it */
        ASSERT_FALSE(disk_due(&t));
        t.now_usec = 101;
        ASSERT_TRUE(disk_due(&t));
        t.pause_usec = 160; /* that failed */
        ASSERT_FALSE(disk_due(&t));
        t.soon_usec = 0, t.since_usec = UINT64_MAX; /* however much it would be due */
        ASSERT_FALSE(disk_due(&t));
        t.since_usec = 0, t.now_usec = 160;
        ASSERT_TRUE(disk_due(&t));
}

TEST(the_culprit_is_who_grew_most_if_that_is_what_was_lost) {
        DiskSuspect s[] = { { 10 * MB, 5, 4 * GB, 0 }, { 3 * GB, 1, 4 * GB, 0 }, { 900 * MB, 9000, 950 * MB, 0 } };
        ASSERT_EQ(disk_culprit(s, 3), 1);
        s[1].fallen = 13 * GB; /* most of it was somebody else: an upload, the log, an administrator */
        ASSERT_EQ(disk_culprit(s, 3), 2);
        ASSERT_EQ(disk_culprit(s, 2), -1);
        s[0].fallen = 12 * MB; /* too little to be called filling */
        ASSERT_EQ(disk_culprit(s, 1), -1);
        ASSERT_EQ(disk_culprit(s, 0), -1);
        DiskSuspect many = { 0, 2000000, 11 * MB, 2000100 }, shrunk = { -5 * GB, -100, -5 * GB, -100 };
        ASSERT_EQ(disk_culprit(&many, 1), 0);
        many.fallen_inodes = 9000000;
        ASSERT_EQ(disk_culprit(&many, 1), -1);
        ASSERT_EQ(disk_culprit(&shrunk, 1), -1);
}

TEST(who_came_back_from_an_archive_took_nothing) {
        DiskSuspect s[] = { { 10 * GB, 50000, 800 * MB, 40 }, { 850 * MB, 3, 900 * MB, 40 } }; /* it came when the other one had begun */
        ASSERT_EQ(disk_culprit(s, 2), 1);
        s[0].fallen = 20 * MB;
        ASSERT_EQ(disk_culprit(s, 1), -1);
        s[0].fallen = -GB; /* and somebody made room */
        ASSERT_EQ(disk_culprit(s, 1), -1);
}

TEST(who_cannot_be_measured_is_named_where_most_of_it_is_nobody_elses) {
        DiskSuspect s[] = { { .fallen = 4 * GB, .unmeasured = true }, { 900 * MB, 5, 4 * GB, 0, false }, {}, {} };
        ASSERT_EQ(disk_culprit(s, 4), 0);
        ASSERT_EQ(disk_unclaimed(s, 4, 0), 4 * GB - 900 * MB);
        s[1].grown = GB; /* a quarter: whoever was measured goes first */
        ASSERT_EQ(disk_culprit(s, 4), 1);
        s[1].grown = 900 * MB;
        s[2] = (DiskSuspect) { 950 * MB, 5, 4 * GB, 0, false };
        ASSERT_EQ(disk_culprit(s, 4), 0); /* 2246 of 4096 MB */
        s[3] = s[1]; /* 1346 */
        ASSERT_EQ(disk_culprit(s, 4), -1);
        s[2] = (DiskSuspect) {};
        ASSERT_EQ(disk_culprit(s, 4), 0);
        s[3] = (DiskSuspect) { .fallen = 4 * GB, .unmeasured = true }; /* it may be the other one */
        ASSERT_EQ(disk_culprit(s, 4), -1);
        DiskSuspect few = { .fallen = 60 * MB, .unmeasured = true };
        ASSERT_EQ(disk_culprit(&few, 1), -1);
}

TEST_MAIN()
