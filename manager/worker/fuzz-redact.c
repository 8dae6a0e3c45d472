/* Arbitrary text through the black pen: it must come out as clean UTF-8, with the known name gone. */
#include "base/macro.h"
#include "base/validate.h"
#include "worker/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        _cleanup_json_ json_t* words = json_pack("[s]", "lovelace");
        _cleanup_(redactor_freep) Redactor* r = NULL;
        _cleanup_free_ char *text = NULL, *out = NULL;
        unsigned count = 0;
        if (size > 65536 || redactor_new(words, &r) < 0 || !(text = strndup((const char*) data, size)))
                return 0;
        if (redact(r, text, &out, &count) < 0)
                return 0;
        assert(utf8_valid(out, strlen(out)) && text_valid(out, /* newlines= */ true));
        return 0;
}
