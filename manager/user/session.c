#include "user/session.h"
#include "base/time.h"
#include "user/presence.h"
#include <stdio.h>
#include <strings.h>

static void actor_of(const Entry* e, Via via, Actor* ret) {
        *ret = (Actor) { .via = via, .role = e->role, .user_id = e->user_id };
        (void) snprintf(ret->username, sizeof(ret->username), "%s", e->username);
        (void) snprintf(ret->session_id, sizeof(ret->session_id), "%s", e->id);
}

static void note(Manager* m, const Entry* e, bool token, int64_t now, int64_t expires_at) {
        if (!m->presence)
                return;
        Note n = { .token = token, .user_id = e->user_id, .at = now, .expires_at = expires_at };
        (void) snprintf(n.id, sizeof(n.id), "%s", e->id);
        presence_note(m->presence, &n);
}

int session_authenticate(Manager* m, const char* token, Actor* ret, Error* reterr) {
        _cleanup_(entry_done) Entry e = {};
        uint8_t digest[DIGEST_BYTES];
        digest_sha256(token, strlen(token), digest);
        int r = store_session_find(m->store, digest, &e, reterr);
        if (r <= 0)
                return r;
        int64_t now = now_seconds();
        if (e.expires_at <= now || e.state != USER_STATE_ACTIVE)
                return 0;
        if (now - e.seen_at >= PRESENCE_SESSION_SEC)
                note(m, &e, /* token= */ false, now, MIN(now + SESSION_IDLE_SEC, e.created_at + SESSION_LIFE_SEC));
        actor_of(&e, VIA_SESSION, ret);
        return 1;
}

static bool scope_is(const char* text, const char* scope, const char* half) {
        const char* rest = startswith(text, scope);
        return rest && *rest == ':' && streq(rest + 1, half);
}

bool scopes_allow(const json_t* scopes, const Operation* o) {
        if (o->flags & OPERATION_SESSION_ONLY)
                return false;
        if (o->who == ROLE_NOBODY)
                return true; /* what strangers may do needs no scope */
        for (size_t i = 0; i < json_array_size(scopes); i++) {
                const char* s = strempty(json_string_value(json_array_get(scopes, i)));
                if (scope_is(s, o->scope, "write") || (!operation_writes(o) && scope_is(s, o->scope, "read")))
                        return true;
        }
        return false;
}

static int scopes_parse(const char* text, json_t** ret, Error* reterr) {
        *ret = json_loads(strempty(text), 0, NULL);
        return json_is_array(*ret) ? 0 : error_set(reterr, ERROR_STORE_BROKEN, "The scopes of a token are damaged.");
}

int token_authenticate(Manager* m, const char* bearer, const Operation* operation, Actor* ret, Error* reterr) {
        _cleanup_(entry_done) Entry e = {};
        _cleanup_json_ json_t* scopes = NULL;
        uint8_t digest[DIGEST_BYTES];
        if (strlen(bearer) >= TOKEN_BYTES)
                return error_set(reterr, ERROR_SIGN_IN_NEEDED, "This API token is unknown or has expired.");
        digest_sha256(bearer, strlen(bearer), digest);
        int r = store_token_find(m->store, digest, &e, reterr);
        if (r < 0)
                return r;
        int64_t now = now_seconds();
        if (r == 0 || e.expires_at <= now || e.state != USER_STATE_ACTIVE)
                return error_set(reterr, ERROR_SIGN_IN_NEEDED, "This API token is unknown or has expired.");
        r = scopes_parse(e.scopes, &scopes, reterr);
        if (r < 0)
                return r;
        actor_of(&e, VIA_TOKEN, ret); /* also for the refusal's line in the log */
        if (now - e.seen_at >= PRESENCE_TOKEN_SEC)
                note(m, &e, /* token= */ true, now, 0);
        if (operation->flags & OPERATION_SESSION_ONLY)
                return error_set(reterr, ERROR_WRONG_SCOPE, "This can only be done signed in, not with an API token.");
        if (!scopes_allow(scopes, operation))
                return error_set(reterr, ERROR_WRONG_SCOPE, "%s needs a token with the scope %s:%s.", operation->title, operation->scope,
                                 operation_writes(operation) ? "write" : "read");
        return 1;
}

