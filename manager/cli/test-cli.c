#include "base/test.h"
#include "cli/arguments.h"
#include "cli/help.h"
#include "cli/humane.h"
#include "cli/news.h"
#include "cli/output.h"
#include "cli/print.h"
#include "cli/request.h"
#include "cli/table.h"
#include <locale.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static int parse(const char* operation, const char* const* words, Arguments* ret, Error* reterr) {
        int n = 0;
        while (words[n])
                n++;
        return arguments_parse(operation_find(operation), n, (char**) words, ret, reterr);
}
#define WORDS(...) ((const char* const[]) { __VA_ARGS__, NULL })

static void assert_fields(const Arguments* a, const char* expected) {
        _cleanup_free_ char* text = json_text(a->fields, /* canonical= */ true);
        ASSERT_STREQ(text, expected);
}

TEST(fields_are_decoded_by_type) {
        const struct {
                const char *operation, *expected;
                const char* const* words;
        } cases[] = {
                { "user.add", "{\"display_name\":\"Ada L\",\"groups\":[\"a\",\"b\",\"c\"],\"username\":\"ada\"}",
                  WORDS("ada", "--display-name", "Ada L", "--groups", "a,b", "--groups=c") },
                { "user.update", "{\"email\":\"\",\"groups\":[],\"user\":\"ada\"}", WORDS("--email", "", "--groups", "", "ada") },
                { "user.list", "{\"limit\":7,\"role\":\"owner\"}", WORDS("--limit=7", "--role", "owner", "--json") },
                { "account.consent-set", "{\"given\":false,\"kind\":\"privacy-notice\"}", WORDS("privacy-notice", "no") },
                { "user.import", "{\"csv\":\"a\",\"dry_run\":true}", WORDS("--csv", "a", "--dry-run") },
                { "user.import", "{\"dry_run\":false}", WORDS("--no-dry-run") },
                { "log.list", "{\"from\":1795219200,\"to\":1795246440}", WORDS("--from", "2026-11-21", "--to", "2026-11-21T07:34") },
                { "log.list", "{\"from\":5}", WORDS("--from", "5") },
                { "search.find", "{\"q\":\"--json\"}", WORDS("--", "--json") },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_arguments_ Arguments a = {};
                _cleanup_error_ Error e = ERROR_NULL;
                if (parse(cases[i].operation, cases[i].words, &a, &e) < 0)
                        TEST_FAIL("case %zu: %s", i, e.message);
                assert_fields(&a, cases[i].expected);
        }
}

TEST(wrong_arguments_are_refused) {
        const struct {
                const char* operation;
                ErrorName name;
                const char* const* words;
        } cases[] = {
                { "user.add", ERROR_BAD_REQUEST, WORDS("ada", "grace") },
                { "user.add", ERROR_BAD_REQUEST, WORDS("ada", "--email", "a@b.example", "--email", "c@d.example") },
                { "user.add", ERROR_BAD_REQUEST, WORDS("ada", "--email") },
                { "user.add", ERROR_UNKNOWN_FIELD, WORDS("ada", "--shoe-size", "40") },
                { "user.add", ERROR_UNKNOWN_FIELD, WORDS("ada", "--display_name", "x") },
                { "user.add", ERROR_UNKNOWN_FIELD, WORDS("ada", "--wait") }, /* starts no job */
                { "user.add", ERROR_UNKNOWN_FIELD, WORDS("ada", "--email-stdin") }, /* no secret */
                { "user.add", ERROR_BAD_REQUEST, WORDS("ada", "--password", "hunter22") },
                { "user.add", ERROR_BAD_REQUEST, WORDS("ada", "--password=hunter22") },
                { "user.add", ERROR_BAD_REQUEST, WORDS("ada", "--password-stdin", "--password-stdin") },
                { "user.add", ERROR_BAD_FIELD, WORDS("ada", "--role", "king") },
                { "user.add", ERROR_BAD_FIELD, WORDS("\xff") },
                { "user.list", ERROR_BAD_FIELD, WORDS("--limit", "many") },
                { "user.list", ERROR_BAD_FIELD, WORDS("--limit", "99999999999999999999") },
                { "user.list", ERROR_BAD_FIELD, WORDS("--limit=") },
                { "log.list", ERROR_BAD_FIELD, WORDS("--from", "2026-13-41") },
                { "user.list", ERROR_BAD_FIELD, WORDS("--limit", "2026-11-21") },
                { "account.consent-set", ERROR_BAD_FIELD, WORDS("privacy-notice", "perhaps") },
                { "role.list", ERROR_UNKNOWN_FIELD, WORDS("--all") }, /* comes in one piece */
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_arguments_ Arguments a = {};
                _cleanup_error_ Error e = ERROR_NULL;
                if (parse(cases[i].operation, cases[i].words, &a, &e) >= 0 || e.name != cases[i].name)
                        TEST_FAIL("case %zu: %s", i, e.message ?: "accepted");
                ASSERT_TRUE(!strstr(e.message, "hunter22"));
        }
}

