/* The pipeline of every operation: row, who, may they, decode, transaction, handler, log, answer. */
#include "api/decode.h"
#include "api/durable.h"
#include "api/handlers.h"
#include "api/request-internal.h"
#include "api/tag.h"
#include "audit/audit.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/time.h"
#include "daemon/manager.h"
#include "site/site.h"
#include "store/store-idempotency.h"
#include "user/session.h"
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/socket.h>

typedef int (*Handler)(Request* r, Error* reterr);

static const Handler handler_table[_OP_MAX] = {
#include "api/handlers.inc"
};

/* ---- who is it ---- */

static bool peer_in_group(int fd, gid_t wanted) {
        gid_t groups[256];
        socklen_t size = sizeof(groups);
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
                return false;
        for (size_t i = 0; i < size / sizeof(gid_t); i++)
                if (groups[i] == wanted)
                        return true;
        return false;
}

static void identify_unix(Request* r, int fd) {
        struct ucred peer = { .uid = (uid_t) -1 };
        socklen_t size = sizeof(peer);
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return;
        r->actor = (Actor) { .via = VIA_UNIX };
        if (peer.uid == 0) {
                r->actor.role = ROLE_ROOT;
                r->actor.root = true;
                (void) snprintf(r->actor.name, sizeof(r->actor.name), "unix:root");
                return;
        }
        const struct group* g = getgrnam("steadbox-admin");
        const struct passwd* p = getpwuid(peer.uid);
        bool admin = g && (peer.gid == g->gr_gid || peer_in_group(fd, g->gr_gid));
        r->actor.role = admin ? ROLE_ADMIN : ROLE_NOBODY;
        (void) snprintf(r->actor.name, sizeof(r->actor.name), "unix:%.32s", p ? p->pw_name : "unknown");
}

static int identify_web(Request* r, Error* reterr) {
        r->actor = (Actor) { .via = VIA_NOBODY, .role = ROLE_NOBODY };
        (void) snprintf(r->actor.name, sizeof(r->actor.name), "nobody");
        const char* authorization = http_header(r, "Authorization");
        const char* bearer = authorization ? startswith(authorization, "Bearer ") : NULL;
        if (authorization && !bearer)
                return error_set(reterr, ERROR_SIGN_IN_NEEDED, "Only bearer tokens are accepted in the Authorization header.");
        if (bearer)
                return token_authenticate(r->manager, bearer, r->operation, &r->actor, reterr);
        const char* cookie = http_cookie(r, "__Host-steadbox", TOKEN_TEXT_BYTES - 1);
        _cleanup_(erase_and_freep) char* token = cookie ? strndup(cookie, TOKEN_TEXT_BYTES - 1) : NULL;
        return token ? session_authenticate(r->manager, token, &r->actor, reterr) : 0;
}

/* Cross-site requests: SameSite=Strict keeps the cookie at home already; this catches what is left (OWASP CSRF, "verify origin"). */
static int check_origin(Request* r, Error* reterr) {
        if (r->admin_socket || r->method == METHOD_GET)
                return 0;
        const char* origin = http_header(r, "Origin");
        const char* site = http_header(r, "Sec-Fetch-Site");
        if (origin) {
                const char* host = startswith(origin, "https://");
                if (!host || strcasecmp(host, r->host) != 0)
                        return error_set(reterr, ERROR_WRONG_ORIGIN, "The request came from the page %.100s, which is not this box's.", origin);
        } else if (r->actor.via == VIA_SESSION && !(site && streq(site, "same-origin")))
                return error_set(reterr, ERROR_WRONG_ORIGIN, "A browser's change must name its Origin.");
        return 0;
}

static int authorise(Request* r, Error* reterr) {
        const Operation* o = r->operation;
        if (role_includes(r->actor.role, o->who)) {
                if (r->actor.via == VIA_TOKEN && (o->flags & OPERATION_SESSION_ONLY))
                        return error_set(reterr, ERROR_WRONG_SCOPE, "This can only be done signed in, not with an API token.");
                return 0;
        }
        if (r->actor.via == VIA_NOBODY)
                return error_set(reterr, ERROR_SIGN_IN_NEEDED, "Please sign in.");
        return error_set(reterr, ERROR_NOT_ALLOWED, "%s needs the role %s.", o->title, role_to_string(o->who));
}

