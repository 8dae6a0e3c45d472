/* Rows of sources of apps and of what they offer. Who may put what there is catalogue/catalogue.h's to say. */
#pragma once
#include "base/json.h"
#include "store/store.h"

typedef struct CatalogueSourceRow {
        char *id, *url, *key, *name, *error;
        int64_t serial, expires_at, fetched_at; /* 0 = never */
        int64_t offers;                         /* packages that are on offer */
} CatalogueSourceRow;
void catalogue_source_row_done(CatalogueSourceRow* row);
#define _cleanup_catalogue_source_row_ _cleanup_(catalogue_source_row_done)

int store_catalogue_source_get(Store* s, const char* id, CatalogueSourceRow* ret, Error* reterr); /* 1 found, 0 not */
int store_catalogue_source_all(Store* s, CatalogueSourceRow** ret, size_t* ret_n, Error* reterr); /* catalogue_source_rows_free() */
void catalogue_source_rows_free(CatalogueSourceRow* rows, size_t n);
/* Another key makes it another source: its offers and its serial are forgotten. */
int store_catalogue_source_set(Store* s, const char* id, const char* url, const char* key, Error* reterr);
int store_catalogue_source_remove(Store* s, const char* id, Error* reterr);
int store_catalogue_source_failed(Store* s, const char* id, const char* error, Error* reterr);
int store_catalogue_source_believed(Store* s, const char* id, const char* name, int64_t serial,
                int64_t expires_at, int64_t now, Error* reterr);

int store_catalogue_offer_has(Store* s, const char* source, const char* sha256, Error* reterr); /* 1 there, 0 not */
int store_catalogue_offer_bytes(Store* s, const char* source, int64_t* ret, Error* reterr);      /* of all its manifests and icons */
int store_catalogue_offer_add(Store* s, const char* source, const char* sha256, const char* package,
                const char* version, const char* manifest, const char* icon, Error* reterr);
/* A new index: first all of a source go off offer, then each of the index is placed (0 = there is none of
 * that digest, package and version), then what was not placed goes. */
int store_catalogue_offers_clear(Store* s, const char* source, Error* reterr);
int store_catalogue_offer_place(Store* s, const char* source, const char* sha256, const char* package,
                const char* version, int64_t position, const char* end_of_life, Error* reterr);
int store_catalogue_offers_drop(Store* s, const char* source, Error* reterr);

typedef struct CatalogueOfferRow {
        char *source, *sha256, *package, *version, *end_of_life, *manifest, *icon;
} CatalogueOfferRow;
void catalogue_offer_row_done(CatalogueOfferRow* row);
#define _cleanup_catalogue_offer_row_ _cleanup_(catalogue_offer_row_done)
/* The newest where version is NULL; of any source, by id, where source is NULL. */
int store_catalogue_offer_get(Store* s, const char* source, const char* package, const char* version,
                CatalogueOfferRow* ret, Error* reterr);
/* Newest first. *ret is an array of version texts. */
int store_catalogue_versions(Store* s, const char* source, const char* package, json_t** ret, Error* reterr);
/* The newest of each package of each source, by package; each is called with a row it may take from. */
typedef int (*CatalogueOfferEach)(CatalogueOfferRow* row, void* userdata, Error* reterr);
int store_catalogue_offers(Store* s, CatalogueOfferEach each, void* userdata, Error* reterr);
