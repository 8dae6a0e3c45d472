/* Lines as a worker that went wrong could send them. */
#include "base/validate.h"
#include "job/job-message.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        _cleanup_(message_done) Message m = {};
        if (size > 65536 || message_parse((const char*) data, size, &m, NULL) < 0)
                return 0;
        assert(!m.text || (strlen(m.text) <= MESSAGE_TEXT_MAX && text_valid(m.text, /* newlines= */ false)));
        assert(m.percent >= -1 && m.percent <= 100);
        assert(m.kind != MESSAGE_HELLO || id_valid(m.id));
        return 0;
}
