/* What lists of the log share: the log itself and a person's own activity. */
#pragma once
#include "api/request.h"
#include "store/store-audit.h"

int log_filter_page(Request* request, AuditFilter* f, Error* reterr); /* limit, after, q of PAGE_FIELDS */
int log_reply(Request* request, const AuditFilter* filter, Error* reterr);