/* ---- the log ---- */

static int log_line(Request* r, const char* result, const Error* e, Error* reterr) {
        if (*r->address)
                request_audit_detail(r, "address", json_string(r->address));
        if (error_is_set(e)) {
                request_audit_detail(r, "error", json_string(error_name_to_string(e->name)));
                if (e->field)
                        request_audit_detail(r, "field", json_string(e->field));
        }
        return audit_append(
                        r->manager->audit,
                        &(AuditLine) {
                                        .operation = r->operation->name,
                                        .actor_id = r->audit_actor ?: r->actor.user_id,
                                        .actor_name = r->actor.name,
                                        .object = r->audit_object,
                                        .result = result,
                                        .detail = r->audit_detail,
                        },
                        reterr);
}

/* Refusals and failures get a line of their own, after the rollback. Strangers can cause only so many a minute. */
static void log_refusal(Request* r, const Error* e) {
        unsigned http = error_name_http(e->name);
        bool refused = http == 401 || http == 403 || http == 429;
        if (!refused && !(r->operation->flags & (OPERATION_WRITE | OPERATION_AUDIT_READ)))
                return;
        if (http == 400 || http == 413 || http == 507) /* nothing was asked that makes sense; a full disk takes no line */
                return;
        if (r->actor.via == VIA_NOBODY && r->operation->symbol == OP_SESSION_SHOW)
                return; /* how a page asks whether anybody is signed in */
        if (r->actor.via == VIA_NOBODY && !audit_stranger_may(r->manager->audit))
                return;
        _cleanup_error_ Error ignored = ERROR_NULL;
        if (store_begin(r->manager->store, &ignored) < 0)
                return;
        if (log_line(r, refused ? "refused" : "failed", e, &ignored) < 0 || store_commit(r->manager->store, &ignored) < 0) {
                store_rollback(r->manager->store);
                log_warning("Cannot write the log, ignoring: %s", strempty(ignored.message));
        }
}

/* ---- answers ---- */

void route_answer_error(Request* r, Error* e) {
        if (!error_is_set(e))
                (void) error_set(e, ERROR_INTERNAL, "Something went wrong inside the box.");
        if (r->operation)
                log_refusal(r, e);
        if (error_name_http(e->name) >= 500)
                log_warning("%s: %s", r->operation ? r->operation->name : "request", e->message);
        _cleanup_json_ json_t* body = json_pack("{s:{s:s,s:s,s:s*,s:s*}}", "error", "name", error_name_to_string(e->name), "message",
                                                e->message, "field", e->field, "hint", e->hint);
        free(r->reply_text);
        r->reply_text = body ? json_text(body, /* canonical= */ false) : NULL;
        r->status = error_name_http(e->name);
        r->tag[0] = 0;
        if (e->name == ERROR_SIGN_IN_NEEDED) {
                const char* cookie = http_cookie(r, "__Host-steadbox", TOKEN_TEXT_BYTES - 1);
        _cleanup_(erase_and_freep) char* token = cookie ? strndup(cookie, TOKEN_TEXT_BYTES - 1) : NULL;
                if (token)
                        request_cookie_set(r, NULL, 0); /* it is of no use any more */
        }
        r->resume_error.retry_after = e->retry_after ?: r->status == 429 || r->status == 503 ? MAX(e->retry_after, 1u) : 0;
        r->state = REQUEST_ANSWERED;
}

static void answer_failure(Request* r, int result, Error* e) {
        if (!error_is_set(e))
                (void) error_errno(e, result < 0 ? result : -EIO, "%s failed", r->operation->title);
        free(TAKE_PTR(r->cookie));
        route_answer_error(r, e);
}

/* ---- idempotency (draft-ietf-httpapi-idempotency-key-header) ---- */

