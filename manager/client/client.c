#include "client/client.h"
#include "base/time.h"
#include "client/events.h"
#include "net/body.h"
#include <stdio.h>

struct Client {
        CURL* curl;
        char* socket_path;
        unsigned timeout_sec;
};

void client_reply_done(ClientReply* r) {
        json_decref(r->body);
        free(r->etag);
        *r = (ClientReply) {};
}

int client_new(const char* socket_path, Client** ret, Error* reterr) {
        _cleanup_(client_freep) Client* c = malloc(sizeof(*c));
        if (!c)
                return error_errno(reterr, -ENOMEM, "Cannot make a client");
        *c = (Client) { .timeout_sec = 60 };
        c->curl = curl_easy_init();
        c->socket_path = strdup(socket_path);
        if (!c->curl || !c->socket_path)
                return error_errno(reterr, -ENOMEM, "Cannot make a client");
        *ret = TAKE_PTR(c);
        return 0;
}

Client* client_free(Client* c) {
        if (!c)
                return NULL;
        if (c->curl)
                curl_easy_cleanup(c->curl);
        free(c->socket_path);
        free(c);
        return NULL;
}

void client_set_timeout(Client* c, unsigned seconds) {
        c->timeout_sec = seconds;
}

char* client_escape(const char* s) {
        char* escaped = curl_easy_escape(NULL, s, (int) strlen(s));
        char* copy = escaped ? strdup(escaped) : NULL; /* so that the caller frees with free() */
        curl_free(escaped);
        return copy;
}

/* What every request has in common. The proxy of the environment must not see a unix socket, so there is none. */
static int prepare(Client* c, const char* method, const char* path, unsigned timeout_sec, Error* reterr) {
        _cleanup_free_ char* url = NULL;
        if (asprintf(&url, "http://localhost/api/v1%s", path) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot make a request");
        curl_easy_reset(c->curl);
        if (curl_easy_setopt(c->curl, CURLOPT_URL, url) != CURLE_OK ||
            curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, c->socket_path) != CURLE_OK ||
            curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method) != CURLE_OK)
                return error_errno(reterr, -ENOMEM, "Cannot make a request");
        (void) curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http");
        (void) curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
        (void) curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
        (void) curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, 10L);
        (void) curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, (long) timeout_sec);
        (void) curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "steadbox");
        return 0;
}

static int make_headers(const char* const* headers, bool has_body, struct curl_slist** ret) {
        _cleanup_(slist_freep) struct curl_slist* list = NULL;
        static const char* const fixed[] = { "Accept: application/json", "Expect:", NULL };
        const char* const body[] = { has_body ? "Content-Type: application/json" : NULL, NULL };
        const char* const* const all[] = { fixed, body, headers };
        for (size_t i = 0; i < ELEMENTS(all); i++)
                for (size_t k = 0; all[i] && all[i][k]; k++) {
                        struct curl_slist* longer = curl_slist_append(list, all[i][k]);
                        if (!longer)
                                return -ENOMEM;
                        list = longer;
                }
        *ret = TAKE_PTR(list);
        return 0;
}

static int transport_error(const Client* c, CURLcode code, Error* reterr) {
        if (code == CURLE_COULDNT_CONNECT) {
                (void) error_set(reterr, ERROR_UNREACHABLE, "Steadbox does not answer at %s.", c->socket_path);
                return error_hint(reterr, "Look at 'systemctl status steadboxd.service'; only root and members of steadbox-admin may connect.");
        }
        if (code == CURLE_OPERATION_TIMEDOUT)
                return error_set(reterr, ERROR_UNREACHABLE, "Steadbox did not answer in time.");
        if (code == CURLE_OUT_OF_MEMORY)
                return error_errno(reterr, -ENOMEM, "Cannot talk to Steadbox");
        return error_set(reterr, ERROR_UNREACHABLE, "The connection to Steadbox broke: %s.", curl_easy_strerror(code));
}

