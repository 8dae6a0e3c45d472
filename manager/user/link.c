#include "user/link.h"
#include "base/time.h"
#include "site/site.h"
#include <stdio.h>

static int64_t lifetime(LinkKind kind) {
        static const int64_t table[_LINK_KIND_MAX] = {
                [LINK_KIND_OWNER] = LINK_OWNER_SEC,
                [LINK_KIND_INVITE] = LINK_INVITE_SEC,
                [LINK_KIND_RESET] = LINK_RESET_SEC,
        };
        return table[kind];
}

/* The token stands behind the #, which browsers send to no server and write into no Referer. */
static char* link_url(Manager* m, const char* host, const char* token) {
        char* url = NULL;
        _cleanup_free_ char* base = NULL;
        int r;
        if (!isempty(host))
                r = asprintf(&url, "https://%s/#/link/%s", host, token);
        else {
                base = site_base_url(m);
                r = base ? asprintf(&url, "%s/#/link/%s", base, token) : -1;
        }
        return r < 0 ? NULL : url;
}

int link_make(
                Manager* m,
                LinkKind kind,
                const User* u,
                const char* email,
                const char* host,
                const uint8_t* token_sha256,
                json_t** ret,
                Error* reterr) {
        _cleanup_(erase_and_freep) char* url = NULL;
        char token[TOKEN_TEXT_BYTES];
        uint8_t digest[DIGEST_BYTES];
        int64_t now = now_seconds();
        if (token_sha256)
                memcpy(digest, token_sha256, DIGEST_BYTES);
        else {
                token_make(token);
                digest_sha256(token, strlen(token), digest);
                url = link_url(m, host, token);
                explicit_bzero(token, sizeof(token));
                if (!url)
                        return error_errno(reterr, -ENOMEM, "Cannot make the link");
        }
        const Link l = { .kind = kind, .user_id = u ? u->id : 0, .email = (char*) email, .expires_at = now + lifetime(kind) };
        int r = store_link_remove_of(m->store, l.user_id, reterr);
        if (r >= 0)
                r = store_link_add(m->store, digest, &l, now, reterr);
        if (r < 0)
                return r;
        *ret = json_pack("{s:s,s:o,s:o,s:I}", "kind", link_kind_to_string(kind), "username", json_string_or_null(u ? u->username : NULL),
                         "url", json_string_or_null(url), "expires_at", (json_int_t) l.expires_at);
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot make the link");
}

/* The provider's page may know the owner's link before the installer has handed it over. */
static int no_link(Manager* m, Error* reterr) {
        int r = store_link_is_first(m->store, reterr);
        if (r < 0)
                return r;
        if (r > 0) {
                (void) error_set(reterr, ERROR_LINK_EARLY, "There is no link for the owner here: the box is still being set up, or the link has expired.");
                return error_hint(reterr, "Try again in a minute. If it stays so, root makes one with: steadbox owner link");
        }
        (void) error_set(reterr, ERROR_LINK_SPENT, "This link has been used, has expired or was replaced.");
        return error_hint(reterr, "Ask for a new one; the owner's is made by root with: steadbox owner link");
}

int link_find(Manager* m, const char* token, Link* ret, User** ret_user, Error* reterr) {
        _cleanup_(link_done) Link l = {};
        _cleanup_(user_freep) User* u = NULL;
        uint8_t digest[DIGEST_BYTES];
        digest_sha256(token, strlen(token), digest);
        int r = store_link_find(m->store, digest, &l, reterr);
        if (r > 0 && l.user_id)
                r = store_user_by_id(m->store, l.user_id, &u, reterr);
        if (r < 0)
                return r;
        bool barred = u && l.kind != LINK_KIND_OWNER && u->state != USER_STATE_ACTIVE && u->state != USER_STATE_INVITED;
        if (r == 0 || l.expires_at <= now_seconds() || barred || (u && u->state == USER_STATE_FROZEN))
                return no_link(m, reterr);
        *ret = l;
        l = (Link) {};
        *ret_user = TAKE_PTR(u);
        return 0;
}
