/* What people mean to the rest of the appliance: findings, search, what is kept about somebody, erasing it, housekeeping. */
#include "audit/audit.h"
#include "base/format.h"
#include "base/time.h"
#include "store/store-session.h"
#include "user/presence.h"
#include "user/session.h"
#include "user/user.h"
#include <stdio.h>

static int user_startup(Manager* m, Error* reterr) {
        int r = m->presence ? 0 : presence_new(m, &m->presence);
        return r < 0 ? error_errno(reterr, r, "Cannot start people") : 0;
}

static void user_shutdown(Manager* m) {
        m->presence = presence_free(m->presence);
}

static int add(Findings* list, Finding f, Error* reterr) {
        int r = f.facts && f.sentence ? findings_add(list, f) : -ENOMEM;
        return r < 0 ? error_errno(reterr, r, "Cannot collect findings") : 0;
}

/* Nobody could let an only owner in again who forgot the password and lost the phone, but root of the machine. */
static int find_single_owner(Manager* m, Findings* list, Error* reterr) {
        _cleanup_(user_freep) User* owner = NULL;
        int64_t owners = 0;
        int r = store_user_active_owners(m->store, 0, &owners, reterr);
        if (r < 0 || owners != 1)
                return MIN(r, 0);
        r = store_user_first_owner(m->store, &owner, reterr);
        if (r <= 0 || owner->recovery_verified_at)
                return MIN(r, 0);
        return add(list,
                   (Finding) {
                           .id = "user.single-owner",
                           .severity = SEVERITY_WARN,
                           .key = "user.single-owner",
                           .facts = json_pack("{s:s}", "username", owner->username),
                           .sentence = format_text("%s is the only owner and has no proven way back in. Make somebody else an owner too, or "
                                                "keep recovery codes and type one back.", owner->username),
                           .fix_operation = "",
                           .fix_page = "/account/security",
                           .fix_label = "findings.user.single-owner.fix",
                   },
                   reterr);
}

static int find_unguarded(Manager* m, Findings* list, Error* reterr) {
        int64_t n = 0;
        int r = store_user_unguarded_owners(m->store, &n, reterr);
        if (r < 0 || n == 0)
                return MIN(r, 0);
        return add(list,
                   (Finding) {
                           .id = "user.owner-second-factor",
                           .severity = SEVERITY_NOTE,
                           .key = "user.owner-second-factor",
                           .facts = json_pack("{s:I}", "count", (json_int_t) n),
                           .sentence = format_text("%lld %s without an authenticator: whoever learns the password has the box.", (long long) n,
                                                n == 1 ? "owner signs in" : "owners sign in"),
                           .fix_operation = "",
                           .fix_page = "/account/security",
                           .fix_label = "findings.user.owner-second-factor.fix",
                   },
                   reterr);
}

static int find_uninvited(Manager* m, Findings* list, Error* reterr) {
        int64_t n = 0;
        int r = store_user_invited_without_link(m->store, now_seconds(), &n, reterr);
        if (r < 0 || n == 0)
                return MIN(r, 0);
        return add(list,
                   (Finding) {
                           .id = "user.invitations",
                           .severity = SEVERITY_NOTE,
                           .key = "user.invitations",
                           .facts = json_pack("{s:I}", "count", (json_int_t) n),
                           .sentence = format_text("%lld %s no password and no invitation that still works.", (long long) n,
                                                n == 1 ? "person has" : "people have"),
                           .fix_operation = "",
                           .fix_page = "/people?state=invited",
                           .fix_label = "findings.user.invitations.fix",
                   },
                   reterr);
}

static int user_findings(Manager* m, Findings* list, Error* reterr) {
        int r = find_single_owner(m, list, reterr);
        if (r >= 0)
                r = find_unguarded(m, list, reterr);
        if (r >= 0)
                r = find_uninvited(m, list, reterr);
        return r;
}

static int user_personal_data(Manager* m, int64_t user_id, json_t* ret_parts, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        int r = store_user_personal_data(m->store, user_id, &text, reterr);
        if (r < 0)
                return r;
        json_t* part = json_loads(strempty(text), 0, NULL);
        return json_object_set_new(ret_parts, "user", part) < 0 ? error_errno(reterr, -ENOMEM, "Cannot collect the profile") : 0;
}

static int user_erase(Manager* m, int64_t user_id, Error* reterr) {
        int r = m->audit ? audit_erase_person(m->audit, user_id, reterr) : 0;
        return r < 0 ? r : MIN(store_user_remove(m->store, user_id, reterr), 0);
}

static int user_search(Manager* m, int role, const char* q, json_t* ret_hits, Error* reterr) {
        _cleanup_free_ char* text = NULL;
        if (!role_includes((Role) role, ROLE_USER_MANAGER))
                return 0;
        int r = store_user_search(m->store, q, &text, reterr);
        if (r < 0)
                return r;
        _cleanup_json_ json_t* found = json_loads(strempty(text), 0, NULL);
        size_t i;
        json_t* u;
        json_array_foreach(found, i, u) {
                char page[64];
                (void) snprintf(page, sizeof(page), "/people/%.32s", strempty(json_get_string(u, "username")));
                if (json_array_append_new(
                                    ret_hits,
                                    json_pack("{s:s,s:s,s:s,s:s}", "kind", "user", "title", strempty(json_get_string(u, "display_name")),
                                              "detail", strempty(json_get_string(u, "username")), "page", page)) < 0)
                        return error_errno(reterr, -ENOMEM, "Cannot search people");
        }
        return 0;
}

const NounClass user_noun = {
        .name = "user",
        .startup = user_startup,
        .shutdown = user_shutdown,
        .findings = user_findings,
        .personal_data = user_personal_data,
        .erase = user_erase,
        .search = user_search,
        .housekeeping = session_housekeeping,
};
