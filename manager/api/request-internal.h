/* The inside of a request, for http.c (bytes), route.c (what may happen) and request.c (what handlers see). */
#pragma once
#include "api/request.h"
#include <microhttpd.h>

#define BODY_MAX (16 * 1024)
#define BODY_LARGE_MAX (5 * 1024 * 1024)

typedef enum RequestState {
        REQUEST_READING,  /* the body is coming */
        REQUEST_RUNNING,  /* a handler is on the stack */
        REQUEST_WAITING,  /* suspended until request_resume() */
        REQUEST_ANSWERED, /* response is set, to be queued */
} RequestState;

typedef struct PasswordWork {
        char* password;
        char* hash;  /* to check against, or the derived one; NULL = a stand-in */
        bool derive;
        bool matched;
        Request* request;
} PasswordWork;

struct Request {
        Manager* manager;
        struct MHD_Connection* connection; /* NULL for the twin of If-Match */
        RequestState state;
        bool admin_socket;
        bool resumed_early;     /* request_resume() came before the handler returned */
        bool sse;               /* the answer is a stream */
        Method method;
        const Operation* operation;
        unsigned allowed;       /* 405: the bits 1 << METHOD_x that the address knows */
        Actor actor;
        char address[64];
        char host[256];
        const char* agent;      /* of MHD */
        char* path;             /* writable copy; segments point into it */
        char* body;
        size_t body_size, body_max, body_room;
        bool body_too_large;
        json_t* fields;
        bool transaction_wanted;
        bool committed;         /* done but for the disk; see durable.h */

        /* the answer */
        struct MHD_Response* response;
        unsigned status;
        char* reply_text;       /* JSON */
        char* cookie;           /* whole Set-Cookie value */
        char tag[48];           /* entity tag; empty = none */

        /* the log */
        char audit_object[96];
        int64_t audit_actor;
        json_t* audit_detail;

        /* waiting */
        RequestThen then;
        void* then_state;
        void (*then_free)(void*);
        int resume_result;
        Error resume_error;
        PasswordWork* password;
};

Request* request_new(Manager* m);
Request* request_free(Request* r);
DEFINE_CLEANUP(Request*, request_free);

/* route.c */
void route_head(Request* r, const char* method, const char* url); /* finds the row; sets the body limit; may answer at once */
void route_run(Request* r);                                       /* the body is there: decide, decode, run */
void route_continue(Request* r);                                  /* after request_resume() */
void route_answer_error(Request* r, Error* e);
/* http.c */
void http_suspend(Manager* m, struct MHD_Connection* connection);
void http_resume(Manager* m, struct MHD_Connection* connection, bool admin_socket);
void http_be_patient(struct MHD_Connection* connection); /* from now on, with a reader who pauses: a connection for nothing else */
const char* http_header(Request* r, const char* name);
/* The value of the cookie of that name that has that many bytes, not terminated; NULL where there is
 * none, or more than one: ours are __Host- cookies, which no browser has twice. */
const char* http_cookie(Request* r, const char* name, size_t size);
/* Calls visit for each query argument (decoded); stops and returns its error. */
int http_query(Request* r, int (*visit)(void* userdata, const char* name, const char* value, Error* reterr), void* userdata, Error* reterr);
/* events.c */
