/* What is wanted as a master file (RFC 1035 5). Pure. */
#include "domain/domain-internal.h"
#include <stdio.h>

#define TTL_SEC 3600
#define STRING_BYTES 255 /* of one character-string, RFC 1035 3.3 */

/* value: bytes that are not printable ASCII stand as \DDD already and are kept so; quotes and other backslashes are ours to escape
 * (RFC 1035 5.1). Each string holds at most 255 bytes of what is meant, not of what is written. */
static void write_txt(FILE* f, const char* value) {
        size_t n = 0;
        (void) fputc('"', f);
        for (const char* p = value; *p; n++) {
                if (n == STRING_BYTES) {
                        (void) fputs("\" \"", f);
                        n = 0;
                }
                bool decimal = *p == '\\' && p[1] >= '0' && p[1] <= '2' && p[2] >= '0' && p[2] <= '9' &&
                               p[3] >= '0' && p[3] <= '9';
                if (decimal) {
                        (void) fwrite(p, 1, 4, f);
                        p += 4;
                        continue;
                }
                if (*p == '"' || *p == '\\')
                        (void) fputc('\\', f);
                (void) fputc(*p++, f);
        }
        (void) fputc('"', f);
}

/* In a master file a name without its final dot would be taken as relative. */
static bool ends_in_name(const char* type) {
        return streq(type, "MX") || streq(type, "CNAME") || streq(type, "SRV") || streq(type, "PTR") || streq(type, "NS");
}

static void write_record(FILE* f, const WantedSet* set, const char* value) {
        if (set->waits)
                (void) fputs("; waits for the switch: ", f);
        fprintf(f, "%s. %d IN %s ", set->owner, TTL_SEC, set->type);
        if (streq(set->type, "TXT"))
                write_txt(f, value);
        else
                fprintf(f, ends_in_name(set->type) ? "%s." : "%s", value);
        (void) fputc('\n', f);
}

char* zone_text(const char* domain, const WantedRecords* list) {
        char* text = NULL;
        size_t size = 0;
        FILE* f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        fprintf(f, "; Records that this box wants for %s. Import them at whoever answers for the domain;\n", domain);
        (void) fputs("; what else stands there stays. Names end in a dot, so they mean themselves (RFC 1035 5.1).\n", f);
        fprintf(f, "$ORIGIN %s.\n$TTL %d\n", domain, TTL_SEC);
        for (size_t i = 0; i < list->count; i++) {
                size_t k;
                json_t* value;
                json_array_foreach(list->sets[i].values, k, value)
                        write_record(f, &list->sets[i], json_string_value(value));
        }
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}
