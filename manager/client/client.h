/* A blocking client of the API over a unix socket, for programs that a person or the machine starts (CLI, installer). The only place
 * that includes curl.h beside the jobs; the manager itself never links it. */
#pragma once
#include "base/error.h"
#include "base/json.h"

#define CLIENT_ADMIN_SOCKET "/run/steadbox/admin.sock"
#define CLIENT_REPLY_MAX (64U * 1024 * 1024) /* bytes of one answer */
#define CLIENT_EVENT_MAX (1024U * 1024)      /* bytes of one server-sent event */

typedef struct Client Client;

typedef struct ClientReply {
        unsigned status;   /* HTTP status, 2xx or 304 */
        json_t* body;      /* owned; NULL where the answer was empty */
        char* etag;        /* owned; for If-Match, or NULL */
} ClientReply;
void client_reply_done(ClientReply* r);

int client_new(const char* socket_path, Client** ret, Error* reterr);
Client* client_free(Client* c);
DEFINE_CLEANUP(Client*, client_free);
/* How long one call may take in all; 60 s unless told, 0 = for ever. */
void client_set_timeout(Client* c, unsigned seconds);

/* Calls METHOD on path, which begins behind /api/v1 and may carry a query string: "/users?limit=50". body (borrowed, may be NULL) is
 * sent as JSON; headers are "Name: value" lines, NULL-terminated, or NULL. Everything but 2xx and 304 is an error with the name,
 * sentence, field, hint and Retry-After that the box gave; UNREACHABLE when nobody listens. ret may be NULL. */
int client_call(Client* c,
                const char* method,
                const char* path,
                const json_t* body,
                const char* const* headers,
                ClientReply* ret,
                Error* reterr);

/* One server-sent event; data is borrowed and NULL where it is not JSON. Return 0 to go on, 1 to stop, negative to stop with it. */
typedef int (*ClientOnEvent)(const char* event, json_t* data, void* userdata);
/* GETs a stream of server-sent events until on_event stops it (returns its value), the box closes it (0), or seconds are over
 * (-ETIME, no error set; 0 = for ever). */
int client_stream(Client* c, const char* path, unsigned seconds, ClientOnEvent on_event, void* userdata, Error* reterr);

/* GETs https://name/path from address ("127.0.0.1") whatever the name resolves to. verify: the certificate must be good for the name.
 * ret_status is written whenever there was an answer. Redirects are not followed. */
int client_probe_https(const char* name, const char* address, const char* path, bool verify, unsigned* ret_status, Error* reterr);

/* Percent-encodes a path segment or query value (RFC 3986); owned by the caller, NULL on out of memory. */
char* client_escape(const char* s);