TEST(wishes_secrets_and_files) {
        _cleanup_arguments_ Arguments a = {}, b = {}, c = {}, d = {};
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_OK(parse("user.delete", WORDS("ada", "--yes", "--wait", "--json"), &a, &e));
        ASSERT_TRUE(a.yes && a.wait && a.json && !a.help && !a.all);
        ASSERT_OK(parse("account.password", WORDS("--password-stdin"), &b, &e));
        ASSERT_EQ(b.n_secrets, 1);
        ASSERT_STREQ(arguments_missing(&b)->name, "current");
        ASSERT_OK(parse("user.import", WORDS("people.csv"), &c, &e));
        ASSERT_STREQ(c.file_path, "people.csv");
        ASSERT_TRUE(!arguments_missing(&c));
        ASSERT_OK(parse("support.bundle", WORDS("--note-file", "-"), &d, &e));
        ASSERT_STREQ(d.file_field->name, "note");
}

TEST(output_goes_where_bytes_come_from) {
        _cleanup_arguments_ Arguments a = {}, b = {}, c = {}, d = {}, both = {}, tar = {};
        _cleanup_error_ Error e = ERROR_NULL, e2 = ERROR_NULL, e3 = ERROR_NULL, e4 = ERROR_NULL;
        ASSERT_OK(parse("app.export", WORDS("notes", "--output", "n.tar", "--force", "--secrets"), &a, &e));
        ASSERT_STREQ(a.output, "n.tar");
        ASSERT_TRUE(a.force && json_get_boolean(a.fields, "secrets", false));
        ASSERT_OK(parse("app.export-read", WORDS("abc", "--output=n.tar"), &b, &e));
        ASSERT_STREQ(b.output, "n.tar");
        ASSERT_TRUE(parse("app.export", WORDS("notes", "--output"), &c, &e) < 0);
        ASSERT_TRUE(parse("app.list", WORDS("--output", "x"), &d, &e2) < 0);
        ASSERT_TRUE(parse("app.export", WORDS("notes", "--json", "--output", "n.tar"), &both, &e3) < 0);
        ASSERT_TRUE(parse("app.directory-read", WORDS("notes", "files", "--json"), &tar, &e4) < 0);
}