static void id_make(char ret[static SESSION_ID_BYTES]) {
        uint8_t bytes[(SESSION_ID_BYTES - 1) / 2];
        random_bytes(bytes, sizeof(bytes));
        hex_encode(bytes, sizeof(bytes), ret);
}

void agent_words(const char* user_agent, char ret[static 64]) {
        /* The first that occurs counts: Edge and Opera call themselves Chrome too, and all call themselves Safari. */
        static const char* const browsers[][2] = {
                { "Edg", "Edge" }, { "OPR/", "Opera" }, { "Firefox/", "Firefox" }, { "FxiOS/", "Firefox" },
                { "SamsungBrowser/", "Samsung Internet" }, { "CriOS/", "Chrome" }, { "Chrome/", "Chrome" }, { "Safari/", "Safari" },
                { "curl/", "curl" }, { "steadbox", "steadbox" },
        };
        static const char* const systems[][2] = {
                { "iPhone", "iPhone" }, { "iPad", "iPad" }, { "Android", "Android" }, { "Windows", "Windows" },
                { "CrOS", "ChromeOS" }, { "Mac OS X", "Mac" }, { "Linux", "Linux" },
        };
        const char *browser = NULL, *system = NULL;
        for (size_t i = 0; i < ELEMENTS(browsers) && !browser; i++)
                if (strstr(user_agent, browsers[i][0]))
                        browser = browsers[i][1];
        for (size_t i = 0; i < ELEMENTS(systems) && !system; i++)
                if (strstr(user_agent, systems[i][0]))
                        system = systems[i][1];
        if (browser && system)
                (void) snprintf(ret, 64, "%s on %s", browser, system);
        else
                (void) snprintf(ret, 64, "%s", browser ?: system ?: "Unknown browser");
}

int session_begin(Manager* m, const User* u, const char* agent, const char* address, char ret_token[static TOKEN_TEXT_BYTES], Actor* ret, Error* reterr) {
        uint8_t digest[DIGEST_BYTES];
        char words[64];
        int64_t now = now_seconds();
        Entry e = { .user_id = u->id, .role = u->role };
        (void) snprintf(e.username, sizeof(e.username), "%s", u->username);
        id_make(e.id);
        token_make(ret_token);
        digest_sha256(ret_token, strlen(ret_token), digest);
        agent_words(agent, words);
        int r = store_session_trim(m->store, u->id, SESSIONS_MAX - 1, reterr);
        if (r >= 0)
                r = store_session_add(m->store, e.id, digest, u->id, words, address, now, now + SESSION_IDLE_SEC, reterr);
        if (r >= 0)
                r = store_user_seen(m->store, u->id, now - now % PRESENCE_TOKEN_SEC, reterr);
        if (r < 0)
                return r;
        actor_of(&e, VIA_SESSION, ret);
        return 0;
}

static json_t* operations_of(const Actor* a, const json_t* scopes) {
        json_t* names = json_array();
        for (size_t i = 0; names && i < _OP_MAX; i++) {
                const Operation* o = &operation_table[i];
                if (role_includes(a->role, o->who) && (a->via != VIA_TOKEN || scopes_allow(scopes, o)))
                        (void) json_array_append_new(names, json_string(o->name));
        }
        return names;
}

static int nag_of(Manager* m, const User* u, json_t* ret, Error* reterr) {
        int64_t others = 0;
        int r = store_consent_given(m->store, u->id, "privacy-notice", reterr);
        if (r < 0)
                return r;
        if (r == 0)
                (void) json_array_append_new(ret, json_string("privacy"));
        if (!u->totp_secret && role_includes(u->role, ROLE_ADMIN))
                (void) json_array_append_new(ret, json_string("second-factor"));
        if (u->role != ROLE_OWNER || u->recovery_verified_at)
                return 0;
        r = store_user_active_owners(m->store, u->id, &others, reterr);
        if (r >= 0 && others == 0)
                (void) json_array_append_new(ret, json_string("recovery"));
        return MIN(r, 0);
}

