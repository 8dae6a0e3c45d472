#include "base/test.h"
#include "app/version.h"

static json_t* offer(const char* version, const char* from) {
        return json_pack("{s:s, s:s?}", "version", version, "upgradable_from", from);
}

static json_t* offers(void) {
        json_t* list = json_array();
        (void) json_array_append_new(list, offer("3.1", "3.0"));
        (void) json_array_append_new(list, offer("3.0", "2.0"));
        (void) json_array_append_new(list, offer("2.1", "1.0"));
        (void) json_array_append_new(list, offer("2.0", "1.5"));
        (void) json_array_append_new(list, offer("1.0", NULL));
        return list;
}

static void way(const char* from, const char* to, const char* expected) {
        _cleanup_json_ json_t *list = offers(), *got = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        char text[256] = "";
        size_t i;
        json_t* v;
        int r = version_way("Notes", from, to, list, &got, &e);
        json_array_foreach(got, i, v)
                (void) snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "", json_string_value(v));
        if (r < 0)
                (void) snprintf(text, sizeof(text), "%s", e.message);
        ASSERT_STREQ(text, expected);
}

TEST(ways) {
        way("1.0", NULL, "2.1 3.0 3.1");
        way("2.0", NULL, "3.0 3.1");
        way("3.0", NULL, "3.1");
        way("3.1", NULL, "Notes 3.1 is the newest version there is.");
        way("1.0", "2.1", "2.1");
        way("1.0", "3.0", "2.1 3.0");
        way("1.0", "2.0", "No way leads from Notes 1.0 to 2.0: it cannot take over data that old, and no version between them can.");
        way("2.1", "2.0", "Version 2.0 is older than 2.1: an update does not go back.");
        way("2.1", "2.1", "Notes is at version 2.1 already.");
        way("2.1", "9", "The catalogue has no version 9 of Notes.");
}

/* Nothing that people wrote is ever taken back without being asked. */
TEST(what_goes_back) {
        for (unsigned i = 0; i < 8; i++) {
                bool touched = i & 1, admitted = i & 2, bears = i & 4;
                VersionReturn r = version_return(touched, admitted, bears);
                ASSERT_EQ(r == VERSION_RETURN_NOTHING, !touched);
                ASSERT_FALSE(r == VERSION_RETURN_ALL && admitted);
                ASSERT_EQ(r == VERSION_RETURN_CODE, touched && admitted && bears);
                ASSERT_EQ(r == VERSION_RETURN_ASK, touched && admitted && !bears);
        }
}

TEST(a_clock_that_is_set_back_has_nothing_watched_for_years) {
        ASSERT_EQ(version_soak_until(1600, 1000, 600), 1600);
        ASSERT_EQ(version_soak_until(1600, 1500, 600), 1600);
        ASSERT_EQ(version_soak_until(1600, 1700, 600), 1600);
        ASSERT_EQ(version_soak_until(70000000, 1000, 600), 1600);
        ASSERT_EQ(version_soak_until(70000000, 1000, 0), 1000);
}

TEST(the_end_of_care_is_told_ahead) {
        const int64_t day = 86400, end = 1814313600; /* 2027-06-30 00:00:00 UTC */
        ASSERT_EQ(version_care("2027-06-30", end - 91 * day), VERSION_CARED_FOR);
        ASSERT_EQ(version_care("2027-06-30", end - 90 * day - 1), VERSION_CARED_FOR);
        ASSERT_EQ(version_care("2027-06-30", end - 90 * day), VERSION_CARE_ENDS);
        ASSERT_EQ(version_care("2027-06-30", end + day - 1), VERSION_CARE_ENDS); /* the last day itself */
        ASSERT_EQ(version_care("2027-06-30", end + day), VERSION_CARE_ENDED);
        ASSERT_EQ(version_care("2028-02-29", end), VERSION_CARED_FOR);
        static const char* const none[] = { NULL, "", "soon", "2027-06", "2027-06-30x" };
        for (size_t i = 0; i < ELEMENTS(none); i++)
                ASSERT_EQ(version_care(none[i], end + 1000 * day), VERSION_CARED_FOR);
}

TEST(windows) {
        unsigned from, to;
        ASSERT_OK(window_parse("02:00-05:00", &from, &to));
        ASSERT_TRUE(from == 120 && to == 300);
        ASSERT_TRUE(window_has(from, to, 120) && window_has(from, to, 299) && !window_has(from, to, 300) && !window_has(from, to, 0));
        ASSERT_OK(window_parse("23:30-01:15", &from, &to));
        ASSERT_TRUE(window_has(from, to, 1439) && window_has(from, to, 0) && !window_has(from, to, 75) && !window_has(from, to, 720));
        for (uint32_t i = 0; i < 5000; i += 7)
                ASSERT_TRUE(window_has(from, to, window_minute(from, to, i)));
        ASSERT_TRUE(window_has(600, 600, 5));
        static const char* const bad[] = { "", "2:00-5:00", "24:00-05:00", "02:60-05:00", "02:00-05:0", "02:00 05:00", "02:00-05:001", "aa:00-05:00", "-2:00-05:00" };
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                ASSERT_ERROR(window_parse(bad[i], &from, &to), EINVAL);
}

TEST_MAIN()
