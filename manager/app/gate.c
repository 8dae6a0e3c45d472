#include "app/gate.h"
#include "base/time.h"
#include "base/validate.h"
#include "daemon/manager.h"
#include "site/site.h"
#include "store/store-app.h"
#include "user/presence.h"
#include "user/session.h"
#include <sodium.h>
#include <stdio.h>

#define PATH_MAX_BYTES 2048

typedef struct Code {
        struct Code* next;
        uint8_t digest[DIGEST_BYTES];  /* of the code */
        char token[TOKEN_TEXT_BYTES];  /* the cookie it is good for */
        char state[GATE_STATE_BYTES];
        char* host;
        char* path;
        uint64_t over_usec;            /* monotonic */
} Code;

struct Gate {
        Code* codes; /* newest first */
        size_t n;
};

static Code* code_free(Code* c) {
        if (!c)
                return NULL;
        free(c->host);
        free(c->path);
        sodium_memzero(c, sizeof(*c));
        free(c);
        return NULL;
}
DEFINE_CLEANUP(Code*, code_free);

Gate* gate_free(Gate* g) {
        while (g && g->codes) {
                Code* c = g->codes;
                g->codes = c->next;
                (void) code_free(c);
        }
        free(g);
        return NULL;
}

/* Drops what is over, and the oldest when there are too many. */
static void codes_trim(Gate* g) {
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        size_t kept = 0;
        for (Code** at = &g->codes; *at;) {
                Code* c = *at;
                if (c->over_usec > now && kept < GATE_CODES_MAX) {
                        at = &c->next;
                        kept++;
                        continue;
                }
                *at = c->next;
                (void) code_free(c);
        }
        g->n = kept;
}

bool gate_path_valid(const char* path) {
        if (path[0] != '/' || path[1] == '/' || path[1] == '\\' || strlen(path) > PATH_MAX_BYTES)
                return false;
        for (const unsigned char* p = (const unsigned char*) path; *p; p++)
                if (*p <= ' ' || *p >= 0x7f || *p == '\\' || *p == '"' || *p == '<' || *p == '>')
                        return false;
        return !startswith(path, "/.steadbox/");
}

bool gate_state_valid(const char* s) {
        return s && strlen(s) == GATE_STATE_BYTES - 1 && s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")] == 0;
}

/* --- at every request --- */

static bool may_enter(const Visitor* v) {
        return !streq(v->access, "groups") || v->member;
}

/* So that a person who only ever opens apps stays signed in. */
static void note(Manager* m, const Visitor* v, int64_t now) {
        if (!m->presence || now - v->session_seen_at < PRESENCE_SESSION_SEC)
                return;
        Note n = { .user_id = v->user_id, .at = now, .expires_at = MIN(now + SESSION_IDLE_SEC, v->session_created_at + SESSION_LIFE_SEC) };
        (void) snprintf(n.id, sizeof(n.id), "%s", v->session_id);
        presence_note(m->presence, &n);
}

/* Who is nobody to us is let in where the app is public by now and nginx does not know yet. */
static int ask_of_nobody(Manager* m, const char* app, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int r = store_app_get(m->store, app, &row, reterr);
        return r < 0 ? r : r > 0 && streq(row.access, "public") ? GATE_IN : GATE_UNKNOWN;
}

int gate_ask(Manager* m, const char* app, const char* host, const char* token, Visitor* ret, Error* reterr) {
        _cleanup_visitor_ Visitor v = {};
        uint8_t digest[DIGEST_BYTES];
        int64_t now = now_seconds();
        int r = 0;
        if (token) {
                digest_sha256(token, strlen(token), digest);
                r = store_gate_find(m->store, digest, &v, reterr);
        }
        if (r < 0)
                return r;
        if (r == 0 || v.session_expires_at <= now || v.state != USER_STATE_ACTIVE || !streq(v.app, app) || !streq(v.name, host))
                return ask_of_nobody(m, app, reterr);
        note(m, &v, now);
        if (!may_enter(&v))
                return GATE_REFUSED;
        *ret = v;
        v = (Visitor) {};
        return GATE_IN;
}

/* --- on the way in --- */

static int nothing_there(const char* name, Error* reterr) {
        return error_field(reterr, ERROR_NOT_FOUND, "name", "No app lives at %s.", name);
}

static int check_person(Manager* m, const AppRow* row, const Actor* a, Error* reterr) {
        int r = streq(row->access, "groups") ? store_app_is_member(m->store, row->id, a->user_id, reterr) : 1;
        if (r != 0)
                return MIN(r, 0);
        (void) error_set(reterr, ERROR_NOT_ALLOWED, "%s is open to members of certain groups only.", row->title);
        return error_hint(reterr, "Ask somebody who looks after this box to put you into one.");
}