/* Turns {"error":{...}} into ours. A name that this program is too old to know keeps its sentence and counts as internal. */
static int error_from_reply(unsigned status, json_t* body, unsigned retry_after, Error* reterr) {
        json_t* e = json_object_get(body, "error");
        const char* text = json_get_string(e, "message");
        const char* field = json_get_string(e, "field");
        const char* hint = json_get_string(e, "hint");
        ErrorName name = error_name_from_string(json_get_string(e, "name"));
        int r;

        if (name < 0)
                name = status == 404 ? ERROR_NOT_FOUND : status == 403 ? ERROR_NOT_ALLOWED : status == 503 ? ERROR_BUSY : ERROR_INTERNAL;
        if (text)
                r = error_field(reterr, name, field, "%s", text);
        else
                r = error_field(reterr, name, field, "The box answered with HTTP status %u.", status);
        if (hint)
                (void) error_hint(reterr, "%s", hint);
        if (reterr)
                reterr->retry_after = retry_after;
        return r;
}

static int perform(Client* c, struct curl_slist* headers, const char* text, Body* body, Error* reterr) {
        (void) curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
        (void) curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, body_write);
        (void) curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, body);
        if (text) {
                (void) curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, text);
                (void) curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) strlen(text));
        }
        CURLcode code = curl_easy_perform(c->curl);
        if (body->too_large)
                return error_set(reterr, ERROR_TOO_LARGE, "The answer is larger than %u bytes.", CLIENT_REPLY_MAX);
        return code == CURLE_OK ? 0 : transport_error(c, code, reterr);
}

static int take_reply(Client* c, const Body* body, ClientReply* ret, Error* reterr) {
        _cleanup_(client_reply_done) ClientReply reply = {};
        long status = 0;
        curl_off_t retry_after = 0;
        struct curl_header* etag = NULL;

        (void) curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
        (void) curl_easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &retry_after);
        reply.status = (unsigned) status;
        if (body->size > 0)
                reply.body = json_loadb(body->text, body->size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
        if (status != 304 && (status < 200 || status > 299))
                return error_from_reply(reply.status, reply.body, (unsigned) MIN(retry_after, (curl_off_t) 86400), reterr);
        if (body->size > 0 && !reply.body)
                return error_set(reterr, ERROR_INTERNAL, "The box answered with something that is not JSON.");
        if (curl_easy_header(c->curl, "ETag", 0, CURLH_HEADER, -1, &etag) == CURLHE_OK) {
                reply.etag = strdup(etag->value);
                if (!reply.etag)
                        return error_errno(reterr, -ENOMEM, "Cannot keep the answer");
        }
        if (ret)
                *ret = (ClientReply) { .status = reply.status, .body = TAKE_PTR(reply.body), .etag = TAKE_PTR(reply.etag) };
        return 0;
}

int client_call(
                Client* c,
                const char* method,
                const char* path,
                const json_t* body,
                const char* const* headers,
                ClientReply* ret,
                Error* reterr) {
        _cleanup_(body_done) Body answer = BODY(CLIENT_REPLY_MAX);
        _cleanup_(slist_freep) struct curl_slist* list = NULL;
        _cleanup_free_ char* text = body ? json_text(body, /* canonical= */ false) : NULL;
        int r;

        if (body && !text)
                return error_errno(reterr, -ENOMEM, "Cannot make a request");
        r = prepare(c, method, path, c->timeout_sec, reterr);
        if (r < 0)
                return r;
        r = make_headers(headers, text, &list);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make a request");
        r = perform(c, list, text, &answer, reterr);
        if (text)
                explicit_bzero(text, strlen(text)); /* it may have held a password */
        if (r < 0)
                return r;
        return take_reply(c, &answer, ret, reterr);
}

/* A stream while it runs. Until the status is known to be 200 the bytes are an error's. */
typedef struct Stream {
        CURL* curl;
        Events* events;
        Body refusal;
        ClientOnEvent on_event;
        void* userdata;
        int result;     /* what stopped us */
} Stream;

