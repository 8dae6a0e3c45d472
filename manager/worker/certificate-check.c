/* Asks each port which certificate it really shows. Nothing is judged here: the manager knows what should be there. */
#include "net/probe.h"
#include "worker/worker.h"

#define LOOKS_MAX 400

static const char* error_reason(const Error* e) {
        return error_is_set(e) ? e->message : "nothing was shown";
}

static bool protocol_known(const char* protocol) {
        static const char* const known[] = { "https", "smtp", "smtps", "imap", "imaps" };
        for (size_t i = 0; protocol && i < ELEMENTS(known); i++)
                if (streq(protocol, known[i]))
                        return true;
        return false;
}

static json_t* look(const json_t* wanted) {
        const char* address = secure_getenv("STEADBOX_WEB_ADDRESS") ?: "127.0.0.1";
        const char* protocol = json_get_string(wanted, "protocol");
        const char* name = json_get_string(wanted, "name");
        json_t* seen = json_copy((json_t*) wanted);
        _cleanup_error_ Error e = ERROR_NULL;
        ProbeSeen shown = {};
        int r = protocol_known(protocol) && name
                        ? probe_look(protocol, name, address, (unsigned) json_get_integer(wanted, "port", 0), &shown, &e)
                        : error_set(&e, ERROR_BAD_REQUEST, "This service is not known.");
        (void) json_object_set_new(seen, "error", r < 0 ? json_string(error_reason(&e)) : json_null());
        (void) json_object_set_new(seen, "fingerprint", json_string_or_null(r < 0 ? NULL : shown.fingerprint));
        (void) json_object_set_new(seen, "issuer", json_string(shown.issuer));
        (void) json_object_set_new(seen, "not_before", json_integer(shown.not_before));
        (void) json_object_set_new(seen, "not_after", json_integer(shown.not_after));
        return seen;
}

int certificate_check_main(Worker* w, json_t** ret_result, Error* reterr) {
        const json_t* looks = json_object_get(worker_request(w), "look");
        _cleanup_json_ json_t* seen = json_array();
        size_t i, n = MIN(json_array_size(looks), (size_t) LOOKS_MAX);
        for (i = 0; i < n; i++) {
                const json_t* wanted = json_array_get(looks, i);
                if (worker_cancelled(w))
                        return error_set(reterr, ERROR_WRONG_STATE, "The job was cancelled.");
                worker_progress(w, "look", (int) (i * 100 / n), "Looking at %s, port %d", strempty(json_get_string(wanted, "name")),
                                (int) json_get_integer(wanted, "port", 0));
                (void) json_array_append_new(seen, look(wanted));
        }
        *ret_result = json_pack("{s:O}", "seen", seen);
        return 0;
}
