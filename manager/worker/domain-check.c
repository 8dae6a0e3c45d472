/* Asks the world about domains (manager/dns/survey.h); tells the manager what it found, as it finds it. Holds nothing and decides nothing. */
#include "dns/survey.h"
#include "worker/worker.h"

static int on_verdicts(const char* domain, const json_t* items, const json_t* facts, void* userdata, Error* reterr) {
        json_t* question = json_pack("{s:s, s:s, s:b, s:O, s:O?}", "what", "verdicts", "domain", domain, "done", facts != NULL, "items", items,
                                     "facts", facts);
        return question ? worker_ask(userdata, question, NULL, reterr) : error_errno(reterr, -ENOMEM, "Cannot tell what was found");
}

static void on_progress(unsigned asked, unsigned answered, const char* sentence, void* userdata) {
        const char* stage = asked == 0 ? "find" : answered < asked ? "ask" : "judge";
        worker_progress(userdata, stage, asked == 0 ? 0 : (int) (answered * 95u / asked), "%s", sentence);
}

static bool on_cancelled(void* userdata) {
        return worker_cancelled(userdata);
}

int domain_check_main(Worker* w, json_t** ret_result, Error* reterr) {
        static const char* const resolvers[] = { "127.0.0.1", NULL }; /* unbound, which validates */
        const SurveyOptions options = { .resolvers = resolvers, .http_port = 80 };
        const SurveyEvents events = { .verdicts = on_verdicts, .progress = on_progress, .cancelled = on_cancelled, .userdata = w };
        return survey_run(worker_request(w), &options, &events, ret_result, reterr);
}
