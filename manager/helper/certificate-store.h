/* Certificates and keys on disk: <directory>/<id> is a link to one immutable version, switched by renaming the link. */
#pragma once
#include "base/error.h"
#include "helper/certificate.h"

typedef struct CertificateSwitch {
        int directory_fd;   /* owned */
        char id[33];
        char* fresh;        /* owned; link text of the version now in place */
        char* previous;     /* owned; link text of the one before, or NULL */
} CertificateSwitch;

/* Opens the directory and refuses one that is not root's. */
int certificate_directory_open(int* ret_fd, Error* reterr);
/* 1 = read, 0 = there is none of this id. ret_switched: when it was put in place, seconds; may be NULL. */
int certificate_load(int directory_fd, const char* id, Certificate* ret, uint64_t* ret_switched, Error* reterr);
/* The same, when only that is wanted: most often without reading the certificate. */
int certificate_self_signed(int directory_fd, const char* id, bool* ret, Error* reterr);
/* Calls visit with every id, in no order; stops at the first negative. */
int certificate_each(int directory_fd, int (*visit)(const char* id, void* userdata), void* userdata);

/* Reads a PEM certificate in a process that has no privilege. */
int certificate_read_pem(const char* chain, size_t size, Certificate* ret, Error* reterr);
/* Whether key is the chain's; the key is parsed by uid, who has it anyway. */
int certificate_key_matches(const char* chain, const char* key, uid_t uid, gid_t gid, Error* reterr);
/* Makes a key and a self-signed certificate for name. Both owned by the caller, the key to be wiped. */
int certificate_make(const char* name, char** ret_chain, char** ret_key, Error* reterr);

int certificate_switch(const char* id, const char* chain, const char* key, CertificateSwitch* ret, Error* reterr);
void certificate_switch_back(CertificateSwitch* s); /* the previous version is in place again */
/* Takes a certificate and its key away for good. 1 = done, 0 = there was none. */
int certificate_remove(const char* id, Error* reterr);
void certificate_switch_done(CertificateSwitch* s); /* keeps the fresh version, removes the previous; NULL-safe members */
