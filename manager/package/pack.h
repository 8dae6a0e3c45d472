/* Making packages and catalogues from directories: what "steadbox pack" does. For people who make packages; no box uses it.
 *
 * A package's directory: manifest.json as package/manifest.h wants it, icon.svg or icon.png, and where texts are long
 * description.<language>.md and notes.<language>.md, which become the manifest's. Other files are not looked at. */
#pragma once
#include "package/minisign.h"
#include "package/manifest.h"
#include <stdio.h>

/* Reads the directory's files into one manifest, as the author wrote it, with "icon". *ret is owned. */
int pack_read(const char* directory, json_t** ret, Error* reterr);

typedef struct LintResult {
        unsigned errors, warnings;
} LintResult;
/* Says what is wrong with a package, a line each: "error: field: sentence". Whatever it says, a manifest that the box would refuse is an
 * error here too. */
LintResult pack_lint(const json_t* manifest, int64_t now, FILE* f);

/* Writes <id>-<version>.json and its signature into output. The same directory and key give the same
 * bytes. *ret_file is its name, owned. */
int pack_write(const json_t* manifest, const MinisignSecret* secret, const char* output, char** ret_file, Error* reterr);

typedef struct PackIndex {
        const char* name;        /* NULL = that of the index before */
        int64_t serial;          /* 0 = one more than that of the index before */
        int64_t made_at;
        unsigned days;           /* that it is good for */
        const json_t* end_of_life; /* {package: date} beside those of the index before, "" takes one back; or NULL */
} PackIndex;
/* Makes index.json and its signature for all packages in the directory, which must be signed by the same key. *ret_offers: how many. */
int pack_index(const char* directory, const MinisignSecret* secret, const PackIndex* options, unsigned* ret_offers, Error* reterr);
/* The JSON Schema of manifest.json; owned. */
json_t* pack_schema(void);
