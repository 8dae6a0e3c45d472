/* Domains of the box: what is wanted of the world's DNS for each, what the world answered, who writes it. Asking and writing happen in
 * jobs (steadbox-job domain-check, dns-write); here is what was decided and remembered. */
#pragma once
#include "job/job.h"
#include "net/name.h"
#include "noun.h"

/* Struct Domain of manager.h is the noun's memory, see domain-internal.h. */
/* Each 0 or an error; inside the caller's open transaction. Answers are types of tbl/types.h, owned. */
int domain_list(Manager* m, const char* q, const char* after, unsigned limit, json_t** ret, Error* reterr);
int domain_show(Manager* m, const char* name, json_t** ret, Error* reterr);
int domain_add(Manager* m, const Actor* actor, const char* name, const char* shown, const char* scope, Error* reterr);
int domain_update(Manager* m, const Actor* actor, const char* name, const char* scope, Error* reterr);
int domain_remove(Manager* m, const Actor* actor, const char* name, Error* reterr);
int domain_switch(Manager* m, const Actor* actor, const char* name, const char* part, Error* reterr); /* web, mail */
int domain_switch_back(Manager* m, const Actor* actor, const char* name, const char* part, Error* reterr);
/* "" = counts again */
int domain_ignore(Manager* m, const Actor* actor, const char* name, const char* record, const char* reason,
                Error* reterr);

/* The domain whose zone name is in: the longest of ours that is name or a parent of it. 1 found, 0 none. */
int domain_of_name(Manager* m, const char* name, int64_t* ret_id, char ret_domain[static DOMAIN_NAME_BYTES], Error* reterr);
/* Whether Steadbox may write the domain's zone: connected, tested, proven. */
int domain_is_writable(Manager* m, int64_t id, Error* reterr);

/* Puts or drops one TXT value in the zone that name is in, by a dns-write job of its own (for DNS-01, RFC 8555 8.4). done is called once,
 * from the loop. Begins its own transaction. */
typedef void (*DomainWritten)(Manager* m, const Error* error, void* userdata);
int domain_write_txt(Manager* m, const char* name, const char* value, bool drop, DomainWritten done, void* userdata, Error* reterr);

/* Where the world reaches the box: settings public_ipv4 and public_ipv6, else the machine's global addresses. Arrays of strings, owned. */
json_t* domain_addresses(Manager* m, bool ipv6);

/* Something that is wanted changed (a name, a key, an address): ask the world soon, then every minute for an hour; write where we may. */
void domain_changed(Manager* m, int64_t id); /* 0 = all */

extern const JobClass domain_check_job, domain_primary_job, dns_write_job;
