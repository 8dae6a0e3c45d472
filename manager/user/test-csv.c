#include "base/test.h"
#include "user/csv.h"

typedef struct Case {
        const char* text;
        size_t size; /* 0 = up to NUL */
        const char* expected; /* fields with |, records with /, then the outcome where it is not the end */
} Case;

static void describe(const Case* c, char* ret, size_t room) {
        CsvReader r;
        CsvResult result;
        FILE* f = fmemopen(ret, room, "w");
        csv_reader_init(&r, c->text, c->size ?: strlen(c->text));
        while ((result = csv_read(&r)) == CSV_RECORD) {
                for (size_t i = 0; i < r.n_fields; i++)
                        fprintf(f, "%s%s", i ? "|" : "", r.fields[i]);
                (void) fputc('/', f);
        }
        if (result != CSV_END)
                fprintf(f, "!%d", result);
        (void) fputc(0, f);
        (void) fclose(f);
        csv_reader_done(&r);
}

TEST(reading) {
        static const Case cases[] = {
                { "", 0, "" },
                { "a,b\n1,2\n", 0, "a|b/1|2/" },
                { "a,b\r\n1,2", 0, "a|b/1|2/" },
                { "\xef\xbb\xbf" "a,b\n1,\n", 0, "a|b/1|/" },
                { "a;b;c\n1;2,5;3\n", 0, "a|b|c/1|2,5|3/" },
                { "\n\na\n\r\n\nb\n\n", 0, "a/b/" },
                { "\"a,\"\"b\"\"\n\",c\n", 0, "a,\"b\"\n|c/" },
                { "\"\",\"\"\n", 0, "|/" },
                { ",\n", 0, "|/" },
                { "a\rb\n", 0, "a\rb/" },
                { "\"a\"b\n", 0, "!2" },
                { "a\"b\n", 0, "!2" },
                { "x\n\"a", 0, "x/!3" },
                { "x\n\"a\"\"", 0, "x/!3" },
                { "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n", 0, "!4" },
                { "a\0b\n", 4, "!6" },
                { "\"a\0b\"\n", 6, "!6" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                char text[512];
                describe(&cases[i], text, sizeof(text));
                ASSERT_STREQ(text, cases[i].expected);
        }
}

TEST(long_field) {
        char text[CSV_FIELD_BYTES_MAX + 10];
        CsvReader r;
        memset(text, 'x', sizeof(text));
        csv_reader_init(&r, text, CSV_FIELD_BYTES_MAX);
        ASSERT_EQ(csv_read(&r), CSV_RECORD);
        ASSERT_EQ(strlen(r.fields[0]), CSV_FIELD_BYTES_MAX);
        csv_reader_done(&r);
        csv_reader_init(&r, text, CSV_FIELD_BYTES_MAX + 1);
        ASSERT_EQ(csv_read(&r), CSV_TOO_LONG);
        csv_reader_done(&r);
}

TEST(lines) {
        CsvReader r;
        csv_reader_init(&r, "a\n\n\"b\nb\"\nc\n", 11);
        ASSERT_EQ(csv_read(&r), CSV_RECORD);
        ASSERT_EQ(r.line, 1);
        ASSERT_EQ(csv_read(&r), CSV_RECORD);
        ASSERT_EQ(r.line, 3);
        ASSERT_EQ(csv_read(&r), CSV_RECORD);
        ASSERT_EQ(r.line, 5);
        ASSERT_EQ(csv_read(&r), CSV_END);
        csv_reader_done(&r);
}

/* What is written is read back, and no spreadsheet takes it for a formula. */
TEST(round_trip) {
        static const char* const texts[] = {
                "", "plain", "a,b", "a\"b", "a\nb", " lead", "=1+1", "+49 30", "-x", "@sum", "'=x", "''=x", "'plain", "''", "\tx", "x;y", "Müller, Jürgen",
        };
        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                char buffer[128] = {};
                CsvReader r;
                FILE* f = fmemopen(buffer, sizeof(buffer) - 1, "w");
                (void) fputs("h,", f);
                csv_write(f, texts[i]);
                (void) fputs("\r\n", f);
                (void) fclose(f);
                csv_reader_init(&r, buffer, strlen(buffer));
                ASSERT_EQ(csv_read(&r), CSV_RECORD);
                ASSERT_EQ(r.n_fields, 2);
                ASSERT_STREQ(csv_plain(r.fields[1]), texts[i]);
                ASSERT_TRUE(!*r.fields[1] || !strchr("=+-@\t\r", *r.fields[1]));
                csv_reader_done(&r);
        }
}

TEST_MAIN()
