/* First byte: which operation; then up to a newline the path; the rest is the body. */
#include "api/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        if (size < 1)
                return 0;
        const Operation* o = &operation_table[data[0] % _OP_MAX];
        _cleanup_free_ char* text = strndup((const char*) data + 1, size - 1);
        if (!text)
                return 0;
        char* body = strchr(text, '\n');
        if (body)
                *body++ = 0;

        const char* segments[OPERATION_SEGMENTS_MAX];
        (void) path_split(text, segments, NULL);

        _cleanup_json_ json_t* fields = json_object();
        _cleanup_json_ json_t* parsed = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        int r = body ? json_parse_object(body, strlen(body), &parsed, &e) : 0;
        if (parsed && r >= 0)
                r = fields_decode_body(o, parsed, fields, &e);
        if (r >= 0)
                r = fields_check_required(o, fields, &e);
        assert(r >= 0 || error_is_set(&e)); /* every refusal says why */
        for (size_t i = 0; i < o->n_fields && body; i++) {
                json_t* value = NULL;
                if (field_decode_text(&o->fields[i], body, &value, NULL) >= 0)
                        json_decref(value);
        }
        return 0;
}
