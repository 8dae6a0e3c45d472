#include "base/test.h"
#include "help/help.h"
#include <stdio.h>
#include <sys/stat.h>

static const struct {
        const char *name, *text;
} pages[] = {
        { "en/certificates.md", "# Certificates\n\nThe padlock in the browser.\n\nThey are fetched by a [job](jobs.md), **with** care.\n" },
        { "en/apples.md", "# Apples\n\nNothing about it.\n\n| what | why |\n|---|---|\n| `certificates` | need [care](care.md) |\n" },
        { "en/Bad.md", "# A name that is none\n\ncertificates\n" },
        { "de/certificates.md", "# Zertifikate\n\nDas Schloss im Browser: M\xc3\xbc" "de.\n" },
};

typedef struct Fixture {
        char directory[32];
} Fixture;

static void path_of(const Fixture* f, const char* name, char ret[static 128]) {
        (void) snprintf(ret, 128, "%s/%s", f->directory, name);
}

static void fixture_init(Fixture* f) {
        char path[128];
        strcpy(f->directory, "/tmp/test-help-XXXXXX");
        ASSERT_TRUE(mkdtemp(f->directory));
        path_of(f, "en", path);
        ASSERT_EQ(mkdir(path, 0700), 0);
        path_of(f, "de", path);
        ASSERT_EQ(mkdir(path, 0700), 0);
        for (size_t i = 0; i < ELEMENTS(pages); i++) {
                path_of(f, pages[i].name, path);
                FILE* file = fopen(path, "we");
                ASSERT_TRUE(file);
                ASSERT_TRUE(fputs(pages[i].text, file) >= 0);
                ASSERT_EQ(fclose(file), 0);
        }
}

static void fixture_done(Fixture* f) {
        char path[128];
        for (size_t i = 0; i < ELEMENTS(pages); i++) {
                path_of(f, pages[i].name, path);
                (void) unlink(path);
        }
        path_of(f, "en", path);
        (void) rmdir(path);
        path_of(f, "de", path);
        (void) rmdir(path);
        (void) rmdir(f->directory);
}

static const char* member(const json_t* list, size_t i, const char* key) {
        return strempty(json_get_string(json_array_get(list, i), key));
}

TEST(titles_stand_first_and_excerpts_are_plain) {
        Fixture f;
        fixture_init(&f);
        _cleanup_json_ json_t* hits = help_search(f.directory, "en", "certificates care", NULL);
        ASSERT_EQ(json_array_size(hits), 2u);
        ASSERT_STREQ(member(hits, 0, "page"), "apples");
        ASSERT_STREQ(member(hits, 0, "excerpt"), "certificates \xc2\xb7 need care");
        ASSERT_STREQ(member(hits, 1, "excerpt"), "They are fetched by a job, with care.");
        _cleanup_json_ json_t* by_title = help_search(f.directory, "en", "CERTIF", NULL);
        ASSERT_STREQ(member(by_title, 0, "page"), "certificates");
        ASSERT_STREQ(member(by_title, 0, "excerpt"), "The padlock in the browser.");
        fixture_done(&f);
}

TEST(all_pages_without_words_and_names_are_never_paths) {
        Fixture f;
        fixture_init(&f);
        _cleanup_json_ json_t* all = help_search(f.directory, "de-AT", "", NULL);
        ASSERT_EQ(json_array_size(all), 1u);
        ASSERT_STREQ(member(all, 0, "title"), "Zertifikate");
        _cleanup_json_ json_t* english = help_page(f.directory, "de", "apples", NULL);
        ASSERT_STREQ(json_get_string(english, "language"), "en");
        ASSERT_TRUE(!help_page(f.directory, "en", "../en/apples", NULL));
        ASSERT_TRUE(!help_page(f.directory, "en", "Bad", NULL));
        fixture_done(&f);
}

TEST_MAIN()
