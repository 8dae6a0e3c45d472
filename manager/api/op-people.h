/* What the handlers about people share. */
#pragma once
#include "api/request.h"
#include "daemon/manager.h"
#include "store/store-user.h"

/* Who asks, as one of our people. NOT_ALLOWED for root and other accounts of the machine, who have no account here. */
int request_self(Request* r, User** ret, Error* reterr);
/* The person named by the field; the log's line is about them. */
int request_person(Request* r, const char* field, User** ret, Error* reterr);
void request_about(Request* r, int64_t user_id);
int request_reply_user(Request* r, int64_t id, Error* reterr);
/* All that the nouns keep about somebody: PersonalData. */
int request_reply_personal_data(Request* r, const User* u, Error* reterr);
unsigned request_limit(Request* r);
/* Signs u in: session, cookie, and the answer Session. */
int request_sign_in(Request* r, const User* u, Error* reterr);
/* A refusal for tries that are too many, counted by account (NULL = by address alone). */
int request_try(Request* r, const char* account, Error* reterr);
void request_try_was_right(Request* r, const char* account);
