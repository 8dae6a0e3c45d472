/* survey-once RESOLVER[@PORT] PORT [HTTP-PORT] <REQUEST: one survey without a manager, for tests: prints what the manager would be told, an
 * object a line, and the result. Not installed. */
#include "base/file.h"
#include "base/secret.h"
#include "base/time.h"
#include "dns/survey.h"
#include <fcntl.h>
#include <stdio.h>

static int on_verdicts(const char* domain, const json_t* items, const json_t* facts, void* userdata, Error* reterr) {
        _cleanup_json_ json_t* told = json_pack("{s:s, s:b, s:O, s:O?}", "domain", domain, "done", facts != NULL, "items", items, "facts", facts);
        _cleanup_free_ char* text = json_text(told, /* canonical= */ false);
        puts(strempty(text));
        return 0;
}

int main(int argc, char** argv) {
        _cleanup_free_ char* text = NULL;
        _cleanup_json_ json_t *request = NULL, *result = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        size_t size;
        if (argc < 3 || secret_init() < 0)
                return 2;
        int r = file_read(AT_FDCWD, "/dev/stdin", (size_t) 4 * 1024 * 1024, &text, &size);
        r = r < 0 ? r : json_parse_object(text, size, &request, &e);
        const char* const resolvers[] = { argv[1], NULL };
        const SurveyOptions options = {
                .resolvers = resolvers,
                .dns = { .port = (uint16_t) atoi(argv[2]) },
                .http_port = argc > 3 ? (uint16_t) atoi(argv[3]) : 80,
        };
        const SurveyEvents events = { .verdicts = on_verdicts };
        uint64_t begun = now_usec(CLOCK_MONOTONIC);
        r = r < 0 ? r : survey_run(request, &options, &events, &result, &e);
        if (r < 0) {
                fprintf(stderr, "%s\n", e.message ?: strerror(-r));
                return EXIT_FAILURE;
        }
        (void) json_object_set_new(result, "usec", json_integer((json_int_t) (now_usec(CLOCK_MONOTONIC) - begun)));
        _cleanup_free_ char* out = json_text(result, /* canonical= */ false);
        puts(strempty(out));
        return 0;
}
