/* Between writer.c and write-job.c. */
#pragma once
#include "domain/domain-internal.h"
#include "domain/writer.h"

#define WRITER_DIGEST_BYTES 65

int writer_token(Manager* m, int64_t id, char** ret, Error* reterr); /* owned, to be wiped; WRONG_STATE when there is none */
bool writer_is_ready(const DomainRow* row);                           /* connected, tested, proven */
int writer_digest(Manager* m, const DomainRow* row, char ret[static WRITER_DIGEST_BYTES], Error* reterr); /* of what is wanted now */
json_t* writer_request(const DomainRow* row, const char* mode);
