#include "api/request-internal.h"
#include "daemon/manager.h"
#include "site/site.h"
#include "base/secret.h"
#include <sodium.h>
#include <stdio.h>

#define ARGON2_OPS 2
#define ARGON2_BYTES (19 * 1024 * 1024) /* OWASP's floor for argon2id with one lane; more would not fit the smallest VPS twice */
#define PAGE_LIMIT 50 /* items, unless told */
#define PASSWORD_HASH_BYTES crypto_pwhash_STRBYTES
/* Of a password nobody knows: the same work, so that the time does not tell who exists. */
#define STAND_IN "$argon2id$v=19$m=19456,t=2,p=1$c3RlYWRib3hzdGVhZGJveA$3bTWqNMlJqy1sCNzOAKxYVGRbyvhtJxZ0sKT0nUFWpc"

Request* request_new(Manager* m) {
        Request* r = calloc(1, sizeof(Request));
        if (!r)
                return NULL;
        r->manager = m;
        r->fields = json_object();
        r->audit_detail = json_object();
        if (!r->fields || !r->audit_detail)
                return request_free(r);
        return r;
}

static PasswordWork* password_work_free(PasswordWork* w) {
        if (!w)
                return NULL;
        erase_and_free(w->password);
        erase_and_free(w->hash);
        free(w);
        return NULL;
}

static void state_free(Request* r) {
        if (r->then_free && r->then_state)
                r->then_free(r->then_state);
        r->then_free = NULL;
        r->then_state = NULL;
}

Request* request_free(Request* r) {
        if (!r)
                return NULL;
        state_free(r);
        r->password = password_work_free(r->password);
        error_done(&r->resume_error);
        if (r->response)
                MHD_destroy_response(r->response);
        if (r->body)
                sodium_memzero(r->body, r->body_size); /* it may have held a password */
        free(r->body);
        free(r->path);
        free(r->reply_text);
        free(r->cookie);
        json_decref(r->fields);
        json_decref(r->audit_detail);
        free(r);
        return NULL;
}

Manager* request_manager(Request* r) {
        return r->manager;
}
const Operation* request_operation(Request* r) {
        return r->operation;
}
const Actor* request_actor(Request* r) {
        return &r->actor;
}
const char* request_address(Request* r) {
        return r->address;
}
const char* request_agent(Request* r) {
        return strempty(r->agent);
}
const char* request_host(Request* r) {
        return r->host;
}

const char* request_language(Request* r) {
        const char* accept = http_header(r, "Accept-Language");
        if (accept && strncasecmp(accept, "de", 2) == 0)
                return "de";
        return accept && strncasecmp(accept, "en", 2) == 0 ? "en" : site_language(r->manager);
}

static json_t* field_value(Request* r, const char* field) {
        assert(operation_field(r->operation, field));
        return json_object_get(r->fields, field);
}
bool request_has(Request* r, const char* field) {
        return field_value(r, field);
}
const char* request_string(Request* r, const char* field) {
        return json_string_value(field_value(r, field));
}
int64_t request_integer(Request* r, const char* field, int64_t otherwise) {
        json_t* v = field_value(r, field);
        return v ? json_integer_value(v) : otherwise;
}
bool request_boolean(Request* r, const char* field, bool otherwise) {
        json_t* v = field_value(r, field);
        return v ? json_is_true(v) : otherwise;
}
json_t* request_strings(Request* r, const char* field) {
        return field_value(r, field);
}
json_t* request_fields(Request* r) {
        return r->fields;
}

int request_reply_text(Request* r, char* json) {
        free(r->reply_text);
        r->reply_text = json;
        r->status = r->status ?: 200;
        return json ? 0 : -ENOMEM;
}

int request_reply(Request* r, json_t* body) {
        char* text = body ? json_text(body, /* canonical= */ false) : NULL;
        json_decref(body);
        return request_reply_text(r, text);
}

int request_reply_empty(Request* r) {
        return request_reply_text(r, strdup("{}"));
}

int request_reply_items(Request* r, json_t* items) {
        return request_reply(r, json_pack("{s:o,s:n,s:I}", "items", items, "next", "total", (json_int_t) json_array_size(items)));
}

