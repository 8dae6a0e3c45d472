/* One job program's talk with the manager: the request, progress, questions, the result. The manager may be restarted at any time; what
 * it must know is said again until it has heard it, so nothing here fails for want of a manager before the job's own time is over. */
#pragma once
#include "base/json.h"

typedef struct Worker Worker;

/* Reads <run>/jobs/<id>/request.json. run is /run/steadbox but in tests. */
int worker_new(const char* run, const char* kind, const char* id, Worker** ret, Error* reterr);
Worker* worker_free(Worker* w);
DEFINE_CLEANUP(Worker*, worker_free);

const json_t* worker_request(const Worker* w);      /* what the operation asked; borrowed */
const char* worker_id(const Worker* w);
int worker_fd(const Worker* w);                     /* readable when the manager says something; negative while there is none */

/* None of these waits for more than a moment. stage NULL and percent -1 leave what was said before. */
void worker_progress(Worker* w, const char* stage, int percent, const char* format, ...) _printf_(4, 5);
void worker_log(Worker* w, const char* level, const char* format, ...) _printf_(3, 4);
bool worker_cancelled(Worker* w);                   /* by the manager or by SIGTERM */

/* Waits for the manager's answer; takes ownership of question. ret_data gets what it told, owned, NULL =
 * nothing; may be NULL. A question is put again to a restarted manager, so whoever answers must bear
 * being asked twice. */
int worker_ask(Worker* w, json_t* question, json_t** ret_data, Error* reterr);
/* The last words; waits until the manager has kept them. Takes ownership of result. */
int worker_result(Worker* w, json_t* result);
int worker_error(Worker* w, const Error* e);

/* One per kind: does the work and returns 0 with *ret_result set, or an error. */
typedef int (*WorkerMain)(Worker* w, json_t** ret_result, Error* reterr);
int app_data_main(Worker* w, json_t** ret_result, Error* reterr);
int support_bundle_main(Worker* w, json_t** ret_result, Error* reterr);
int certificate_main(Worker* w, json_t** ret_result, Error* reterr);
int certificate_check_main(Worker* w, json_t** ret_result, Error* reterr);
int domain_check_main(Worker* w, json_t** ret_result, Error* reterr);
int domain_primary_main(Worker* w, json_t** ret_result, Error* reterr);
int image_pull_main(Worker* w, json_t** ret_result, Error* reterr);
int image_clean_main(Worker* w, json_t** ret_result, Error* reterr);
int dns_write_main(Worker* w, json_t** ret_result, Error* reterr);
int catalogue_refresh_main(Worker* w, json_t** ret_result, Error* reterr);
