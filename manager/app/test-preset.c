/* Which apps a provider wants: what steadbox.json says, and what becomes of a hand-written one that says nonsense. */
#include "base/test.h"
#include "app/preset.h"

static char* wanted(const char* machine) {
        _cleanup_json_ json_t *m = json_loads(machine, 0, NULL), *list = presets_wanted(m);
        ASSERT_TRUE(m && list);
        return json_text(list, /* canonical= */ true);
}

TEST(what_is_asked_for) {
        static const struct {
                const char *machine, *wanted;
        } cases[] = {
                { "{}", "[]" },
                { "{\"template\":\"blank\"}", "[]" },
                { "{\"template\":\"casino\"}", "[]" },
                { "{\"template\":\"blog\"}", "[{\"access\":null,\"location\":\"blog\",\"package\":\"wordpress\",\"settings\":[],\"title\":null}]" },
                { "{\"apps\":[{\"package\":\"radicale\"}]}", "[{\"access\":null,\"location\":\"radicale\",\"package\":\"radicale\",\"settings\":[],\"title\":null}]" },
                { "{\"apps\":[{\"package\":\"wordpress\",\"location\":\"www\",\"title\":\"Garden\",\"access\":\"public\",\"settings\":[\"email=a@b.example\"]}],\"template\":\"blog\"}",
                  "[{\"access\":\"public\",\"location\":\"www\",\"package\":\"wordpress\",\"settings\":[\"email=a@b.example\"],\"title\":\"Garden\"}]" },
                /* another lives where the template's would, and what the provider denies is not wanted by its word */
                { "{\"apps\":[{\"package\":\"mediawiki\",\"location\":\"wiki\"}],\"template\":\"team\",\"provider\":{\"catalogue\":{\"deny\":[\"radicale\"]}}}",
                  "[{\"access\":null,\"location\":\"wiki\",\"package\":\"mediawiki\",\"settings\":[],\"title\":null}]" },
                { "{\"template\":\"team\",\"provider\":{\"catalogue\":{\"allow\":[\"dokuwiki\"]}}}",
                  "[{\"access\":null,\"location\":\"wiki\",\"package\":\"dokuwiki\",\"settings\":[],\"title\":null}]" },
                { "{\"apps\":7,\"template\":[]}", "[]" },
                { "{\"apps\":[7,null,{},{\"package\":\"../x\"},{\"package\":\"a\",\"location\":\"b.c\"},{\"package\":\"b\",\"location\":\"$(x)\"}]}", "[]" },
                { "{\"apps\":[{\"package\":\"a\",\"settings\":[\"k=v\",7]},{\"package\":\"a\",\"location\":\"c\"}]}",
                  "[{\"access\":null,\"location\":\"a\",\"package\":\"a\",\"settings\":[],\"title\":null}]" },
        };
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_free_ char* text = wanted(cases[i].machine);
                if (!streq_ptr(text, cases[i].wanted))
                        TEST_FAIL("%s: %s", cases[i].machine, text);
        }
}

TEST(an_app_that_was_left_half_done_is_not_there) {
        ASSERT_EQ(preset_is_there("present"), 1);
        ASSERT_EQ(preset_is_there("installing"), 2);
        ASSERT_EQ(preset_is_there("broken"), 0);
        ASSERT_EQ(preset_is_there("removing"), 0);
}

TEST(not_more_than_there_may_be) {
        _cleanup_json_ json_t* machine = json_pack("{s:[]}", "apps");
        for (unsigned i = 0; i < 3 * APP_PRESETS_MAX; i++) {
                char package[16];
                (void) snprintf(package, sizeof(package), "app%u", i);
                ASSERT_OK(json_array_append_new(json_object_get(machine, "apps"), json_pack("{s:s}", "package", package)));
        }
        _cleanup_json_ json_t* list = presets_wanted(machine);
        ASSERT_EQ(json_array_size(list), APP_PRESETS_MAX);
}

TEST_MAIN()