static int code_keep(Manager* m, const char* token, const char* host, const char* path, const char* state, char ret_code[static TOKEN_TEXT_BYTES]) {
        _cleanup_(code_freep) Code* c = calloc(1, sizeof(Code));
        if (!m->gate)
                m->gate = calloc(1, sizeof(Gate));
        if (!c || !m->gate || !(c->host = strdup(host)) || !(c->path = strdup(path)))
                return -ENOMEM;
        token_make(ret_code);
        digest_sha256(ret_code, strlen(ret_code), c->digest);
        (void) snprintf(c->token, sizeof(c->token), "%s", token);
        (void) snprintf(c->state, sizeof(c->state), "%s", state);
        c->over_usec = now_usec(CLOCK_MONOTONIC) + GATE_CODE_SEC * USEC_PER_SEC;
        c->next = m->gate->codes;
        m->gate->codes = TAKE_PTR(c);
        codes_trim(m->gate);
        return 0;
}

int gate_authorize(Manager* m, const Actor* a, const char* name, const char* path, const char* state, char** ret_app, char** ret_title, char** ret_url, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        char token[TOKEN_TEXT_BYTES], code[TOKEN_TEXT_BYTES];
        uint8_t digest[DIGEST_BYTES];
        char* url = NULL;
        int r = store_app_by_name(m->store, name, &row, reterr);
        if (r >= 0 && (r == 0 || streq(row.state, "removing")))
                return nothing_there(name, reterr);
        if (r >= 0)
                r = check_person(m, &row, a, reterr);
        if (r < 0)
                return r;
        token_make(token);
        digest_sha256(token, strlen(token), digest);
        r = store_gate_add(m->store, digest, row.id, a->user_id, a->session_id, name, now_seconds(), reterr);
        if (r < 0)
                return r;
        r = code_keep(m, token, name, gate_path_valid(path) ? path : "/", gate_state_valid(state) ? state : "", code);
        sodium_memzero(token, sizeof(token));
        if (r < 0 || asprintf(&url, "https://%s/.steadbox/callback?code=%s", name, code) < 0)
                return error_errno(reterr, -ENOMEM, "Cannot make a way into the app");
        *ret_url = url;
        *ret_app = TAKE_PTR(row.id);
        *ret_title = TAKE_PTR(row.title);
        return 0;
}

int gate_redeem(Manager* m, const char* host, const char* code, const char* state, char ret_token[static TOKEN_TEXT_BYTES], char** ret_path) {
        uint8_t digest[DIGEST_BYTES];
        if (!m->gate)
                return 0;
        digest_sha256(code, strlen(code), digest);
        codes_trim(m->gate);
        for (Code** at = &m->gate->codes; *at; at = &(*at)->next) {
                if (sodium_memcmp((*at)->digest, digest, DIGEST_BYTES) != 0)
                        continue;
                _cleanup_(code_freep) Code* c = *at; /* whatever comes of it, it was used */
                *at = c->next;
                if (!streq(c->host, host) || !*c->state || !streq(c->state, strempty(state)))
                        return 0;
                memcpy(ret_token, c->token, TOKEN_TEXT_BYTES);
                *ret_path = TAKE_PTR(c->path);
                return 1;
        }
        return 0;
}

int gate_leave(Manager* m, const char* token, Error* reterr) {
        uint8_t digest[DIGEST_BYTES];
        digest_sha256(token, strlen(token), digest);
        int r = store_begin(m->store, reterr);
        if (r >= 0)
                r = store_gate_remove(m->store, digest, reterr);
        if (r >= 0)
                r = store_commit(m->store, reterr);
        store_rollback(m->store); /* does nothing after a commit */
        return MIN(r, 0);
}

/* --- the way to the door --- */

/* RFC 3986 2.3: what need not be escaped anywhere. */
static void append_escaped(FILE* f, const char* s) {
        for (; *s; s++)
                if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || strchr("-._~", *s))
                        (void) fputc(*s, f);
                else
                        (void) fprintf(f, "%%%02X", (unsigned) (unsigned char) *s);
}

char* gate_door(Manager* m, const char* host, const char* uri, const char* state) {
        _cleanup_free_ char* base = site_base_url(m);
        char* text = NULL;
        size_t size;
        FILE* f = base ? open_memstream(&text, &size) : NULL;
        if (!f)
                return NULL;
        (void) fprintf(f, "%s/authorize?name=", base);
        append_escaped(f, host);
        if (gate_path_valid(uri) && !streq(uri, "/")) {
                (void) fputs("&path=", f);
                append_escaped(f, uri);
        }
        (void) fprintf(f, "&state=%s", state);
        return fclose(f) == 0 ? text : NULL;
}