/* A box that answers one question, with these events. */
static pid_t serve(const char* path, const char* events) {
        union {
                struct sockaddr_un un;
                struct sockaddr any;
        } address = { .un.sun_family = AF_UNIX };
        char asked[8192] = "";
        size_t n = 0;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        (void) snprintf(address.un.sun_path, sizeof(address.un.sun_path), "%s", path);
        ASSERT_TRUE(bind(fd, &address.any, sizeof(address.un)) == 0 && listen(fd, 1) == 0);
        pid_t pid = fork();
        ASSERT_TRUE(pid >= 0);
        if (pid > 0) {
                (void) close(fd);
                return pid;
        }
        int to = accept(fd, NULL, NULL);
        for (ssize_t k; !strstr(asked, "\r\n\r\n") && n < sizeof(asked) - 1 && (k = read(to, asked + n, sizeof(asked) - 1 - n)) > 0;)
                n += (size_t) k;
        (void) dprintf(to, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n%s", events);
        _exit(0);
}

TEST(an_archive_with_a_hole_is_none) {
        const struct {
                const char* events;
                ErrorName name; /* _ERROR_INVALID = it is whole */
        } cases[] = {
                { "event: output\ndata: {\"base64\":\"YWJj\"}\n\nevent: end\ndata: {\"bytes\":3,\"skipped\":0}\n\n", _ERROR_INVALID },
                { "event: output\ndata: {\"base64\":\"Y?Jj\"}\n\nevent: end\ndata: {\"bytes\":0,\"skipped\":0}\n\n", ERROR_INTERNAL },
                { "event: output\ndata: {}\n\nevent: end\ndata: {\"bytes\":0,\"skipped\":0}\n\n", ERROR_INTERNAL },
                { "event: output\ndata: {\"base64\":\"YWJj\"}\n\nevent: end\ndata: {\"bytes\":6,\"skipped\":0}\n\n", ERROR_INTERNAL },
                { "event: output\ndata: {\"base64\":\"YWJj\"}\n\nevent: failed\ndata: {\"name\":\"busy\",\"message\":\"No.\"}\n\n", ERROR_BUSY },
                { "event: output\ndata: {\"base64\":\"YWJj\"}\n\n", ERROR_UNREACHABLE },
        };
        char directory[] = "/tmp/test-cli-XXXXXX", box[64], file[64], came[8];
        ASSERT_TRUE(mkdtemp(directory) != NULL);
        (void) snprintf(box, sizeof(box), "%s/box", directory);
        (void) snprintf(file, sizeof(file), "%s/tar", directory);
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_(client_freep) Client* c = NULL;
                _cleanup_arguments_ Arguments a = {};
                _cleanup_error_ Error e = ERROR_NULL;
                pid_t pid = serve(box, cases[i].events);
                ASSERT_OK(parse("app.directory-read", WORDS("notes", "files", "--output", file), &a, &e));
                ASSERT_OK(client_new(box, &c, &e));
                int r = output_command(c, &a, &e);
                if (r < 0 ? !error_has_name(&e, cases[i].name) : cases[i].name != _ERROR_INVALID)
                        TEST_FAIL("case %zu: %d %s", i, r, strempty(e.message));
                FILE* f = fopen(file, "re");
                ASSERT_EQ(f != NULL, r >= 0);
                if (f)
                        ASSERT_TRUE(fread(came, 1, sizeof(came), f) == 3 && memcmp(came, "abc", 3) == 0 && fclose(f) == 0 && unlink(file) == 0);
                ASSERT_EQ(waitpid(pid, NULL, 0), pid);
                ASSERT_EQ(unlink(box), 0);
        }
        ASSERT_EQ(rmdir(directory), 0); /* no part is left either */
}

/* Whatever the table gains, its options must stay tellable apart. */
TEST(no_field_hides_an_option) {
        static const char* const taken[] = { "all", "force", "help", "json", "no-wait", "output", "wait", "yes" };
        for (size_t i = 0; i < _OP_MAX; i++) {
                const Operation* o = &operation_table[i];
                size_t n_secrets = 0;
                for (size_t k = 0; k < o->n_fields; k++) {
                        char name[OPTION_NAME_MAX];
                        option_name(o->fields[k].name, name);
                        for (size_t m = 0; m < ELEMENTS(taken); m++)
                                ASSERT_FALSE(streq(name, taken[m]));
                        n_secrets += !!(o->fields[k].flags & FIELD_SECRET);
                }
                ASSERT_TRUE(n_secrets <= ARGUMENTS_SECRETS_MAX);
        }
        ASSERT_TRUE(!operation_find("job.watch")); /* the CLI's own */
}

