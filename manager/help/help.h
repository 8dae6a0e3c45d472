/* The help centre: Markdown files of the release, one folder per language. What is read is recorded nowhere. */
#pragma once
#include "base/json.h"

const char* data_path(const char* name); /* below /usr/share/steadbox, or $STEADBOX_DATADIR for tests; valid until the next call */
const char* help_directory(void);

/* Array of HelpPage: pages in which all words of q occur (NULL or empty: all pages), owned. directory is .../docs. */
json_t* help_search(const char* directory, const char* language, const char* q, Error* reterr);
/* HelpText, owned; NOT_FOUND. Falls back to English. */
json_t* help_page(const char* directory, const char* language, const char* page, Error* reterr);
