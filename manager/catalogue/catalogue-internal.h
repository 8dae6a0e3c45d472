/* Shared by the files of the catalogue's noun. */
#pragma once
#include "noun.h"
#include "catalogue/catalogue.h"
#include "store/store-catalogue.h"

#define CATALOGUE_NEXT "catalogue_next"    /* setting: when sources are fetched again, seconds */
#define CATALOGUE_DIRECTORY STEADBOX_DATADIR "/catalogue"
#define CATALOGUE_KEY STEADBOX_DATADIR "/keys/catalogue.pub" /* root's: who signs the box's own catalogue */
#define CATALOGUE_SOURCES_MAX 16
#define CATALOGUE_EVERY_SEC 86400
#define CATALOGUE_JITTER_SEC 7200
#define CATALOGUE_SOON_SEC 3600            /* again where a source could not be reached */
#define CATALOGUE_BYTES_MAX (32 << 20)     /* that a source may fill the store with */

/* Whether the row is the box's or the provider's, which nobody here adds or removes. */
bool catalogue_is_fixed(const char* source);
int catalogue_findings(Manager* m, Findings* list, Error* reterr); /* finding.c */
/* 0 when nobody is to be asked before then. */
int catalogue_plan(Manager* m, int64_t at, Error* reterr);
int catalogue_due(Manager* m, int64_t now, Error* reterr); /* 1 = it is time */
/* The source that speaks for a package: the provider's, the box's own, then by name. 1 found. */
int catalogue_source_of(Manager* m, const char* package, char** ret, Error* reterr);
/* Takes what it can from the row. Returns 1. */
int catalogue_offer_of_row(CatalogueOfferRow* row, CatalogueOffer* ret, Error* reterr);