TEST(requests) {
        const struct {
                const char *operation, *fields, *path, *body;
        } cases[] = {
                { "user.show", "{\"user\":\"a/b c\"}", "/users/a%2Fb%20c", NULL },
                { "user.list", "{\"limit\":5,\"q\":\"a&b\"}", "/users?limit=5&q=a%26b", NULL },
                { "group.leave", "{\"group\":\"g\",\"user\":\"u\"}", "/groups/g/members/u", NULL },
                { "group.update", "{\"group\":\"g\",\"name\":\"h\"}", "/groups/g", "{\"name\":\"h\"}" },
                { "user.activate", "{\"user\":\"u\"}", "/users/u/activate", "{}" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ json_t *fields = json_loads(cases[i].fields, 0, NULL), *body = NULL;
                _cleanup_free_ char *path = NULL, *text = NULL;
                ASSERT_OK(request_make(operation_find(cases[i].operation), fields, &path, &body, NULL));
                ASSERT_STREQ(path, cases[i].path);
                text = body ? json_text(body, true) : NULL;
                ASSERT_STREQ(text, cases[i].body);
        }
}

static char* print_table(size_t n_columns, const char* const* cells, size_t width) {
        _cleanup_(table_freep) Table* t = NULL;
        char* text = NULL;
        size_t size;
        ASSERT_OK(table_new(n_columns, &t));
        for (; *cells; cells++)
                ASSERT_OK(table_add(t, *cells));
        FILE* f = open_memstream(&text, &size);
        ASSERT_TRUE(f != NULL);
        ASSERT_OK(table_print(t, f, width));
        ASSERT_TRUE(fclose(f) == 0);
        return text;
}

TEST(tables_fit_the_terminal) {
        const char* const* cells = WORDS("Name", "Note", "Blank", "ada", "A countess who wrote of engines", "-", "grüße", "x\x1b[2J", "");
        _cleanup_free_ char* wide = print_table(3, cells, 0);
        ASSERT_STREQ(wide, "Name   Note                             Blank\n"
                           "ada    A countess who wrote of engines  -\n"
                           "grüße  x?[2J                            \n");
        for (size_t width = 12; width < 60; width++) {
                _cleanup_free_ char* text = print_table(3, cells, width);
                char* rest = text;
                for (char* line; (line = strsep(&rest, "\n"));)
                        if (text_width(line) > width)
                                TEST_FAIL("at %zu columns: '%s'", width, line);
        }
        _cleanup_free_ char* narrow = print_table(3, cells, 24);
        ASSERT_STREQ(narrow, "Name   Note\nada    A countess who w…\ngrüße  x?[2J\n");
}

TEST(what_says_least_gives_way_first) {
        const char* const* cells = WORDS("Id", "Key", "Facts", "Sentence", "clock.wrong", "clock.wrong", "{\"a\":1}", "The clock is not right.");
        _cleanup_(table_freep) Table* t = NULL;
        _cleanup_free_ char* text = NULL;
        size_t size;
        ASSERT_OK(table_new(4, &t));
        table_spare(t, 2);
        for (; *cells; cells++)
                ASSERT_OK(table_add(t, *cells));
        FILE* f = open_memstream(&text, &size);
        ASSERT_TRUE(f != NULL);
        ASSERT_OK(table_print(t, f, 40));
        ASSERT_TRUE(fclose(f) == 0);
        ASSERT_STREQ(text, "Id           Sentence\nclock.wrong  The clock is not right.\n");
}

static char* print_json_items(const char* type, const char* json) {
        _cleanup_json_ json_t* j = json_loads(json, 0, NULL);
        char* text = NULL;
        size_t size = 0;
        FILE* f = open_memstream(&text, &size);
        Printer p = { .file = f };
        ASSERT_OK(print_items(&p, type_find(type), j));
        (void) fclose(f);
        return text;
}

TEST(verdicts_are_sentences) {
        _cleanup_free_ char* text = print_json_items(
                "DomainRecord", "[{\"id\":\"mx:a.test\",\"verdict\":\"different\",\"sentence\":\"Mail goes to old.\\u001b[2J\",\"hint\":\"Set MX.\","
                                "\"asked\":[\"ns1\",\"ns2\"],\"checked_at\":1000040000,\"ignored\":null},{\"id\":\"a:a.test\",\"verdict\":\"ok\",\"sentence\":\"Fine.\",\"hint\":null,\"ignored\":null}]");
        ASSERT_STREQ(text, "mx:a.test  different\n    Mail goes to old.?[2J\n    Set MX.\n    Asked ns1, ns2, 2001-09-09.\nAs they should be (1):\n    a:a.test\n");
}

TEST(wide_types_have_few_columns) {
        _cleanup_free_ char* text = print_json_items("DnsProvider", "[{\"kind\":\"desec\",\"name\":\"deSEC\",\"token\":\"long\",\"url\":null,\"fields\":[]}]");
        ASSERT_TRUE(strstr(text, "desec") && strstr(text, "Kind") && !strstr(text, "long"));
}

TEST(what_is_new_stands_below_the_versions) {
        static const char items[] = "[{\"version\":\"1.3\",\"state\":\"offered\",\"reachable\":false,\"sentence\":\"No way.\",\"notes\":\"Far.\"},"
                                    "{\"version\":\"1.2\",\"state\":\"offered\",\"reachable\":true,\"sentence\":\"Go.\",\"notes\":\"- One\\n- Two\\u001b[2J\"},"
                                    "{\"version\":\"1.1\",\"state\":\"offered\",\"reachable\":true,\"sentence\":\"Go.\",\"notes\":\"\"},"
                                    "{\"version\":\"1.0\",\"state\":\"running\",\"reachable\":false,\"sentence\":\"It runs.\",\"notes\":\"Old.\"}]";
        _cleanup_free_ char* text = print_json_items("AppVersion", items);
        ASSERT_TRUE(strstr(text, "\nWhat is new in 1.3:\nFar.\n\nWhat is new in 1.2:\n- One\n- Two?[2J\n"));
        ASSERT_TRUE(!strstr(text, "Old.") && !strstr(text, "in 1.1:"));
        static const struct {
                const char *to, *newest;
                size_t count;
        } cases[] = { { NULL, "1.2", 1 }, { "1.3", "1.3", 2 }, { "1.2", "1.2", 1 }, { "1.1", NULL, 0 }, { "9", NULL, 0 } };
        _cleanup_json_ json_t* versions = json_loads(items, 0, NULL);
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ json_t* news = news_of(versions, cases[i].to);
                ASSERT_EQ(json_array_size(news), cases[i].count);
                ASSERT_STREQ(strempty(json_get_string(json_array_get(news, 0), "version")), strempty(cases[i].newest));
        }
}

