/* Domain names as anybody may type them: what is accepted is a plain host name in A-labels, means the same when it is read again, and
 * can be shown; what is refused has a reason and a remedy. */
#include "base/validate.h"
#include "net/name.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        char name[DOMAIN_NAME_BYTES], again[DOMAIN_NAME_BYTES], shown[DOMAIN_SHOWN_BYTES];
        _cleanup_error_ Error e = ERROR_NULL;
        _cleanup_free_ char* text = strndup((const char*) data, size);
        if (!text)
                return 0;
        if (domain_name_parse("name", text, name, &e) < 0) {
                assert(error_is_set(&e) && e.name == ERROR_BAD_FIELD && e.hint && e.field);
                return 0;
        }
        assert(!error_is_set(&e));
        assert(dns_name_valid(name) && !strpbrk(name, "\"';{}$\\#_/ \n"));
        assert(domain_name_parse("name", name, again, NULL) == 0 && streq(name, again));
        domain_name_show(name, shown);
        assert(domain_name_parse("name", shown, again, NULL) == 0 && streq(name, again));
        const char* registered = domain_name_registered(name);
        assert(!registered || domain_name_is_below(name, registered));
        return 0;
}
