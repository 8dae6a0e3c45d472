/* Words of an authority and of people who upload: read without a crash, and nothing unprintable goes on. */
#include "base/macro.h"
#include "worker/acme-output.h"
#include "worker/upload.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        _cleanup_free_ char* text = strndup((const char*) data, size);
        AcmeOutput o = {};
        UploadWords w = {};
        json_t* list = NULL;
        if (!text)
                return 0;
        (void) upload_key_weakness(text);
        if (upload_words_parse(text, &w) >= 0)
                upload_words_done(&w);
        if (upload_split(text, &list, NULL) >= 0)
                assert(json_array_size(list) > 0 && json_array_size(list) <= UPLOAD_CERTIFICATES_MAX);
        json_decref(list);
        for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
                (void) acme_output_line(&o, line, 1700000000);
        for (const char* p = o.detail; *p; p++)
                assert(*p >= ' ' && *p < 0x7f);
        assert(o.retry_after >= 0 && o.retry_after <= 30 * 86400);
        return 0;
}
