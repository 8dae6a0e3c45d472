/* Rows of certificates and of accounts at authorities. The pairs themselves are root's, on disk; secrets here are sealed by the caller. */
#pragma once
#include "base/json.h"
#include "store/store.h"

typedef struct CertificateRow {
        char* id;
        char* source;       /* acme, upload */
        char* method;       /* http-01, dns-01; empty for uploads */
        char* names;        /* JSON array, as the next two are JSON */
        char* error;
        char* served;
        char* acme_url;     /* who signed the one in place */
        int64_t domain_id;  /* 0 = of none */
        int64_t tried_at, renew_at, created_at; /* 0 = never */
        unsigned failures;  /* in a row */
        bool has_upload;
} CertificateRow;
void certificate_row_done(CertificateRow* row);
#define _cleanup_certificate_row_ _cleanup_(certificate_row_done)

int store_certificate_get(Store* s, const char* id, CertificateRow* ret, Error* reterr); /* 1 found, 0 not */
/* All of them by id; *ret is an array of n rows, owned: certificate_rows_free(). */
int store_certificate_all(Store* s, CertificateRow** ret, size_t* ret_n, Error* reterr);
void certificate_rows_free(CertificateRow* rows, size_t n);

/* What is wanted now; a row that is there keeps what happened to it. Returns 1 when something changed. */
int store_certificate_want(Store* s, const CertificateRow* row, int64_t now, Error* reterr);
int store_certificate_tried(Store* s, const char* id, int64_t at, const char* error, Error* reterr);
int store_certificate_result(Store* s, const char* id, unsigned failures, const char* error, Error* reterr);
/* names NULL = as they are */
int store_certificate_signed(Store* s, const char* id, const char* acme_url, const char* names,
                Error* reterr);
int store_certificate_renew_at(Store* s, const char* id, int64_t at, Error* reterr); /* 0 = not planned */
int store_certificate_served(Store* s, const char* id, const char* served, Error* reterr);
int store_certificate_remove(Store* s, const char* id, Error* reterr);

/* blob NULL erases it. */
int store_certificate_upload_set(Store* s, const char* id, const void* blob, size_t size, Error* reterr);
int store_certificate_upload_get(Store* s, const char* id, void** ret, size_t* ret_size, Error* reterr); /* 1 there (owned), 0 none */
/* The number the next upload gets; never one that was used. */
int store_certificate_upload_next(Store* s, int64_t* ret, Error* reterr);

int store_acme_account_get(Store* s, const char* url, void** ret, size_t* ret_size, Error* reterr); /* 1 there (owned), 0 none */
int store_acme_account_set(Store* s, const char* url, const void* blob, size_t size, int64_t now, Error* reterr);