static const char* idempotency_key(Request* r) {
        return r->method == METHOD_POST && r->actor.via != VIA_NOBODY ? http_header(r, "Idempotency-Key") : NULL;
}

static void idempotency_actor(Request* r, char ret[static 64]) {
        if (r->actor.user_id)
                (void) snprintf(ret, 64, "#%lld", (long long) r->actor.user_id);
        else
                (void) snprintf(ret, 64, "%s", r->actor.name);
}

static void request_digest(Request* r, uint8_t ret[static DIGEST_BYTES]) {
        _cleanup_free_ char* text = json_text(r->fields, /* canonical= */ true);
        _cleanup_free_ char* whole = NULL;
        int n = asprintf(&whole, "%s %s", r->operation->name, strempty(text));
        digest_sha256(strempty(whole), n > 0 ? (size_t) n : 0, ret);
}

/* 1 = answered from before. */
static int idempotency_replay(Request* r, Error* reterr) {
        const char* key = idempotency_key(r);
        if (!key)
                return 0;
        if (strlen(key) > 128 || !*key)
                return error_set(reterr, ERROR_BAD_REQUEST, "An Idempotency-Key has 1 to 128 bytes.");
        char actor[64];
        uint8_t digest[DIGEST_BYTES];
        idempotency_actor(r, actor);
        request_digest(r, digest);
        int k = store_idempotency_find(r->manager->store, r->manager->seal, actor, key, digest, &r->status, &r->reply_text, reterr);
        if (k > 0)
                r->state = REQUEST_ANSWERED;
        return k;
}

static int idempotency_keep(Request* r, Error* reterr) {
        const char* key = idempotency_key(r);
        if (!key || !r->transaction_wanted)
                return 0;
        char actor[64];
        uint8_t digest[DIGEST_BYTES];
        idempotency_actor(r, actor);
        request_digest(r, digest);
        return store_idempotency_add(r->manager->store, r->manager->seal, actor, key, digest, r->status ?: 200, r->reply_text, reterr);
}

/* ---- running ---- */

static void finish(Request* r, int result, Error* e) {
        Store* store = r->manager->store;
        if (result >= 0 && r->transaction_wanted) {
                result = log_line(r, "ok", NULL, e);
                if (result >= 0)
                        result = idempotency_keep(r, e);
                if (result >= 0)
                        result = store_commit(store, e);
        }
        if (r->transaction_wanted)
                store_rollback(store); /* does nothing after a commit */
        if (result >= 0 && r->transaction_wanted && r->manager->durable) {
                r->committed = true;
                result = durable_wait(r->manager->durable, r, e);
                if (result > 0 && !r->resumed_early) {
                        r->state = REQUEST_WAITING;
                        return;
                }
                if (r->resumed_early && r->resume_result < 0) {
                        answer_failure(r, r->resume_result, &r->resume_error);
                        return;
                }
        }
        if (result < 0) {
                answer_failure(r, result, e);
                return;
        }
        tag_finish(r);
        r->state = REQUEST_ANSWERED;
}

/* A stream has begun. What is worth a line in the log has it before the first byte goes out. */
static void stream_begun(Request* r, Error* e) {
        Store* store = r->manager->store;
        int k = r->transaction_wanted ? log_line(r, "ok", NULL, e) : 0;
        if (k >= 0 && r->transaction_wanted)
                k = store_commit(store, e);
        if (r->transaction_wanted)
                store_rollback(store); /* does nothing after a commit */
        r->state = REQUEST_ANSWERED;
        if (k >= 0)
                return;
        MHD_destroy_response(TAKE_PTR(r->response)); /* whoever was to listen is told that it is gone */
        r->sse = false;
        answer_failure(r, k, e);
}

