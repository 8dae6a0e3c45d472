#include "helper/check.h"
#include "base/validate.h"

int check_length(const char* field, const char* value, size_t max, Error* reterr) {
        if (strnlen(value, max + 1) > max)
                return error_field(reterr, ERROR_BAD_FIELD, field, "The %s is longer than %zu bytes.", field, max);
        return 0;
}

bool check_plain(const char* value) {
        size_t n = 0;
        for (; value[n]; n++) {
                char c = value[n];
                if (n >= CHECK_STRING_MAX || c <= ' ' || c >= 0x7f || strchr("\"'`;{}$\\#", c))
                        return false;
        }
        return n > 0;
}

int check_job_kind(const char* kind, Error* reterr) {
        enum { MANAGER, WORKER };
        enum { CANCEL = 1, LONE = 2 };
        static const struct {
                const char* kind;
                int where;
        } table[] = {
#define JOB(symbol, name, where, flags, stages, sentence) { name, where },
#include "tbl/jobs.h"
#undef JOB
        };
        int r = check_length("kind", kind, 32, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTS(table); i++)
                if (table[i].where == WORKER && streq(table[i].kind, kind))
                        return 0;
        return error_field(reterr, ERROR_BAD_FIELD, "kind", "There is no job program of this kind.");
}

int check_id(const char* field, const char* id, Error* reterr) {
        int r = check_length(field, id, 32, reterr);
        if (r < 0)
                return r;
        if (!id_valid(id))
                return error_field(reterr, ERROR_BAD_FIELD, field, "The %s must be 1 to 32 of a-z and 0-9.", field);
        return 0;
}

int check_name_or_address(const char* field, const char* name, Error* reterr) {
        int r = check_length(field, name, 253, reterr);
        if (r < 0)
                return r;
        if (!dns_name_valid(name) && !hostname_valid(name) && !ip_address_valid(name))
                return error_field(reterr, ERROR_BAD_FIELD, field, "The %s is neither a host name in small letters nor an address.", field);
        return 0;
}

bool zone_listed(const char* tab, const char* zone) {
        size_t zone_size = strlen(zone);
        for (const char* line = tab; *line; line += strcspn(line, "\n"), line += *line == '\n') {
                const char* p = line;
                size_t line_size = strcspn(line, "\n");
                if (*line == '#')
                        continue;
                for (int column = 0; column < 2 && p; column++) {
                        p = memchr(p, '\t', line_size - (size_t) (p - line));
                        p = p ? p + 1 : NULL;
                }
                if (!p)
                        continue;
                size_t rest = line_size - (size_t) (p - line);
                if (rest >= zone_size && memcmp(p, zone, zone_size) == 0 && (rest == zone_size || p[zone_size] == '\t'))
                        return true;
        }
        return false;
}

int check_fingerprint(const char* field, const char* fingerprint, Error* reterr) {
        if (strnlen(fingerprint, 65) != 64 || strspn(fingerprint, "0123456789abcdef") != 64)
                return error_field(reterr, ERROR_BAD_FIELD, field, "The %s must be a SHA-256 digest of 64 hexadecimal digits in small letters.", field);
        return 0;
}
