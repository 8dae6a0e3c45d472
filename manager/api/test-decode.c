#include "api/decode.h"
#include "base/test.h"

static int body(OperationSymbol symbol, const char* text, Error* reterr) {
        const Operation* o = &operation_table[symbol];
        _cleanup_json_ json_t* fields = json_object();
        _cleanup_json_ json_t* parsed = NULL;
        int r = json_parse_object(text, strlen(text), &parsed, reterr);
        if (r >= 0)
                r = fields_decode_body(o, parsed, fields, reterr);
        return r < 0 ? r : fields_check_required(o, fields, reterr);
}

TEST(bodies_are_strict) {
        static const struct {
                const char* text;
                ErrorName error;
                const char* field;
        } cases[] = {
                { "{\"username\":\"ada\",\"shoe\":1}", ERROR_UNKNOWN_FIELD, "shoe" },
                { "{}", ERROR_MISSING_FIELD, "username" },
                { "{\"username\":1}", ERROR_BAD_FIELD, "username" },
                { "{\"username\":\"Ada\"}", ERROR_BAD_FIELD, "username" },
                { "{\"username\":\"\"}", ERROR_BAD_FIELD, "username" },
                { "{\"username\":\"ada\",\"role\":\"king\"}", ERROR_BAD_FIELD, "role" },
                { "{\"username\":\"ada\",\"groups\":[\"a\",\"a\"]}", ERROR_BAD_FIELD, "groups" },
                { "{\"username\":\"ada\",\"groups\":[7]}", ERROR_BAD_FIELD, "groups" },
                { "{\"username\":\"ada\",\"password\":\"short\"}", ERROR_BAD_FIELD, "password" },
                { "{\"username\":\"ada\",\"display_name\":\"a\\u001b[0m\"}", ERROR_BAD_FIELD, "display_name" },
                { "{\"username\":\"ada\",\"email\":\"a@b\"}", ERROR_BAD_FIELD, "email" },
                { "{\"username\":null}", ERROR_BAD_FIELD, "username" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_error_ Error e = ERROR_NULL;
                ASSERT_TRUE(body(OP_USER_ADD, cases[i].text, &e) < 0);
                ASSERT_STREQ(error_name_to_string(e.name), error_name_to_string(cases[i].error));
                ASSERT_STREQ(e.field, cases[i].field);
        }
        ASSERT_OK(body(OP_USER_ADD, "{\"username\":\"ada\",\"email\":\"\",\"groups\":[]}", NULL));
}

TEST(fields_of_the_path_are_not_taken_from_the_body) {
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_TRUE(body(OP_USER_UPDATE, "{\"user\":\"eve\"}", &e) < 0);
        ASSERT_TRUE(error_has_name(&e, ERROR_UNKNOWN_FIELD));
}

TEST(integers_know_their_limits) {
        const Field* limit = operation_field(&operation_table[OP_USER_LIST], "limit");
        static const char* const bad[] = { "0", "1001", "-1", "1e3", "0x10", " 5", "5 ", "", "-", "99999999999999999999", "1.0" };
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                json_t* v = NULL;
                ASSERT_TRUE(field_decode_text(limit, bad[i], &v, NULL) < 0);
        }
        _cleanup_json_ json_t* one = NULL;
        ASSERT_OK(field_decode_text(limit, "1000", &one, NULL));
        ASSERT_EQ(json_integer_value(one), 1000);
}

TEST(paths_play_no_tricks) {
        static const char* const bad[] = { "/users", "users//x", "users/", "users/..", "users/%2e%2e", "users/a%2fb", "users/%00", "users/%zz",
                                           "users/%ff", "users/%0a", "a/b/c/d/e/f/g/h/i", "users/." };
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                const char* segments[OPERATION_SEGMENTS_MAX];
                _cleanup_free_ char* path = strdup(bad[i]);
                if (path_split(path, segments, NULL) >= 0)
                        TEST_FAIL("'%s' was taken", bad[i]);
        }
        char good[] = "users/ada%20b";
        const char* segments[OPERATION_SEGMENTS_MAX];
        ASSERT_EQ(path_split(good, segments, NULL), 2);
        ASSERT_STREQ(segments[1], "ada b");
}

TEST_MAIN()
