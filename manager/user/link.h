/* One-use links: the owner's first, invitations, password resets. The token stands only in the link; the store has its SHA-256. */
#pragma once
#include "api/request.h"
#include "daemon/manager.h"
#include "store/store-session.h"

#define LINK_OWNER_SEC (72 * 3600)
#define LINK_INVITE_SEC (72 * 3600)
#define LINK_RESET_SEC (24 * 3600)

/* Makes a link for u, in place of all earlier ones for them, inside the open transaction; *ret is a
 * NewLink of types.h. host is the request's, or empty for the box's best name. token_sha256 (or NULL): of
 * a token made elsewhere; then the answer has no address. u NULL: the first owner, who chooses a name. */
int link_make(
                Manager* m,
                LinkKind kind,
                const User* u,
                const char* email,
                const char* host,
                const uint8_t* token_sha256,
                json_t** ret,
                Error* reterr);
/* LINK_SPENT unless it is there and fresh. *ret_user is NULL for the first owner's. */
int link_find(Manager* m, const char* token, Link* ret, User** ret_user, Error* reterr);
