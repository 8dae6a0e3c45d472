/* Links: looking at one, using it, and the owner's. */
#include "api/handlers.h"
#include "api/op-people.h"
#include "app/preset.h"
#include "base/time.h"
#include "config.h"
#include "site/site.h"
#include "user/link.h"
#include "user/password.h"
#include "user/session.h"
#include "user/user.h"
#include <stdio.h>

int op_link_inspect(Request* r, Error* reterr) {
        _cleanup_(link_done) Link l = {};
        _cleanup_(user_freep) User* u = NULL;
        int k = request_try(r, NULL, reterr);
        if (k >= 0)
                k = link_find(request_manager(r), request_string(r, "token"), &l, &u, reterr);
        if (k < 0)
                return k;
        if (u)
                request_about(r, u->id);
        request_audit_detail(r, "kind", json_string(link_kind_to_string(l.kind)));
        const char* language = u && u->language ? u->language : site_language(request_manager(r));
        return request_reply(
                        r,
                        json_pack("{s:s,s:o,s:o,s:o,s:I,s:s}", "kind", link_kind_to_string(l.kind), "username",
                                  json_string_or_null(u ? u->username : NULL), "display_name", json_string_or_null(u ? u->display_name : NULL),
                                  "email", json_string_or_null(u && u->email ? u->email : l.email), "expires_at",
                                  (json_int_t) l.expires_at, "language", language));
}

/* The first owner is made by the link itself; everybody else is there already. */
static int first_owner_add(Request* r, const Link* l, const char* hash, User** ret, Error* reterr) {
        Manager* m = request_manager(r);
        int64_t owners = 0, id = 0;
        const Actor self = { .via = VIA_SYSTEM, .role = ROLE_OWNER };
        int k = store_user_active_owners(m->store, 0, &owners, reterr);
        if (k < 0)
                return k;
        if (owners > 0)
                return error_set(reterr, ERROR_LINK_SPENT, "This box has an owner already.");
        const char* email = request_string(r, "email") ?: l->email;
        k = user_add(m, &self,
                     &(UserNew) { .username = request_string(r, "username"), .display_name = request_string(r, "display_name"),
                                  .email = email, .language = request_string(r, "language"), .password_hash = hash, .role = ROLE_OWNER },
                     &id, reterr);
        if (k >= 0)
                k = store_user_by_id(m->store, id, ret, reterr);
        if (k >= 0)
                k = store_link_remove_of(m->store, 0, reterr);
        return k < 0 ? k : 0;
}

static int person_enters(Request* r, User* u, const char* hash, Error* reterr) {
        Manager* m = request_manager(r);
        int k = user_update_self(
                        m, u,
                        &(UserChange) { .display_name = request_string(r, "display_name"), .email = request_string(r, "email"),
                                        .language = request_string(r, "language"), .role = _ROLE_INVALID },
                        reterr);
        if (k >= 0)
                k = user_password_set(m, u, hash, /* keep_session= */ NULL, reterr);
        if (k >= 0)
                k = store_user_state(m->store, u->id, USER_STATE_ACTIVE, reterr);
        if (k >= 0)
                u->state = USER_STATE_ACTIVE;
        return k < 0 ? k : 0;
}

/* A reset made by somebody else may not be a way round the person's own authenticator: the password is new, but signing in needs the code. */
static int answer_signed_out(Request* r, const User* u) {
        request_audit_actor(r, u->id);
        return request_reply(
                        r,
                        json_pack("{s:s,s:s,s:s,s:o,s:s,s:[],s:n,s:[]}", "username", u->username, "display_name", u->display_name, "role",
                                  role_to_string(u->role), "language", json_string_or_null(u->language), "via", "nobody", "operations",
                                  "expires_at", "nag"));
}

static int link_hashed(Request* r, void* state, Error* reterr) {
        Manager* m = request_manager(r);
        _cleanup_(link_done) Link l = {};
        _cleanup_(user_freep) User* u = NULL;
        const char* hash = request_password_hash(r);
        int k = link_find(m, request_string(r, "token"), &l, &u, reterr); /* again: the world went on meanwhile */
        if (k >= 0)
                k = u ? person_enters(r, u, hash, reterr) : first_owner_add(r, &l, hash, &u, reterr);
        if (k >= 0 && request_boolean(r, "consent", false))
                k = user_consent(m, u->id, "privacy-notice", true, reterr);
        if (k < 0)
                return k;
        request_about(r, u->id);
        request_audit_detail(r, "kind", json_string(link_kind_to_string(l.kind)));
        if (l.kind == LINK_KIND_RESET && u->totp_secret)
                return answer_signed_out(r, u);
        return request_sign_in(r, u, reterr);
}