/* Runs a handler, or what follows its wait. */
static void run(Request* r, Handler handler, RequestThen then) {
        _cleanup_error_ Error e = ERROR_NULL;
        int result = 0;
        for (;;) {
                r->state = REQUEST_RUNNING;
                r->resumed_early = false;
                if (r->transaction_wanted)
                        result = store_begin(r->manager->store, &e);
                if (result >= 0)
                        result = then ? then(r, r->then_state, &e) : handler(r, &e);
                if (result != REQUEST_LATER || r->sse)
                        break;
                if (r->transaction_wanted)
                        store_rollback(r->manager->store);
                if (!r->resumed_early) {
                        r->state = REQUEST_WAITING;
                        return;
                }
                if (r->resume_result < 0) {
                        answer_failure(r, r->resume_result, &r->resume_error);
                        return;
                }
                then = r->then;
        }
        if (result == REQUEST_LATER)
                stream_begun(r, &e);
        else
                finish(r, result, &e);
}

void route_continue(Request* r) {
        assert(r->state == REQUEST_WAITING);
        if (r->resume_result < 0) {
                Error e = r->resume_error;
                r->resume_error = ERROR_NULL;
                answer_failure(r, r->resume_result, &e);
                error_done(&e);
        } else if (r->committed) {
                tag_finish(r);
                r->state = REQUEST_ANSWERED;
        } else
                run(r, NULL, r->then);
        if (r->state == REQUEST_ANSWERED)
                http_resume(r->manager, r->connection, r->admin_socket);
}

/* The same address read by the same person: what If-Match speaks about (RFC 9110 13.1.1). */
static int twin_tag(Request* r, char ret[static 48], Error* reterr) {
        const Operation* o = r->operation;
        for (size_t i = 0; i < _OP_MAX; i++) {
                const Operation* t = &operation_table[i];
                if (t->method != METHOD_GET || !streq(t->path, o->path) || (t->flags & (OPERATION_AUDIT_READ | OPERATION_STREAM)))
                        continue;
                _cleanup_(request_freep) Request* twin = request_new(r->manager);
                if (!twin)
                        return error_errno(reterr, -ENOMEM, "Cannot compare");
                twin->operation = t;
                twin->actor = r->actor;
                for (size_t k = 0; k < t->n_fields; k++) {
                        json_t* v = json_object_get(r->fields, t->fields[k].name);
                        if (v && operation_field_in_path(t, &t->fields[k]))
                                (void) json_object_set(twin->fields, t->fields[k].name, v);
                }
                int k = handler_table[i](twin, reterr);
                if (k < 0)
                        return k;
                if (k == REQUEST_LATER)
                        break;
                tag_of_text(twin->reply_text, ret);
                return 0;
        }
        return error_set(reterr, ERROR_BAD_REQUEST, "If-Match is not supported at this address.");
}

static int check_if_match(Request* r, Error* reterr) {
        const char* wanted = http_header(r, "If-Match");
        if (!wanted || r->method == METHOD_GET || streq(wanted, "*"))
                return 0;
        char tag[48];
        int k = twin_tag(r, tag, reterr);
        if (k < 0)
                return k;
        if (!tag_list_has(wanted, tag))
                return error_set(reterr, ERROR_CHANGED_MEANWHILE, "Somebody changed this meanwhile. Load it again and repeat your change.");
        return 0;
}

static int query_visit(void* userdata, const char* name, const char* value, Error* reterr) {
        Request* r = userdata;
        const Field* f = operation_takes_query(r->operation) ? operation_field(r->operation, name) : NULL;
        if (!f || operation_field_in_path(r->operation, f))
                return error_field(reterr, ERROR_UNKNOWN_FIELD, name, "There is no parameter '%.64s' here.", name);
        if (json_object_get(r->fields, name))
                return error_field(reterr, ERROR_BAD_FIELD, name, "The parameter %s is given twice.", name);
        json_t* checked = NULL;
        int k = field_decode_text(f, value, &checked, reterr);
        if (k >= 0)
                (void) json_object_set_new(r->fields, name, checked);
        return k;
}

