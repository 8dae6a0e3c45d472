/* What an uploaded chain consists of. Pure: the words are openssl's, the PEM is a stranger's. */
#pragma once
#include "base/error.h"
#include "base/json.h"

#define UPLOAD_CERTIFICATES_MAX 10

/* The certificates in text, each with its frame; array of strings, owned. BAD_FIELD for anything but certificates, or too many. */
int upload_split(const char* text, json_t** ret, Error* reterr);

typedef struct UploadWords {
        char* subject; /* owned, RFC 2253 */
        char* issuer;
        json_t* names; /* of hosts, lower case */
        int64_t not_before, not_after;
        bool is_authority, weak_signature;
} UploadWords;
void upload_words_done(UploadWords* w);
/* From: openssl x509 -noout -subject -issuer -startdate -enddate -ext subjectAltName,basicConstraints -nameopt RFC2253 -dateopt iso_8601
 * -text -certopt no_pubkey,no_sigdump,... ; -EBADMSG when something is missing. */
int upload_words_parse(const char* text, UploadWords* ret);
/* The order in which a server shows them: leaf first, each signed by the next; the authority's own and strangers are left out. order gets
 * indices, at most n; returns how many. */
size_t upload_order(const UploadWords* words, size_t n, size_t leaf, size_t* order);
/* From: openssl pkey -pubin -noout -text. NULL = strong enough, else why not. */
const char* upload_key_weakness(const char* text);
