/* The keys that sign mail. */
#include "base/log.h"
#include "base/validate.h"
#include "helper/check.h"
#include "helper/dkim.h"
#include "helper/helper.h"

static int arguments_read(sd_bus_message* call, const char** ret_domain, const char** ret_selector, Error* reterr) {
        const char *domain, *selector;
        int r = sd_bus_message_read(call, "ss", &domain, &selector);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the arguments");
        r = check_length("domain", domain, 253, reterr);
        if (r >= 0 && !dns_name_valid(domain))
                r = error_field(reterr, ERROR_BAD_FIELD, "domain", "The domain must be a name in small letters, digits, dots and dashes.");
        if (r >= 0)
                r = check_id("selector", selector, reterr);
        if (r < 0)
                return r;
        *ret_domain = domain;
        *ret_selector = selector;
        return 0;
}

/* Safe with a hostile manager: a name without slash and an id choose a file below a directory that only root can write, opened without
 * following links; the key is made by openssl with fixed arguments and is never handed out. At worst some megabytes of keys nobody asked
 * for: domains and selectors are counted. */
int verb_dkim_key_ensure(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        const char *domain, *selector;
        _cleanup_free_ char* public = NULL;
        int r = arguments_read(call, &domain, &selector, reterr);
        if (r >= 0)
                r = dkim_key_ensure(DKIM_DIRECTORY, domain, selector, &public, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "s", public);
        return r < 0 ? error_errno(reterr, r, "Cannot answer") : VERB_DONE;
}

/* Safe with a hostile manager: it can make mail go unsigned, which it could by never asking for a key. */
int verb_dkim_key_remove(Helper* h, sd_bus_message* call, sd_bus_message* reply, Error* reterr) {
        const char *domain, *selector;
        int r = arguments_read(call, &domain, &selector, reterr);
        if (r >= 0)
                r = dkim_key_remove(DKIM_DIRECTORY, domain, selector, reterr);
        if (r < 0)
                return r;
        log_notice("The mail key %s of %s was removed.", selector, domain);
        return VERB_DONE;
}
