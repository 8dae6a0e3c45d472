/* Certificates of the box: which are wanted, how they are got, when they are renewed, what the ports really show. Fetching happens in
 * certificate jobs; pairs lie with root (helper verbs). */
#pragma once
#include "job/job.h"
#include "noun.h"

typedef struct Certificates Certificates; /* of Manager: what the helper listed last, timers */

#define BOX_CERTIFICATE "box" /* for the box's own names and addresses; self-signed until an authority signs one */

/* Which certificate in place a name should show: a trusted one that covers it, the one with the most life left; else "box". An uploaded one
 * goes before others. Borrowed until the next change. */
const char* certificate_for_name(Manager* m, const char* name);
bool certificate_trusted_for(Manager* m, const char* id, const char* name);
/* What is there, as the helper listed it last: [{id, names, issuer, self_signed, trusted, not_before, not_after, switched_at,
 * fingerprint}]; borrowed, NULL = not known yet. */
const json_t* certificates_present(Manager* m);
/* Names or methods may have changed: decide anew what is wanted and fetch what is missing. Safe to call often. */
void certificates_wanted_changed(Manager* m);
/* Fetches names into the domain's certificate now, on somebody's behalf; done once, from the loop. For the change of the primary domain. */
typedef void (*CertificateDone)(Manager* m, const Error* error, void* userdata);
int certificate_ensure(Manager* m, const char* name, CertificateDone done, void* userdata, Error* reterr);

/* For the edge. Answers are Certificate objects of tbl/types.h, owned. */
int certificate_list(Manager* m, json_t** ret, Error* reterr);
int certificate_show(Manager* m, const char* id, json_t** ret, Error* reterr); /* NOT_FOUND */
/* Inside the caller's open transaction. */
int certificate_renew(Manager* m, const char* id, const Actor* actor, char ret_job[static JOB_ID_BYTES], Error* reterr);
int certificate_upload(
                Manager* m, const char* chain, const char* key, const Actor* actor, char ret_id[static 33],
                char ret_job[static JOB_ID_BYTES], Error* reterr);
int certificate_remove(Manager* m, const char* id, Error* reterr);
int certificate_check(Manager* m, const Actor* actor, char ret_job[static JOB_ID_BYTES], Error* reterr);

extern const JobClass certificate_job, certificate_check_job;