TEST(an_update_of_all_tells_of_those_that_it_takes_along) {
        /* 4 is out of reach; the way ends at 3, and the app itself names the first step, 2. */
        static const char all[] = "[{\"version\":\"4\",\"state\":\"offered\",\"reachable\":false},"
                                  "{\"version\":\"3\",\"state\":\"offered\",\"reachable\":true},"
                                  "{\"version\":\"2\",\"state\":\"offered\",\"reachable\":true},"
                                  "{\"version\":\"1\",\"state\":\"running\",\"reachable\":false},"
                                  "{\"version\":\"0\",\"state\":\"kept\",\"reachable\":true}]";
        static const char none[] = "[{\"version\":\"4\",\"state\":\"offered\",\"reachable\":false},"
                                   "{\"version\":\"1\",\"state\":\"running\",\"reachable\":false},"
                                   "{\"version\":\"0\",\"state\":\"kept\",\"reachable\":true}]";
        static const struct {
                const char *more, *versions, *to;
        } cases[] = {
                { "\"state\":\"running\"", all, "3" },
                { "\"state\":\"stopped\"", all, "3" },
                { "\"state\":\"failing\"", all, "3" },
                { "\"state\":\"broken\"", all, NULL },
                { "\"state\":\"updating\"", all, NULL },
                { "\"state\":\"running\",\"job\":\"j1\"", all, NULL },
                { "\"state\":\"running\"", none, NULL },
                { "\"state\":\"running\"", NULL, "2" }, /* not asked: the app's own word */
                { "\"state\":\"running\",\"update\":null", NULL, NULL },
                { "\"state\":\"running\",\"held_version\":\"3\",\"held_until\":1001", all, NULL },
                { "\"state\":\"running\",\"held_version\":\"3\",\"held_until\":1000", all, "3" },
                { "\"state\":\"running\",\"held_version\":\"2\",\"held_until\":1001", all, "3" },
                { "\"state\":\"running\",\"held_version\":\"1\",\"held_until\":1001", all, NULL },
                { "\"state\":\"running\",\"held_version\":\"2\",\"held_until\":1001", NULL, NULL },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ json_t* app = json_pack("{s:s, s:s, s:n, s:n}", "version", "1", "update", "2", "job", "held_version");
                _cleanup_free_ char* text = NULL;
                ASSERT_TRUE(asprintf(&text, "{%s}", cases[i].more) > 0);
                _cleanup_json_ json_t* more = json_loads(text, 0, NULL);
                _cleanup_json_ json_t* versions = cases[i].versions ? json_loads(cases[i].versions, 0, NULL) : NULL;
                ASSERT_OK(json_object_update(app, more));
                ASSERT_STREQ(strempty(news_target(app, versions, 1000)), strempty(cases[i].to));
        }
}

