#include "base/test.h"
#include "run/words.h"
#include <stdio.h>
#include <syslog.h>

typedef struct Said {
        char text[65536];
        size_t used, lines;
        int last_priority;
} Said;

static void say(const char* line, size_t size, int priority, void* userdata) {
        Said* s = userdata;
        s->used += (size_t) snprintf(s->text + s->used, sizeof(s->text) - s->used, "%.*s|", (int) MIN(size, (size_t) 60), line);
        s->lines++;
        s->last_priority = priority;
}

static void add(Words* w, Said* s, const char* text, uint64_t now) {
        words_add(w, text, strlen(text), now, say, s);
}

TEST(lines_are_put_together) {
        WordsBudget budget = {};
        Words w = { .budget = &budget };
        Said s = {};
        add(&w, &s, "one\ntw", 20 * USEC_PER_SEC);
        add(&w, &s, "o", 20 * USEC_PER_SEC);
        assert(streq(s.text, "one|") && w.rest);
        add(&w, &s, " \t\r\n\n \nthree", 20 * USEC_PER_SEC);
        assert(streq(s.text, "one|two|") && s.last_priority == LOG_INFO);
        words_end(&w, 20 * USEC_PER_SEC, say, &s);
        assert(streq(s.text, "one|two|three|") && !w.rest);
        words_end(&w, 20 * USEC_PER_SEC, say, &s);
        assert(s.lines == 3);
}

TEST(priorities_before_a_line) {
        WordsBudget budget = {};
        Words w = { .budget = &budget };
        Said s = {};
        add(&w, &s, "<3>bad\n", 20 * USEC_PER_SEC);
        assert(streq(s.text, "bad|") && s.last_priority == LOG_ERR);
        add(&w, &s, "<9>odd\n<3>\n<3\n", 20 * USEC_PER_SEC);
        assert(streq(s.text, "bad|<9>odd|<3|") && s.last_priority == LOG_INFO);
        add(&w, &s, "<7>quiet\n", 20 * USEC_PER_SEC);
        assert(s.last_priority == LOG_DEBUG);
        add(&w, &s, "<2>worse\n", 20 * USEC_PER_SEC);
        assert(s.last_priority == LOG_CRIT);
        for (const char* p = "01"; *p; p++) { /* no app speaks to who is at work on the machine */
                char line[] = "<?>to all\n";
                line[1] = *p;
                s.last_priority = -1;
                add(&w, &s, line, 20 * USEC_PER_SEC);
                assert(s.last_priority == LOG_CRIT);
        }
}

TEST(long_lines_become_several) {
        static char text[3 * WORDS_LINE_MAX + 2];
        memset(text, 'x', sizeof(text) - 2);
        text[sizeof(text) - 2] = '\n';
        for (size_t step = 1000; step < sizeof(text); step += 3333) {
                WordsBudget budget = {};
                Words w = { .budget = &budget };
                Said s = {};
                for (size_t at = 0; at < sizeof(text) - 1; at += step)
                        words_add(&w, text + at, MIN(step, sizeof(text) - 1 - at), 20 * USEC_PER_SEC, say, &s);
                assert(w.bytes == 3 * WORDS_LINE_MAX && s.lines >= 3 && !w.rest && w.left_out == 0);
        }
}

TEST(too_many_are_counted_and_told_of) {
        WordsBudget budget = {};
        Words w = { .budget = &budget };
        static Said s;
        for (size_t i = 0; i < WORDS_WINDOW_LINES + 5; i++)
                add(&w, &s, "y\n", 20 * USEC_PER_SEC);
        assert(s.lines == WORDS_WINDOW_LINES && w.left_out == 5);
        s.used = 0;
        add(&w, &s, "z\n", 31 * USEC_PER_SEC);
        assert(streq(s.text, "5 more lines were too many in 10 s, and are not kept.|z|"));
        for (size_t i = 0; i < WORDS_WINDOW_LINES; i++)
                add(&w, &s, "y\n", 31 * USEC_PER_SEC);
        s.used = 0;
        words_end(&w, 32 * USEC_PER_SEC, say, &s);
        assert(streq(s.text, "1 more lines were too many in 10 s, and are not kept.|"));
}

TEST(nor_too_many_bytes) {
        WordsBudget budget = {};
        Words w = { .budget = &budget };
        static Said s;
        static char line[WORDS_LINE_MAX + 1];
        memset(line, 'x', WORDS_LINE_MAX);
        line[WORDS_LINE_MAX] = '\n';
        for (size_t i = 0; i < 200; i++)
                words_add(&w, line, sizeof(line), 20 * USEC_PER_SEC, say, &s);
        assert(w.bytes == WORDS_WINDOW_BYTES && s.lines == 128 && w.left_out == 72);
}

/* A thousand lines of 1 KiB in every window, as 1 GB a minute becomes: after ten minutes only what comes back is said. */
TEST(who_never_stops_has_a_part_of_the_journal) {
        WordsBudget budget = {};
        Words w = { .budget = &budget };
        static Said s;
        static char line[1025];
        uint64_t now = 20 * USEC_PER_SEC;
        memset(line, 'x', 1024);
        line[1024] = '\n';
        for (unsigned windows = 0; windows < 100; windows++, now += WORDS_WINDOW_USEC)
                for (size_t i = 0; i < 1500; i++) {
                        s.used = 0;
                        words_add(&w, line, sizeof(line), now, say, &s);
                }
        assert(budget.spent <= WORDS_STORE_BYTES);
        size_t before = s.lines, day = 24 * 360;
        for (size_t windows = 0; windows < day; windows++, now += WORDS_WINDOW_USEC)
                for (size_t i = 0; i < 40; i++) {
                        s.used = 0;
                        words_add(&w, line, sizeof(line), now, say, &s);
                }
        size_t said = (s.lines - before) * (1024 + WORDS_LINE_COST);
        assert(said <= 420u * 1024 * 1024 && said >= 250u * 1024 * 1024);
        s.used = 0;
        add(&w, &s, "again\n", now + 7 * 3600 * USEC_PER_SEC); /* and who was quiet for long has all of it again */
        assert(budget.spent < 1024 * 1024 && strstr(s.text, "again|"));
}

/* Started anew every time it has said what it may, as one that crashes: together its pipes say no more than one would. */
TEST(who_begins_anew_goes_on_with_what_is_left) {
        WordsBudget budget = {};
        static Said s;
        static char line[1025];
        uint64_t now = 20 * USEC_PER_SEC, first = now;
        memset(line, 'x', 1024);
        line[1024] = '\n';
        for (unsigned starts = 0; starts < 1000; starts++, now += USEC_PER_SEC) {
                Words w = { .budget = &budget };
                for (size_t i = 0; i < WORDS_WINDOW_LINES; i++) {
                        s.used = 0;
                        words_add(&w, line, sizeof(line), now, say, &s);
                }
                words_end(&w, now, say, &s);
        }
        size_t back = (size_t) ((now - first) / WORDS_WINDOW_USEC + 1) * WORDS_STORE_WINDOW;
        /* What was left out is told of at each end, and that costs nothing. */
        assert((s.lines - 1000) * (1024 + WORDS_LINE_COST) <= WORDS_STORE_BYTES + back);
        assert(s.lines > WORDS_STORE_BYTES / (1024 + WORDS_LINE_COST));
        WordsBudget other = {};
        Words w = { .budget = &other };
        s.used = 0;
        add(&w, &s, "another\n", now);
        assert(streq(s.text, "another|"));
}

TEST_MAIN()