static const char* via_to_string(Via v) {
        static const char* const table[] = {
                [VIA_NOBODY] = "nobody", [VIA_SESSION] = "session", [VIA_TOKEN] = "token", [VIA_UNIX] = "unix", [VIA_SYSTEM] = "unix",
        };
        return table[v];
}

int session_describe(Manager* m, const Actor* a, json_t** ret, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        _cleanup_json_ json_t *scopes = NULL, *nag = json_array();
        _cleanup_free_ char* text = NULL;
        int64_t expires_at = 0;
        int r = a->user_id ? store_user_by_id(m->store, a->user_id, &u, reterr) : 0;
        if (r >= 0 && a->via == VIA_TOKEN && (r = store_token_scopes(m->store, a->session_id, &text, reterr)) >= 0)
                r = scopes_parse(text, &scopes, reterr);
        if (r >= 0 && a->via == VIA_SESSION)
                r = store_session_expiry(m->store, a->session_id, &expires_at, reterr);
        if (r >= 0 && u && a->via == VIA_SESSION)
                r = nag_of(m, u, nag, reterr);
        if (r < 0)
                return r;
        const char* name = u ? u->username : a->name;
        *ret = json_pack("{s:s,s:s,s:s,s:o,s:s,s:o,s:o,s:O}", "username", name, "display_name", u ? u->display_name : name, "role",
                         role_to_string(MIN(a->role, ROLE_OWNER)) /* root is an owner with one power more */, "language", json_string_or_null(u ? u->language : NULL), "via",
                         via_to_string(a->via), "operations", operations_of(a, scopes), "expires_at", json_time_or_null(expires_at),
                         "nag", nag);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot describe the session");
}

/* What a scope lets a token do is decided at each use, by the role of that moment; here it only has to exist. */
static bool scope_known(const char* text) {
        for (size_t i = 0; i < _OP_MAX; i++)
                if (scope_is(text, operation_table[i].scope, "read") || scope_is(text, operation_table[i].scope, "write"))
                        return true;
        return false;
}

int token_make_for(Manager* m, const Actor* a, const char* name, const json_t* scopes, int64_t days, json_t** ret, Error* reterr) {
        char id[SESSION_ID_BYTES], token[TOKEN_BYTES] = TOKEN_PREFIX;
        uint8_t digest[DIGEST_BYTES];
        int64_t now = now_seconds(), count = 0, expires_at = now + days * 86400;
        for (size_t i = 0; i < json_array_size(scopes); i++) {
                const char* s = json_string_value(json_array_get(scopes, i));
                if (!scope_known(strempty(s)))
                        return error_field(reterr, ERROR_BAD_FIELD, "scopes", "There is no scope '%.64s'; they look like people:read.", strempty(s));
        }
        int r = store_token_count(m->store, a->user_id, &count, reterr);
        if (r < 0)
                return r;
        if (count >= TOKENS_MAX)
                return error_set(reterr, ERROR_WRONG_STATE, "You have %d API tokens already; remove one first.", TOKENS_MAX);
        id_make(id);
        token_make(token + strlen(TOKEN_PREFIX));
        digest_sha256(token, strlen(token), digest);
        r = store_token_add(m->store, id, digest, a->user_id, name, scopes, now, expires_at, reterr);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s,s:s,s:I}", "id", id, "token", token, "expires_at", (json_int_t) expires_at);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot make the token");
}

int session_housekeeping(Manager* m, Error* reterr) {
        int r = m->presence ? presence_write(m->presence, reterr) : 0;
        return r < 0 ? r : store_session_expire(m->store, now_seconds(), reterr);
}