static int decode(Request* r, Error* reterr) {
        int k = http_query(r, query_visit, r, reterr);
        if (k < 0)
                return k;
        if (r->body_too_large)
                return error_set(reterr, ERROR_TOO_LARGE, "The body is larger than %zu bytes.", r->body_max);
        if (r->body_size > 0) {
                if (operation_takes_query(r->operation))
                        return error_set(reterr, ERROR_BAD_REQUEST, "%s takes no body.", method_to_string(r->method));
                const char* type = http_header(r, "Content-Type");
                if (!type || strncasecmp(type, "application/json", strlen("application/json")) != 0)
                        return error_set(reterr, ERROR_BAD_REQUEST, "The body must be application/json.");
                _cleanup_json_ json_t* body = NULL;
                k = json_parse_object(r->body, r->body_size, &body, reterr);
                if (k >= 0)
                        k = fields_decode_body(r->operation, body, r->fields, reterr);
                if (k < 0)
                        return k;
        }
        return fields_check_required(r->operation, r->fields, reterr);
}

static int admit(Request* r, Error* reterr) {
        int k = 0;
        if (!r->admin_socket) {
                k = site_check_host(r->manager, r->host, reterr);
                if (k >= 0)
                        k = identify_web(r, reterr);
        }
        if (k >= 0)
                k = authorise(r, reterr);
        if (k >= 0)
                k = check_origin(r, reterr);
        if (k >= 0)
                k = decode(r, reterr);
        if (k >= 0)
                k = check_if_match(r, reterr);
        return k;
}

void route_run(Request* r) {
        _cleanup_error_ Error e = ERROR_NULL;
        int k = admit(r, &e);
        if (k >= 0)
                k = idempotency_replay(r, &e);
        if (k < 0) {
                answer_failure(r, k, &e);
                return;
        }
        if (r->state == REQUEST_ANSWERED || tag_answer_unchanged(r))
                return;
        r->transaction_wanted = r->operation->flags & (OPERATION_WRITE | OPERATION_AUDIT_READ | OPERATION_JOB);
        run(r, handler_table[r->operation->symbol], NULL);
}

/* Finds the row from the request line, before the body comes, so that its limit is known. */
static int find_row(Request* r, const char* method, const char* url, Error* reterr) {
        r->method = method_from_string(method);
        const char* below = startswith(url, API_PREFIX "/");
        if (!below)
                return error_set(reterr, ERROR_NOT_FOUND, "There is nothing at this address.");
        r->path = strdup(below);
        const char* segments[OPERATION_SEGMENTS_MAX];
        int n = r->path ? path_split(r->path, segments, reterr) : -ENOMEM;
        if (n < 0)
                return n;
        const Field* fields[OPERATION_VALUES_MAX];
        const char* values[OPERATION_VALUES_MAX];
        size_t n_values = 0;
        unsigned allowed = 0;
        int k = operation_route(r->method, segments, (size_t) n, &r->operation, fields, values, &n_values, &allowed);
        r->allowed = k == -EOPNOTSUPP ? allowed : 0;
        if (k == -EOPNOTSUPP)
                return error_set(reterr, ERROR_METHOD_NOT_ALLOWED, "This address does not know the method %.16s.", method);
        if (k <= 0)
                return error_set(reterr, ERROR_NOT_FOUND, "There is nothing at this address.");
        for (size_t i = 0; i < n_values; i++) {
                json_t* checked = NULL;
                k = field_decode_text(fields[i], values[i], &checked, reterr);
                if (k < 0)
                        return k;
                (void) json_object_set_new(r->fields, fields[i]->name, checked);
        }
        return 0;
}

void route_head(Request* r, const char* method, const char* url) {
        _cleanup_error_ Error e = ERROR_NULL;
        int k = find_row(r, method, url, &e);
        r->body_max = r->operation && (r->operation->flags & OPERATION_BODY_LARGE) ? BODY_LARGE_MAX : BODY_MAX;
        if (r->admin_socket)
                identify_unix(r, MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
        if (k < 0) {
                r->operation = NULL; /* nothing of the log: no operation was asked for */
                if (!error_is_set(&e))
                        (void) error_errno(&e, k, "The address cannot be read");
                route_answer_error(r, &e);
        }
}
