/* The part of a manifest that lists read. */
#include "base/test.h"
#include "app/brief.h"

static void picks(const char* text, const char* expected) {
        _cleanup_json_ json_t* part = manifest_brief(text);
        _cleanup_free_ char* got = part ? json_text(part, /* canonical= */ true) : NULL;
        if (expected)
                ASSERT_STREQ(got, expected);
        else
                ASSERT_TRUE(!got);
}

TEST(part_of_a_manifest) {
        picks("{}", "{}");
        picks("{\"description\":{\"en\":\"a, b}\"}}", "{}");
        picks("{\"http\":null,\"id\":\"notes\",\"sign_in\":\"own\"}", "{\"http\":null,\"sign_in\":\"own\"}");
        picks("{\"containers\":[{\"name\":\"a]\",\"env\":{\"X\":\"}\\\"{\"}}],\"data\":[],\"http\":{\"port\":80}}",
              "{\"containers\":[{\"env\":{\"X\":\"}\\\"{\"},\"name\":\"a]\"}],\"http\":{\"port\":80}}");
        picks("{\"summary\":{\"en\":\"ends with \\\\\"},\"ports\":[]}", "{\"ports\":[]}");
        picks("{\"settings\":[{\"label\":{\"en\":\"http\"}}],\"http2\":1,\"htt\":2}", "{\"settings\":[{\"label\":{\"en\":\"http\"}}]}");
}

TEST(what_we_did_not_write_is_read_whole) {
        static const char* const texts[] = {
                "", "[]", "{", "{ \"http\":null}", "{\"http\" :null}", "{\"http\"}", "{\"http\":", "{\"http\":{", "{\"http\":\"", "{\"http\":\"\\", "{\"http\":[}",
                "{\"http\":]}", "{\"http\":null} ", "{\"http\":null,}", "{\"http\":nul}", "{http:null}", "null",
        };
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                picks(texts[i], NULL);
}

TEST_MAIN()
