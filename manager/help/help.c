#include "help/help.h"
#include "base/file.h"
#include "base/validate.h"
#include "config.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#define PAGE_MAX (256 * 1024)
#define PAGES_MAX 200
#define EXCERPT_BYTES 160

const char* data_path(const char* name) {
        static char path[4096];
        const char* directory = secure_getenv("STEADBOX_DATADIR");
        (void) snprintf(path, sizeof(path), "%s/%s", isempty(directory) ? STEADBOX_DATADIR : directory, name);
        return path;
}

const char* help_directory(void) {
        return data_path("docs");
}

/* Names of pages: [a-z0-9-], so that a name is never a path. */
static bool page_valid(const char* s) {
        size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");
        return n > 0 && n <= 64 && s[n] == 0;
}

static int folder_open(const char* directory, const char* language) {
        char path[4096];
        const char* folder = language && startswith(language, "de") ? "de" : "en";
        (void) snprintf(path, sizeof(path), "%s/%s", directory, folder);
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

static char* title_of(const char* text, const char* page) {
        const char* title = startswith(text, "# ");
        return title ? strndup(title, strcspn(title, "\n")) : strdup(page);
}

/* All words of q, ignoring case; *ret_hit is where the last was found. */
static bool has_words(const char* text, const char* q, const char** ret_hit) {
        char word[64];
        *ret_hit = text;
        while (*(q += strspn(q, " \t"))) {
                size_t n = strcspn(q, " \t");
                (void) snprintf(word, sizeof(word), "%.*s", (int) MIN(n, sizeof(word) - 1), q);
                const char* hit = strcasestr(text, word);
                if (!hit)
                        return false;
                *ret_hit = hit;
                q += n;
        }
        return true;
}

static bool ends_in_dot(const char* text, const char* end) {
        return end - text >= 2 && memcmp(end - 2, "\xc2\xb7", 2) == 0;
}

/* Without the marks of Markdown that a reader of plain text would stumble over. Cells of a table are parted by dots. */
static char* plain_of(const char* line, size_t n) {
        const char *p = line, *end = line + n;
        char* text = malloc(n * 2 + 1);
        char* to = text;
        if (!text)
                return NULL;
        p += strspn(p, " -*>#|");
        size_t digits = strspn(p, "0123456789");
        if (digits > 0 && p[digits] == '.' && p[digits + 1] == ' ') /* a numbered step */
                p += digits + 2;
        for (; p < end; p++) {
                if (*p == '*' || *p == '`' || *p == '[')
                        continue;
                if (*p == ']' && p[1] == '(' && memchr(p, ')', (size_t) (end - p)))
                        p = memchr(p, ')', (size_t) (end - p));
                else if (*p == '|')
                        to = stpcpy(to, "\xc2\xb7");
                else
                        *to++ = *p;
        }
        *to = 0;
        while (to > text && (to[-1] == ' ' || ends_in_dot(text, to)))
                *(to -= to[-1] == ' ' ? 1 : 2) = 0;
        return text;
}

static char* excerpt_at(const char* text, const char* hit) {
        const char* line = hit;
        while (line > text && line[-1] != '\n')
                line--;
        if (line == text || *line == '#' || *line == '\n') { /* a heading says nothing new: take the paragraph behind it */
                line += strcspn(line, "\n");
                line += strspn(line, "\n");
        }
        char* excerpt = plain_of(line, strcspn(line, "\n"));
        if (excerpt && strlen(excerpt) > EXCERPT_BYTES)
                excerpt[EXCERPT_BYTES] = 0;
        while (excerpt && *excerpt && !utf8_valid(excerpt, strlen(excerpt))) /* do not cut inside a character */
                excerpt[strlen(excerpt) - 1] = 0;
        return excerpt;
}

static int page_read(int folder, const char* page, char** ret) {
        char name[80];
        (void) snprintf(name, sizeof(name), "%.64s.md", page);
        return file_read(folder, name, PAGE_MAX, ret, NULL);
}

/* Pages whose very title has the words stand first. */
static void add_if_hit(int folder, const char* page, const char* q, json_t* titles, json_t* texts) {
        _cleanup_free_ char* text = NULL;
        const char *hit, *in_title;
        if (page_read(folder, page, &text) < 0 || !has_words(text, strempty(q), &hit))
                return;
        _cleanup_free_ char* title = title_of(text, page);
        bool first = title && has_words(title, strempty(q), &in_title);
        _cleanup_free_ char* excerpt = excerpt_at(text, first ? text : hit);
        (void) json_array_append_new(first ? titles : texts, json_pack("{s:s,s:s,s:s}", "page", page, "title", strempty(title), "excerpt", strempty(excerpt)));
}

json_t* help_search(const char* directory, const char* language, const char* q, Error* reterr) {
        json_t* hits = json_array();
        _cleanup_json_ json_t* others = json_array();
        _cleanup_close_ int folder = folder_open(directory, language);
        struct dirent** entries = NULL;
        int n = folder < 0 ? 0 : scandirat(folder, ".", &entries, NULL, alphasort);
        for (int i = 0; i < n; i++) {
                char* dot = strrchr(entries[i]->d_name, '.');
                if (dot && streq(dot, ".md") && json_array_size(hits) + json_array_size(others) < PAGES_MAX) {
                        *dot = 0;
                        if (page_valid(entries[i]->d_name))
                                add_if_hit(folder, entries[i]->d_name, q, hits, others);
                }
                free(entries[i]);
        }
        free(entries);
        (void) json_array_extend(hits, others);
        return hits;
}

json_t* help_page(const char* directory, const char* language, const char* page, Error* reterr) {
        const char* languages[] = { language ?: "en", "en" };
        for (size_t i = 0; page_valid(page) && i < ELEMENTS(languages); i++) {
                _cleanup_close_ int folder = folder_open(directory, languages[i]);
                _cleanup_free_ char* text = NULL;
                if (folder < 0 || page_read(folder, page, &text) < 0)
                        continue;
                _cleanup_free_ char* title = title_of(text, page);
                json_t* j = json_pack("{s:s,s:s,s:s,s:s}", "page", page, "title", strempty(title), "language",
                                      startswith(languages[i], "de") ? "de" : "en", "text", text);
                if (!j) /* a page that is not UTF-8 */
                        break;
                return j;
        }
        (void) error_set(reterr, ERROR_NOT_FOUND, "There is no help page of this name.");
        return NULL;
}
