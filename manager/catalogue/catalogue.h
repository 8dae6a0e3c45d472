/* What apps are offered: sources (the box's own, the provider's, the owner's), each with its key, fetched
 * by the job catalogue-refresh, which is not believed: what it hands over is verified again here. The
 * noun of the catalogue; SQL is in store/store-catalogue.h. */
#pragma once
#include "api/request.h"
#include "job/job.h"
#include "package/catalogue-index.h"

#define CATALOGUE_BUILTIN "builtin"   /* the source that comes with the box, where it does */
#define CATALOGUE_PROVIDER "provider" /* the one of steadbox.json */

extern const JobClass catalogue_refresh_job;

/* An offer that may be installed here: the provider's allow and deny are heeded. version NULL = the
 * newest; source NULL = the provider's, the box's own, then others by name. Returns 1 with what is asked
 * for, owned; any may be NULL. 0 = there is none. */
typedef struct CatalogueOffer {
        char* source;
        char* version;
        char* icon;        /* data: URL or "" */
        char* end_of_life; /* date or "" */
        json_t* manifest;  /* normalised */
} CatalogueOffer;
void catalogue_offer_done(CatalogueOffer* o);
#define _cleanup_catalogue_offer_ _cleanup_(catalogue_offer_done)
int catalogue_offer_find(Manager* m, const char* source, const char* package, const char* version, CatalogueOffer* ret, Error* reterr);
/* Versions of that source that may be reached from `from` in one step, newest first; from NULL = all. *ret is an array of texts. */
int catalogue_versions(Manager* m, const char* source, const char* package, const char* from, json_t** ret, Error* reterr);
/* When the source's index says that nobody cares for the package any more: 1 and a date, owned; 0 = it says nothing. */
int catalogue_end_of_life(Manager* m, const char* source, const char* package, char** ret, Error* reterr);
/* Whether the provider lets this package be installed. */
bool catalogue_allowed(Manager* m, const char* package);
/* LOCKED where it lets no images and no Compose files be installed, for which no catalogue vouches. */
int catalogue_imports_check(Manager* m, Error* reterr);

/* Inside the caller's transaction; joins a refresh that is open. */
int catalogue_refresh(Manager* m, const Actor* actor, char ret_job[static JOB_ID_BYTES], Error* reterr);
int catalogue_sources(Manager* m, json_t** ret_items, Error* reterr);
int catalogue_source_show(Manager* m, const char* source, json_t** ret, Error* reterr);
int catalogue_source_add(Manager* m, const char* source, const char* url, const char* key, Error* reterr);
int catalogue_source_remove(Manager* m, const char* source, Error* reterr);
/* Offer objects of tbl/types.h, by title, where category and q (NULL = any) fit. */
int catalogue_offers(Manager* m, const char* language, const char* category, const char* q, json_t** ret_items, Error* reterr);
/* OfferDetail without "fit" and "suggested_name", and the manifest they are made from; both owned. */
int catalogue_offer_detail(Manager* m, const char* package, const char* language, json_t** ret, json_t** ret_manifest, Error* reterr);


