#include "image/passwd.h"
#include <stdio.h>

#define FIELDS_MAX 7

/* Cuts the line at *rest into its fields; returns their number. *rest goes to the next line, NULL behind the last. */
static size_t next_line(char** rest, const char** fields) {
        char* line = strsep(rest, "\n");
        size_t n = 0;
        for (char* field; n < FIELDS_MAX && (field = strsep(&line, ":"));)
                fields[n++] = field;
        return n;
}

static bool number(const char* s, uint32_t* ret) {
        size_t n = strlen(s);
        if (n == 0 || n > 5 || strspn(s, "0123456789") != n || strtoul(s, NULL, 10) > IMAGE_ID_MAX)
                return false;
        *ret = (uint32_t) strtoul(s, NULL, 10);
        return true;
}

/* The account by name, or by number where name is none. *ret_name is the account's name inside text, which is cut up. */
static bool account_find(char* text, const char* name, const uint32_t* uid, ImageUser* u, const char** ret_name) {
        const char* f[FIELDS_MAX];
        uint32_t found, gid;
        for (char* rest = text; rest;) {
                if (next_line(&rest, f) < 4 || !number(f[2], &found) || !number(f[3], &gid))
                        continue;
                if (uid ? found != *uid : !streq(f[0], name))
                        continue;
                u->uid = found;
                u->gid = gid;
                *ret_name = f[0];
                return true;
        }
        return false;
}

static bool group_find(char* text, const char* name, uint32_t* ret) {
        const char* f[FIELDS_MAX];
        for (char* rest = text; rest;)
                if (next_line(&rest, f) >= 3 && streq(f[0], name) && number(f[2], ret))
                        return true;
        return false;
}

static bool lists(char* members, const char* name) {
        for (char* m; (m = strsep(&members, ","));)
                if (*m && streq(m, name))
                        return true;
        return false;
}

/* Groups that name the account as a member. */
static void memberships(char* text, const char* name, ImageUser* u) {
        const char* f[FIELDS_MAX];
        uint32_t gid;
        for (char* rest = text; rest && u->groups_n < IMAGE_GROUPS_MAX;)
                if (next_line(&rest, f) >= 4 && number(f[2], &gid) && gid != u->gid && lists((char*) f[3], name))
                        u->groups[u->groups_n++] = gid;
}

static int no_such(const char* kind, const char* name, Error* reterr) {
        return error_set(reterr, ERROR_BAD_IMAGE, "The image has no %s '%.64s'.", kind, name);
}

int image_user_find(const char* user, const char* passwd, const char* group, ImageUser* ret, Error* reterr) {
        _cleanup_free_ char *who = strdup(isempty(user) ? "0" : user), *accounts = strdup(strempty(passwd));
        _cleanup_free_ char *groups = strdup(strempty(group)), *again = strdup(strempty(group));
        const char* name = NULL;
        ImageUser u = {};
        if (!who || !accounts || !groups || !again)
                return error_errno(reterr, -ENOMEM, "Cannot look a user up");
        char* wanted_group = who;
        char* wanted = strsep(&wanted_group, ":");
        bool by_number = number(wanted, &u.uid);
        if (!account_find(accounts, wanted, by_number ? &u.uid : NULL, &u, &name) && !by_number)
                return no_such("user", wanted, reterr);
        if (!isempty(wanted_group)) {
                if (!number(wanted_group, &u.gid) && !group_find(groups, wanted_group, &u.gid))
                        return no_such("group", wanted_group, reterr);
        } else if (name)
                memberships(again, name, &u); /* as other runtimes do: only where no group was given */
        *ret = u;
        return 0;
}