int op_link_use(Request* r, Error* reterr) {
        _cleanup_(link_done) Link l = {};
        _cleanup_(user_freep) User* u = NULL;
        const char* chosen = request_string(r, "username");
        int k = request_try(r, NULL, reterr);
        if (k >= 0)
                k = link_find(request_manager(r), request_string(r, "token"), &l, &u, reterr);
        if (k < 0)
                return k;
        if (!u && !chosen)
                return error_field(reterr, ERROR_MISSING_FIELD, "username", "Please choose a user name.");
        if (u && chosen && !streq(u->username, chosen))
                return error_field(reterr, ERROR_BAD_FIELD, "username", "This link is for %s.", u->username);
        k = password_check(request_string(r, "password"), u ? u->username : chosen, "password", reterr);
        if (k < 0)
                return k;
        return request_password_derive(r, request_string(r, "password"), link_hashed, NULL, NULL, reterr);
}

/* ---- the owner's link ---- */

static int owner_to_reset(Request* r, User** ret, Error* reterr) {
        Manager* m = request_manager(r);
        const char* name = request_string(r, "username");
        int k = name ? store_user_by_name(m->store, name, ret, reterr) : store_user_first_owner(m->store, ret, reterr);
        if (k > 0 && (*ret)->role != ROLE_OWNER)
                return error_field(reterr, ERROR_BAD_FIELD, "username", "%s is no owner.", (*ret)->username);
        if (k > 0)
                k = user_check_thawed(*ret, reterr);
        return k;
}

static int owner_add(Request* r, User** ret, Error* reterr) {
        Manager* m = request_manager(r);
        int64_t id = 0;
        const char* hash = request_string(r, "password_hash");
        int k = hash ? password_hash_check(hash, "password_hash", reterr) : 0;
        if (k >= 0)
                k = user_add(m, request_actor(r),
                             &(UserNew) { .username = request_string(r, "username"), .email = request_string(r, "email"),
                                          .password_hash = hash, .role = ROLE_OWNER },
                             &id, reterr);
        return k < 0 ? k : store_user_by_id(m->store, id, ret, reterr);
}

/* What the provider prepared counts only until there is an owner; after that only root's own links do. 1 = there is none yet. */
static int check_prepared(Request* r, Error* reterr) {
        int64_t owners = 0;
        int k = store_user_active_owners(request_manager(r)->store, 0, &owners, reterr);
        if (k < 0 || owners == 0)
                return k < 0 ? k : 1;
        if (!request_has(r, "token_sha256") && !request_has(r, "password_hash"))
                return 0;
        return error_set(reterr, ERROR_WRONG_STATE, "This box has an owner already; a link or password prepared elsewhere counts only before that.");
}

int op_owner_link(Request* r, Error* reterr) {
        Manager* m = request_manager(r);
        _cleanup_(user_freep) User* u = NULL;
        uint8_t digest[DIGEST_BYTES];
        json_t* link = NULL;
        const char *sha256 = request_string(r, "token_sha256"), *hash = request_string(r, "password_hash");
        if (sha256 && hex_decode(sha256, digest, sizeof(digest)) < 0)
                return error_field(reterr, ERROR_BAD_FIELD, "token_sha256", "A SHA-256 in hex has 64 digits.");
        if (hash && !request_has(r, "username"))
                return error_field(reterr, ERROR_MISSING_FIELD, "username", "An owner with a password needs a name.");
        int k = check_prepared(r, reterr);
        bool first = k > 0;
        if (k >= 0)
                k = owner_to_reset(r, &u, reterr);
        if (k < 0)
                return k;
        if (!u && request_has(r, "username"))
                k = owner_add(r, &u, reterr);
        else if (u && hash) { /* said again by an installer that was interrupted */
                k = password_hash_check(hash, "password_hash", reterr);
                if (k >= 0)
                        k = user_password_set(m, u, hash, NULL, reterr);
                if (k >= 0)
                        k = store_user_state(m->store, u->id, USER_STATE_ACTIVE, reterr);
        }
        if (k >= 0)
                k = link_make(m, LINK_KIND_OWNER, u, request_string(r, "email"), request_host(r), sha256 ? digest : NULL, &link, reterr);
        if (k >= 0 && first && (k = app_presets_begin(m, reterr)) < 0) /* everything the first page needs is there */
                json_decref(link);
        if (k < 0)
                return k;
        if (u)
                request_about(r, u->id);
        return request_reply(r, link);
}
