/* Who is inside which app, and what people find in the launcher. A cookie of an app is kept only as
 * SHA-256, and goes with the session of the person who made it. Decides nothing: app/gate.c does. */
#pragma once
#include "base/json.h"
#include "base/secret.h"
#include "store/store-user.h"

#define APP_SESSIONS_MAX 8 /* of one session, at one app; the oldest give way */

/* What decides about a visitor, all of it as it is now. */
typedef struct Visitor {
        char* app;          /* id; this and the next two are those the cookie was made for */
        char* name;         /* host */
        char* session_id;
        char* access;       /* of the app: public, everyone, groups */
        bool member;        /* of one of the app's groups */
        int64_t user_id;
        char* username;
        char* display_name;
        char* email;        /* or empty */
        char* groups;       /* all of the person's, joined by commas */
        UserState state;
        int64_t session_created_at, session_seen_at, session_expires_at;
} Visitor;
void visitor_done(Visitor* v);
#define _cleanup_visitor_ _cleanup_(visitor_done)

/* 1 found, 0 not. */
int store_gate_find(Store* s, const uint8_t token[static DIGEST_BYTES], Visitor* ret, Error* reterr);
int store_gate_add(Store* s, const uint8_t token[static DIGEST_BYTES], const char* app, int64_t user_id,
                const char* session_id, const char* name, int64_t now, Error* reterr);
int store_gate_remove(Store* s, const uint8_t token[static DIGEST_BYTES], Error* reterr); /* 1 gone, 0 there was none */

/* Apps that the person may open, by title: [{id, title, icon, name, state, wanted, gate, maintenance}], owned. user_id 0 = root: all. */
int store_launcher_apps(Store* s, int64_t user_id, json_t** ret, Error* reterr);
/* Links the person sees, by title: [{id, title, url}]. */
int store_launcher_links(Store* s, int64_t user_id, json_t** ret, Error* reterr);
/* [{"tile", "title", "url", "everybody", "groups": names}] of all of them. */
int store_launcher_links_all(Store* s, json_t** ret, Error* reterr);
int store_launcher_count(Store* s, int64_t* ret, Error* reterr);
/* groups: names */
int store_launcher_add(Store* s, const char* id, const char* title, const char* url, const json_t* groups,
                int64_t now, Error* reterr);
int store_launcher_remove(Store* s, const char* id, Error* reterr); /* 1 gone, 0 there was none */
/* The first of names that is no group: 1 and *ret (owned), 0 all are. */
int store_launcher_group_unknown(Store* s, const json_t* names, char** ret, Error* reterr);
