#include "net/name.h"
#include "base/validate.h"
#include <idn2.h>
#include <libpsl.h>
#include <stdio.h>

static int bad(const char* field, const char* why, Error* reterr) {
        return error_field(reterr, ERROR_BAD_FIELD, field, "The field %s is no domain name: %s.", field, why);
}

int domain_name_parse(const char* field, const char* text, char ret[static DOMAIN_NAME_BYTES], Error* reterr) {
        char* ascii = NULL;
        if (idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
                return bad(field, "it cannot be written in A-labels", reterr);
        size_t n = strlen(ascii);
        if (n > 0 && ascii[n - 1] == '.')
                ascii[n - 1] = 0;
        bool good = dns_name_valid(ascii);
        if (good)
                (void) snprintf(ret, DOMAIN_NAME_BYTES, "%s", ascii);
        idn2_free(ascii);
        return good ? 0 : bad(field, "give at least two labels of letters, digits and dashes, such as example.com", reterr);
}

void domain_name_show(const char* name, char ret[static DOMAIN_SHOWN_BYTES]) {
        char* shown = NULL;
        bool good = idn2_to_unicode_8z8z(name, &shown, IDN2_NONTRANSITIONAL) == IDN2_OK && strlen(shown) < DOMAIN_SHOWN_BYTES;
        (void) snprintf(ret, DOMAIN_SHOWN_BYTES, "%s", good ? shown : name);
        idn2_free(shown);
}

bool domain_name_is_public(const char* name) {
        return !domain_name_registered(name);
}

const char* domain_name_registered(const char* name) {
        const psl_ctx_t* psl = psl_builtin();
        return psl ? psl_registrable_domain(psl, name) : NULL;
}

bool domain_name_is_below(const char* name, const char* domain) {
        size_t n = strlen(name), k = strlen(domain);
        return n >= k && streq(name + n - k, domain) && (n == k || name[n - k - 1] == '.');
}
