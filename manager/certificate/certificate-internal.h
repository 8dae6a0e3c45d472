/* Shared by the files of this folder. */
#pragma once
#include "certificate/certificate.h"
#include "store/store-certificate.h"

#define ENSURING_MAX 16

/* Somebody waits for a certificate of a name. */
typedef struct Ensuring {
        char* name;              /* owned; NULL = this place is free */
        CertificateDone done;
        void* userdata;
        char job[JOB_ID_BYTES];  /* that fetches it; empty = none yet */
        uint64_t ended_usec;     /* when that job was seen to be over; 0 = not yet */
} Ensuring;

struct Certificates {
        Manager* m;
        json_t* present;         /* NULL = not known yet */
        json_t* known;           /* ids that have a row; others are on their way out. NULL = not known yet */
        uint64_t listed_usec;    /* when the helper said so */
        bool listing, list_again;
        sd_event_source* timer;  /* the next look */
        uint64_t timer_usec;     /* when */
        int64_t check_at;        /* the next look at the ports */
        bool check_wanted;       /* something was switched: look when the web server has it */
        unsigned check_wrong;    /* looks in a row that found something else than what is in place */
        Ensuring ensuring[ENSURING_MAX];
};

/* certificate.c */
void certificates_refresh(Manager* m);                       /* asks the helper; news lead to a look */
void certificates_look_soon(Certificates* c, uint64_t usec);
const json_t* present_find(const Certificates* c, const char* id); /* borrowed; NULL = not there */
bool present_valid(const json_t* present, int64_t now);
json_t* json_from(const char* text, bool array);             /* of a column; owned, empty when it is damaged */

/* plan.c */
const char* acme_url_now(Manager* m, bool* ret_staging, char** ret_owned); /* NULL = the authority has no test service we know */
json_t* wanted_now(Manager* m, bool by_hand);                /* owned */
int plan_look(Certificates* c, uint64_t* ret_next_usec);     /* one look: keeps rows, starts jobs; how long to rest then */
int plan_fetch(Manager* m, CertificateRow* row, const json_t* names, const char* method, const Actor* actor,
                char ret_job[static JOB_ID_BYTES], Error* reterr);
/* Whether a job for this row is open; takes in how the last one ended. row is read again where that changed it. */
int plan_outcome(Manager* m, CertificateRow* row, Error* reterr);
const json_t* want_of_id(const json_t* wanted, const char* id);

/* show.c */
typedef struct CertificateState {
        const char* severity; /* ok, note, warn, bad */
        const char* kind;     /* which sentence it is: fine, self-signed, expires, expired, failed, served, waits */
        int64_t days;         /* left */
        char* sentence;       /* owned */
} CertificateState;
void certificate_state(const CertificateRow* row, const json_t* present, bool wanted, int64_t now, CertificateState* ret);
int certificate_findings(Manager* m, Findings* list, Error* reterr);

/* served.c */
int served_check(Manager* m, const Actor* actor, char ret_job[static JOB_ID_BYTES], Error* reterr);
json_t* served_names(Manager* m, Error* reterr);             /* [{name, certificate}] as nginx should show them, owned */