static int on_stream_event(const char* event, const char* data, void* userdata) {
        Stream* s = userdata;
        _cleanup_json_ json_t* parsed = json_loads(data, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
        return s->on_event(event, parsed, s->userdata);
}

static size_t on_stream_bytes(char* bytes, size_t one, size_t n, void* userdata) {
        Stream* s = userdata;
        long status = 0;
        (void) curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200)
                return body_write(bytes, one, n, &s->refusal);
        s->result = events_feed(s->events, bytes, n, on_stream_event, s);
        return s->result == 0 ? n : 0;
}

int client_stream(Client* c, const char* path, unsigned seconds, ClientOnEvent on_event, void* userdata, Error* reterr) {
        _cleanup_(slist_freep) struct curl_slist* list = NULL;
        _cleanup_(events_freep) Events* events = NULL;
        static const char* const headers[] = { "Accept: text/event-stream", NULL };
        long status = 0;
        int r;

        r = prepare(c, "GET", path, seconds, reterr);
        if (r < 0)
                return r;
        r = events_new(CLIENT_EVENT_MAX, &events);
        if (r >= 0)
                r = make_headers(headers, /* has_body= */ false, &list);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make a request");

        Stream stream = { .curl = c->curl, .events = events, .refusal = BODY(CLIENT_REPLY_MAX),
                          .on_event = on_event, .userdata = userdata };
        (void) curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, list);
        (void) curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_stream_bytes);
        (void) curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &stream);
        CURLcode code = curl_easy_perform(c->curl);
        _cleanup_(body_done) Body refusal = stream.refusal;
        (void) curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);

        if (stream.result != 0)
                return stream.result;
        if (status == 200 && code == CURLE_OPERATION_TIMEDOUT)
                return -ETIME;
        if (code != CURLE_OK && code != CURLE_PARTIAL_FILE && code != CURLE_RECV_ERROR)
                return transport_error(c, code, reterr);
        if (status != 0 && status != 200) {
                _cleanup_json_ json_t* body = refusal.size > 0 ? json_loadb(refusal.text, refusal.size, 0, NULL) : NULL;
                return error_from_reply((unsigned) status, body, 0, reterr);
        }
        return 0;
}

static inline void curl_freep(CURL** curl) {
        curl_easy_cleanup(*curl);
}

static size_t on_unread(char* bytes, size_t one, size_t n, void* userdata) {
        return n;
}

int client_probe_https(const char* name, const char* address, const char* path, bool verify, unsigned* ret_status, Error* reterr) {
        _cleanup_(curl_freep) CURL* curl = curl_easy_init();
        _cleanup_(slist_freep) struct curl_slist* to = NULL;
        _cleanup_free_ char *url = NULL, *line = NULL;
        bool six = strchr(name, ':');
        long status = 0;

        if (asprintf(&url, six ? "https://[%s]%s" : "https://%s%s", name, path) < 0)
                url = NULL;
        if (asprintf(&line, strchr(address, ':') ? "::[%s]:443" : "::%s:443", address) < 0)
                line = NULL;
        to = line ? curl_slist_append(NULL, line) : NULL;
        if (!curl || !url || !to || curl_easy_setopt(curl, CURLOPT_URL, url) != CURLE_OK)
                return error_errno(reterr, -ENOMEM, "Cannot ask https://%s", name);
        (void) curl_easy_setopt(curl, CURLOPT_CONNECT_TO, to);
        (void) curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
        (void) curl_easy_setopt(curl, CURLOPT_PROXY, "");
        (void) curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        (void) curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
        (void) curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
        (void) curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
        (void) curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_unread);
        CURLcode code = curl_easy_perform(curl);
        if (code != CURLE_OK)
                return error_set(reterr, ERROR_UNREACHABLE, "https://%s does not answer: %s.", name, curl_easy_strerror(code));
        (void) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        *ret_status = (unsigned) status;
        return 0;
}