int request_reply_page(Request* r, json_t* items, const char* key, Error* reterr) {
        _cleanup_json_ json_t *all = items, *page = json_array();
        const char *after = request_string(r, "after"), *next = NULL;
        size_t limit = (size_t) request_integer(r, "limit", PAGE_LIMIT), total = json_array_size(all), i = 0;
        if (!isempty(after)) {
                while (i < total && !streq_ptr(json_get_string(json_array_get(all, i), key), after))
                        i++;
                if (i == total)
                        return error_field(reterr, ERROR_BAD_FIELD, "after", "That page is not there any more; begin at the first.");
                i++;
        }
        for (; i < total && json_array_size(page) < limit; i++)
                (void) json_array_append(page, json_array_get(all, i));
        if (i < total && i > 0)
                next = json_get_string(json_array_get(all, i - 1), key);
        return request_reply(r, json_pack("{s:O,s:o,s:I}", "items", page, "next", json_string_or_null(next), "total", (json_int_t) total));
}

int request_reply_job(Request* r, const char* job_id) {
        r->status = 202;
        return request_reply(r, json_pack("{s:s}", "job", job_id));
}

void request_cookie_set(Request* r, const char* token, int64_t max_age_sec) {
        free(r->cookie);
        r->cookie = NULL;
        if (asprintf(&r->cookie, "__Host-steadbox=%s; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=%lld", strempty(token),
                     token ? (long long) max_age_sec : 0LL) < 0)
                r->cookie = NULL;
}

void request_audit_object(Request* r, const char* object) {
        (void) snprintf(r->audit_object, sizeof(r->audit_object), "%s", object);
}
void request_audit_actor(Request* r, int64_t user_id) {
        r->audit_actor = user_id;
}
void request_audit_detail(Request* r, const char* key, json_t* value) {
        (void) json_object_set_new(r->audit_detail, key, value);
}

int request_later(Request* r, RequestThen then, void* state, void (*free_state)(void*)) {
        if (state != r->then_state)
                state_free(r);
        r->then = then;
        r->then_state = state;
        r->then_free = free_state;
        return REQUEST_LATER;
}

void* request_state(Request* r) {
        return r->then_state;
}

void request_resume(Request* r, int result, Error* error) {
        assert(r->state == REQUEST_RUNNING || r->state == REQUEST_WAITING);
        r->resume_result = result;
        error_done(&r->resume_error);
        if (error) {
                r->resume_error = *error;
                *error = ERROR_NULL;
        }
        if (r->state == REQUEST_RUNNING) {
                r->resumed_early = true;
                return;
        }
        route_continue(r);
}

static void password_run(void* data) {
        PasswordWork* w = data;
        if (w->derive) {
                w->matched = crypto_pwhash_str_alg(w->hash, w->password, strlen(w->password), ARGON2_OPS, ARGON2_BYTES,
                                                   crypto_pwhash_ALG_ARGON2ID13) == 0;
                return;
        }
        bool same = crypto_pwhash_str_verify(w->hash ?: STAND_IN, w->password, strlen(w->password)) == 0;
        w->matched = same && w->hash;
}

static void password_done(void* data) {
        PasswordWork* w = data;
        Request* r = w->request;
        Error e = ERROR_NULL;
        int result = 0;
        if (w->derive && !w->matched)
                result = error_set(&e, ERROR_BUSY, "There is not enough memory to protect a password just now; please try again.");
        request_resume(r, result, &e);
        error_done(&e);
}

static int password_submit(Request* r, PasswordWork* work, RequestThen then, void* state, void (*free_state)(void*), Error* reterr) {
        (void) request_later(r, then, state, free_state); /* from here on the request owns state */
        r->password = password_work_free(r->password);
        r->password = work;
        if (!work || !work->password || (work->derive && !work->hash))
                return error_errno(reterr, -ENOMEM, "Cannot check the password");
        int k = pool_submit(r->manager->pool, password_run, password_done, work, reterr);
        return k < 0 ? k : REQUEST_LATER;
}

int request_password_check(Request* r, const char* password, const char* hash, RequestThen then, void* state, void (*free_state)(void*), Error* reterr) {
        PasswordWork* work = calloc(1, sizeof(PasswordWork));
        if (work)
                *work = (PasswordWork) { .password = strdup(password), .hash = hash ? strdup(hash) : NULL, .request = r };
        return password_submit(r, work, then, state, free_state, reterr);
}

int request_password_derive(Request* r, const char* password, RequestThen then, void* state, void (*free_state)(void*), Error* reterr) {
        PasswordWork* work = calloc(1, sizeof(PasswordWork));
        if (work)
                *work = (PasswordWork) { .password = strdup(password), .hash = calloc(1, PASSWORD_HASH_BYTES), .derive = true, .request = r };
        return password_submit(r, work, then, state, free_state, reterr);
}

bool request_password_matched(Request* r) {
        return r->password && !r->password->derive && r->password->matched;
}
const char* request_password_hash(Request* r) {
        return r->password && r->password->derive && r->password->matched ? r->password->hash : NULL;
}
