/* A catalogue as it lies in a directory or behind an address: index.json, index.json.minisig, and beside them two files for each package.
 * Pure: bytes in, what is offered out. Everything is signed by one key; what is not is not looked at. */
#pragma once
#include "package/manifest.h"
#include "package/minisign.h"
#include "package/rules.h"

#define CATALOGUE_INDEX_BYTES_MAX (512u * 1024) /* it goes through one message of job.sock */
#define CATALOGUE_PACKAGE_BYTES_MAX MANIFEST_BYTES_MAX
#define CATALOGUE_OFFERS_MAX 1000          /* all versions of all packages */
#define CATALOGUE_CLOCK_SKEW 86400         /* seconds that an index may come from the future */
#define CATALOGUE_LIFE_MAX (400 * 86400)   /* seconds an index may live */

/* {"format": 1, "serial", "made_at", "expires_at" (seconds), "name", "end_of_life": {package: date},
 *  "offers": [{"package", "version", "file", "sha256"}, .. newest first per package]} */
extern const Rule catalogue_index_rules[];

/* Verifies, then parses. serial_least: an index with a smaller number is refused; now: 0 = its time is
 * not looked at (for who makes one). */
int catalogue_index_parse(const MinisignPublic* key, const char* text, size_t size, const char* signature,
                int64_t serial_least, int64_t now, json_t** ret, Error* reterr);
/* Verifies a package's bytes against its row of the index ("offer"), then parses; *ret_icon may become NULL. */
int catalogue_package_parse(const MinisignPublic* key, const json_t* offer, const char* text, size_t size,
                const char* signature, json_t** ret, char** ret_icon, Error* reterr);
