/* Any bytes as a table: no crash, no field beyond its limit, and what was read is written and read back the same. */
#include "user/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        CsvReader r;
        csv_reader_init(&r, (const char*) data, size);
        while (csv_read(&r) == CSV_RECORD) {
                assert(r.n_fields >= 1 && r.n_fields <= CSV_FIELDS_MAX && r.line >= 1);
                for (size_t i = 0; i < r.n_fields; i++) {
                        char* text = NULL;
                        size_t n = 0;
                        FILE* f = open_memstream(&text, &n);
                        CsvReader again;
                        assert(f && strlen(r.fields[i]) <= CSV_FIELD_BYTES_MAX);
                        (void) fputs("x,", f); /* or a lone empty field would be a blank line */
                        csv_write(f, r.fields[i]);
                        (void) fclose(f);
                        csv_reader_init(&again, text, n);
                        CsvResult result = csv_read(&again);
                        assert(result == CSV_TOO_LONG || (again.n_fields == 2 && strcmp(csv_plain(again.fields[1]), r.fields[i]) == 0));
                        csv_reader_done(&again);
                        free(text);
                }
        }
        csv_reader_done(&r);
        return 0;
}
