#include "base/test.h"
#include "base/file.h"
#include "base/json.h"
#include "base/pool.h"
#include "base/process.h"
#include "base/time.h"
#include "base/validate.h"
#include <fcntl.h>

TEST(error_keeps_the_first_name) {
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_ERROR(error_field(&e, ERROR_NAME_TAKEN, "username", "The name %s is taken.", "ada"), EEXIST);
        (void) error_set(&e, ERROR_INTERNAL, "later");
        ASSERT_TRUE(error_has_name(&e, ERROR_NAME_TAKEN));
        (void) error_context(&e, "Adding");
        ASSERT_STREQ(e.message, "Adding: The name ada is taken.");
        ASSERT_STREQ(e.field, "username");
}

TEST(error_names_go_both_ways) {
        for (ErrorName i = 0; i < _ERROR_MAX; i++)
                ASSERT_EQ(error_name_from_string(error_name_to_string(i)), i);
        ASSERT_EQ(error_name_from_string("nonsense"), _ERROR_INVALID);
}

TEST(names_are_whitelisted) {
        static const char* const good[] = { "ada", "a", "a.b-c_d9" };
        static const char* const bad[] = { "", "Ada", "9a", "a..b", "a.", "a b", "a/b", "a\nb", "\xc3\xa4", "a\"b", "abcdefghijklmnopqrstuvwxyz0123456" };
        for (size_t i = 0; i < ELEMENTS(good); i++)
                ASSERT_TRUE(username_valid(good[i]));
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                ASSERT_FALSE(username_valid(bad[i]));
        ASSERT_TRUE(email_valid("ada@example.org"));
        ASSERT_FALSE(email_valid("ada@localhost"));
        ASSERT_FALSE(email_valid("a\"@example.org"));
        ASSERT_FALSE(email_valid("@example.org"));
        ASSERT_TRUE(dns_name_valid("my.example.org"));
        ASSERT_FALSE(dns_name_valid("-my.example.org"));
        ASSERT_FALSE(dns_name_valid("10.0.0.1"));
        ASSERT_FALSE(dns_name_valid("a;b.example"));
        ASSERT_TRUE(timezone_name_valid("America/Argentina/Ushuaia"));
        ASSERT_FALSE(timezone_name_valid("../etc/passwd"));
        ASSERT_TRUE(id_valid("abc123"));
        ASSERT_FALSE(id_valid("a-b"));
        ASSERT_FALSE(text_valid("a\x1b[0m", false));
        ASSERT_TRUE(text_valid("a\nb", true));
        ASSERT_TRUE(url_https_valid("https://provider.example/a?b=c"));
        ASSERT_FALSE(url_https_valid("https://provider.example/\"onload="));
        ASSERT_FALSE(url_https_valid("javascript:alert(1)"));
}

TEST(utf8_is_checked) {
        ASSERT_TRUE(utf8_valid("Gr\xc3\xbc\xc3\x9f", 6));
        ASSERT_FALSE(utf8_valid("\xc0\x80", 2));
        ASSERT_FALSE(utf8_valid("\xed\xa0\x80", 3));
        ASSERT_FALSE(utf8_valid("\xf4\x90\x80\x80", 4));
        ASSERT_FALSE(utf8_valid("\xe2\x82", 2));
}

TEST(json_is_strict) {
        static const char* const bad[] = { "", "[]", "{", "{} x", "{\"a\":1,\"a\":2}", "{\"a\":\"\\u0000\"}", "{\"a\":\"\xff\"}", "null" };
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                _cleanup_json_ json_t* j = NULL;
                ASSERT_TRUE(json_parse_object(bad[i], strlen(bad[i]), &j, &e) < 0);
                ASSERT_TRUE(error_has_name(&e, ERROR_BAD_JSON));
        }
        char deep[200];
        memset(deep, '[', sizeof(deep));
        _cleanup_error_ Error e = ERROR_NULL;
        json_t* j = NULL;
        ASSERT_TRUE(json_parse_object(deep, sizeof(deep), &j, &e) < 0);
}

TEST(a_list_has_its_texts) {
        _cleanup_json_ json_t* list = json_pack("[s, i, n, s]", "a", 7, "b");
        _cleanup_json_ json_t* none = json_object();
        ASSERT_TRUE(json_list_has(list, "a") && json_list_has(list, "b"));
        ASSERT_FALSE(json_list_has(list, "7") || json_list_has(list, "") || json_list_has(list, NULL));
        ASSERT_FALSE(json_list_has(none, "a") || json_list_has(NULL, "a"));
}

TEST(files_are_replaced_whole) {
        char directory[] = "/tmp/test-base-XXXXXX";
        ASSERT_TRUE(mkdtemp(directory));
        _cleanup_close_ int fd = open(directory, O_DIRECTORY | O_CLOEXEC);
        ASSERT_OK(file_write(fd, "f", "one", 3, 0600));
        ASSERT_OK(file_write(fd, "f", "two", 3, 0600));
        _cleanup_free_ char* text = NULL;
        ASSERT_OK(file_read(fd, "f", 3, &text, NULL));
        ASSERT_STREQ(text, "two");
        _cleanup_free_ char* none = NULL;
        ASSERT_ERROR(file_read(fd, "f", 2, &none, NULL), EFBIG);
        (void) unlinkat(fd, "f", 0);
        (void) rmdir(directory);
}

TEST(children_are_fed_and_timed) {
        _cleanup_(process_result_done) ProcessResult result = {};
        ASSERT_OK(process_run((const char*[]) { "/bin/cat", NULL }, &(ProcessOptions) { .input = "hello", .input_size = 5 }, &result));
        ASSERT_EQ(result.exit_code, 0);
        ASSERT_STREQ(result.output, "hello");
        _cleanup_(process_result_done) ProcessResult slow = {};
        ASSERT_OK(process_run((const char*[]) { "/bin/sleep", "20", NULL }, &(ProcessOptions) { .timeout_sec = 1 }, &slow));
        ASSERT_EQ(slow.exit_code, 124);
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_TRUE(process_check((const char*[]) { "/bin/false", NULL }, NULL, &e) < 0);
}

typedef struct Sum {
        int in, out;
        unsigned* left;
        sd_event* event;
} Sum;
static void sum_work(void* data) {
        Sum* s = data;
        s->out = s->in * 2;
}
static void sum_done(void* data) {
        Sum* s = data;
        if (--*s->left == 0)
                (void) sd_event_exit(s->event, 0);
}

TEST(pool_works_and_says_when_full) {
        sd_event* event = NULL;
        ASSERT_OK(sd_event_new(&event));
        _cleanup_(pool_freep) Pool* pool = NULL;
        ASSERT_OK(pool_new(event, &pool));
        unsigned left = 20;
        Sum sums[20];
        for (int i = 0; i < 20; i++) {
                sums[i] = (Sum) { .in = i, .left = &left, .event = event };
                ASSERT_OK(pool_submit(pool, sum_work, sum_done, &sums[i], NULL));
        }
        ASSERT_OK(sd_event_loop(event));
        for (int i = 0; i < 20; i++)
                ASSERT_EQ(sums[i].out, i * 2);
        pool = pool_free(pool);
        (void) sd_event_unref(event);
}

TEST_MAIN()
