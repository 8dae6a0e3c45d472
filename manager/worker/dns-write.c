/* Writes a domain's records where they are kept: a provider's API or a server that takes updates. The token is asked of the manager, lives in
 * this process only and is wiped at its end; what a provider answers is parsed here, without any privilege. */
#include "base/secret.h"
#include "provider/work.h"
#include "worker/worker.h"

static void on_progress(const char* stage, int percent, const char* sentence, void* userdata) {
        worker_progress(userdata, stage, percent, "%s", sentence);
}

static void on_say(const char* sentence, void* userdata) {
        worker_progress(userdata, /* stage= */ NULL, -1, "%s", sentence);
        worker_log(userdata, "info", "%s", sentence);
}

static bool on_cancelled(void* userdata) {
        return worker_cancelled(userdata);
}

static int on_tell(json_t* message, void* userdata, Error* reterr) {
        return worker_ask(userdata, message, NULL, reterr);
}

static int token_ask(Worker* w, char** ret, Error* reterr) {
        _cleanup_json_ json_t* data = NULL;
        int r = worker_ask(w, json_pack("{s:s}", "what", "token"), &data, reterr);
        if (r < 0)
                return r;
        const char* token = json_get_string(data, "token");
        if (isempty(token))
                return error_set(reterr, ERROR_WRONG_STATE, "There is no token for this domain any more.");
        *ret = strdup(token);
        explicit_bzero((char*) token, strlen(token)); /* jansson's copy */
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot keep the token");
}

int dns_write_main(Worker* w, json_t** ret_result, Error* reterr) {
        _cleanup_(erase_and_freep) char* token = NULL;
        int r = token_ask(w, &token, reterr);
        if (r < 0)
                return r;
        const ProviderOptions options = {
                .token = token,
                .options = json_object_get(worker_request(w), "options"),
                .base_url = secure_getenv("STEADBOX_PROVIDER_URL"), /* tests have a provider of their own on loopback */
                .say = on_say,
                .cancelled = on_cancelled,
                .userdata = w,
        };
        const WorkEvents events = { .tell = on_tell, .progress = on_progress, .userdata = w };
        r = work_run(worker_request(w), &options, &events, ret_result, reterr);
        if (r < 0 && reterr->name == ERROR_WRONG_CREDENTIALS) /* the token was taken back: certificates then go another way */
                (void) worker_ask(w, json_pack("{s:s}", "what", "refused"), NULL, NULL);
        return r;
}
