/* Prints what is generated from the tables: steadbox-generate openapi|typescript|reference|roles|man|completion [FILE]. Runs while building
 * and from tests/checks; it is not installed. */
#include "generate/generate.h"

static const struct {
        const char* name;
        int (*print)(FILE* f);
} documents[] = {
        { "openapi", generate_openapi },       { "typescript", generate_typescript }, { "reference", generate_reference },
        { "roles", generate_roles },           { "man", generate_man },               { "completion", generate_completion },
};

int main(int argc, char** argv) {
        FILE* f = stdout;
        if (argc == 3 && !(f = fopen(argv[2], "we"))) {
                perror(argv[2]);
                return 1;
        }
        for (size_t i = 0; argc >= 2 && i < ELEMENTS(documents); i++)
                if (streq(argv[1], documents[i].name)) {
                        int r = documents[i].print(f);
                        if (fflush(f) != 0 || ferror(f))
                                r = -EIO;
                        if (r < 0)
                                (void) fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
                        return r < 0;
                }
        (void) fputs("Usage: steadbox-generate openapi|typescript|reference|roles|man|completion [FILE]\n", stderr);
        return 2;
}
