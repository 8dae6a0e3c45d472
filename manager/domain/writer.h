/* Writing a domain's records by dns-write jobs: for the edge and the noun. What others need is in domain.h. */
#pragma once
#include "domain/domain.h"
#include "store/store-domain.h"

/* Inside the caller's open transaction. fields: server, port, key_name, algorithm where they were given. */
int domain_connect(Manager* m, const DomainRow* row, const char* kind, const char* token,
                const json_t* fields, const Actor* actor, Error* reterr);
int domain_disconnect(Manager* m, const DomainRow* row, const Actor* actor, Error* reterr);
/* Jobs of the modes test, plan and apply; replace may be NULL. WRONG_STATE when nobody writes for us, or the token was never good. */
int domain_write_begin(
                Manager* m,
                const DomainRow* row,
                const char* mode,
                const json_t* replace,
                const Actor* actor,
                char ret_job[static JOB_ID_BYTES],
                Error* reterr);
/* All tokens under a new generation of their sealing key. */
int domain_writer_reseal(Manager* m, uint64_t generation, Error* reterr);
