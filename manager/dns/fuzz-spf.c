/* Lines "name type value": a world whose first TXT record is example.com's, evaluated for an IPv4 and an IPv6 address. It must end, whatever
 * the records say, and ask no more than its limits. */
#include "dns/spf.h"
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static int on_lookup(const char* name, const char* type, const json_t** ret, void* userdata) {
        json_t* world = userdata;
        char key[2048];
        int n = snprintf(key, sizeof(key), "%s %s", name, type);
        if (n < 0 || n >= (int) sizeof(key))
                abort(); /* names are limited */
        json_t* count = json_object_get(world, "asked");
        (void) json_integer_set(count, json_integer_value(count) + 1);
        *ret = json_object_get(world, key);
        return 1;
}

static json_t* world_of(char* text) {
        json_t* world = json_pack("{s:i}", "asked", 0);
        for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
                char* value = strchr(line, ' ');
                value = value ? strchr(value + 1, ' ') : NULL;
                if (!value)
                        continue;
                *value++ = 0;
                json_t* values = json_object_get(world, line);
                if (!json_is_array(values)) {
                        values = json_array();
                        if (streq(line, "asked") || json_object_set_new(world, line, values) < 0)
                                continue;
                }
                (void) json_array_append_new(values, json_string(value));
        }
        return world;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        static const char* const addresses[] = { "192.0.2.1", "2001:db8::1" };
        char* text = strndup((const char*) data, size);
        json_t* world = world_of(text);
        for (size_t i = 0; i < ELEMENTS(addresses); i++) {
                SpfOutcome o;
                (void) json_object_set_new(world, "asked", json_integer(0));
                if (spf_check("example.com", addresses[i], on_lookup, world, &o) != 1 || o.result >= _SPF_RESULT_MAX)
                        abort();
                if (json_integer_value(json_object_get(world, "asked")) > 9 * SPF_WANTED_MAX)
                        abort();
                if (o.lookups > SPF_LOOKUPS_MAX && o.reason != SPF_REASON_LOOKUPS)
                        abort();
        }
        char* better = spf_suggest(json_object_get(world, "example.com TXT"), "v=spf1 mx -all");
        free(better);
        json_decref(world);
        free(text);
        return 0;
}