static char* print_json_object(const char* type, const char* json) {
        _cleanup_json_ json_t* j = json_loads(json, 0, NULL);
        char* text = NULL;
        size_t size;
        FILE* f = open_memstream(&text, &size);
        const Printer p = { .file = f, .now = 1000000 };
        ASSERT_TRUE(j && f);
        ASSERT_OK(print_object(&p, type_find(type), j));
        ASSERT_TRUE(fclose(f) == 0);
        return text;
}

TEST(objects_are_labelled) {
        _cleanup_free_ char* link = print_json_object("NewLink",
                "{\"kind\":\"invite\",\"username\":null,\"url\":\"https://box/x\",\"expires_at\":999940}");
        ASSERT_STREQ(link, "Kind:     invite\nUsername: -\nUrl:      https://box/x\nExpires:  1970-01-12 13:45:40 (1 min ago)\n");
        _cleanup_free_ char* csv = print_json_object("Csv", "{\"csv\":\"a,b\\r\\n\"}");
        ASSERT_STREQ(csv, "a,b\r\n");
        _cleanup_free_ char* codes = print_json_object("RecoveryCodes", "{\"codes\":[\"one\",\"two\"]}");
        ASSERT_STREQ(codes, "one\ntwo\n");
        _cleanup_free_ char* text = print_json_object("HelpText",
                "{\"page\":\"a\",\"title\":\"A\",\"language\":\"en\",\"text\":\"x\\ny\"}");
        ASSERT_STREQ(text, "Page:     a\nTitle:    A\nLanguage: en\nText:\nx\ny\n");
        _cleanup_free_ char* disks = print_json_object("Firewall",
                "{\"active\":true,\"rules\":[{\"chain\":\"input\",\"text\":\"t\",\"sentence\":\"s\",\"packets\":5}],\"foreign\":[\"a\",\"b\"],\"text\":\"\"}");
        ASSERT_STREQ(disks, "Active:  yes\nRules:\nChain  Text  Sentence  Packets\ninput  t     s               5\nForeign: a, b\nText:    -\n");
}

TEST(times_and_sizes) {
        const struct {
                int64_t at;
                const char* expected;
        } moments[] = { { 1000000, "0 s ago" }, { 999000, "16 min ago" }, { 1007200, "in 2 h" }, { 900000, "27 h ago" }, { 0, "1970-01-01" } };
        for (size_t i = 0; i < ELEMENTS(moments); i++) {
                char text[HUMANE_MAX];
                humane_moment(moments[i].at, 1000000, text);
                ASSERT_STREQ(text, moments[i].expected);
        }
        const struct {
                int64_t bytes;
                const char* expected;
        } sizes[] = { { 0, "0 B" }, { 1023, "1023 B" }, { 1536, "1.5 KiB" }, { 1024 * 1024 * 200, "200 MiB" }, { 5000000000, "4.7 GiB" } };
        for (size_t i = 0; i < ELEMENTS(sizes); i++) {
                char text[HUMANE_MAX];
                humane_size(sizes[i].bytes, text);
                ASSERT_STREQ(text, sizes[i].expected);
        }
}

TEST(help_knows_every_operation) {
        for (size_t i = 0; i < _OP_MAX; i++) {
                char* text = NULL;
                size_t size;
                FILE* f = open_memstream(&text, &size);
                ASSERT_TRUE(f != NULL);
                help_operation(f, &operation_table[i]);
                ASSERT_TRUE(fclose(f) == 0);
                ASSERT_TRUE(strstr(text, operation_table[i].title) != NULL);
                free(text);
        }
        ASSERT_TRUE(startswith(help_guess(NULL, "usr"), "user") != NULL);
        ASSERT_STREQ(help_guess("user", "lst"), "list");
        ASSERT_TRUE(!help_guess(NULL, "elephant"));
        ASSERT_TRUE(noun_exists("ssh-key") && !noun_exists("ssh"));
}

int test_main(int argc, char** argv);
#define main test_main
TEST_MAIN()
#undef main
int main(int argc, char** argv) {
        /* times are printed where the person is; here that is nowhere in particular */
        (void) setenv("TZ", "UTC", 1);
        (void) setlocale(LC_CTYPE, "C.UTF-8");
        return test_main(argc, argv);
}
