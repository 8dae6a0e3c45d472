/* What one server said to one question, reduced to what verdicts need: the values at the end of all aliases, in one canonical spelling and
 * order, so that sets can be compared. Pure. */
#pragma once
#include "base/json.h"
#include "net/dns.h"

#define ALIASES_MAX 8

typedef enum SeenClass {
        SEEN_GOOD,    /* it is responsible and says what there is, or that there is nothing */
        SEEN_SILENT,  /* no answer, or none that can be read: nothing is known */
        SEEN_LAME,    /* it answers but is not responsible (RFC 8499: lame) */
        SEEN_FAILED,  /* SERVFAIL and its like */
        SEEN_ELSEWHERE, /* it sends the asker on to a zone below */
} SeenClass;

typedef struct Seen {
        SeenClass class;
        char* server;          /* owned; a nameserver's name, "resolver" */
        unsigned rcode;
        bool authenticated;
        bool refused;
        int extended_error;    /* -1 = none */
        char* extended_text;   /* owned or NULL */
        json_t* values;        /* owned array of strings, sorted, each once */
        json_t* aliases;       /* owned array of strings: where each alias leads */
        bool alias_loop, alias_long;
        char* zone;            /* owned: whose SOA came along, in the answer or as proof of nothing; SEEN_ELSEWHERE: where
                                * it sends the asker; NULL = none did */
} Seen;
void seen_done(Seen* s);
/* NULL answer = nobody was heard. resolver: its answers need no authority. name as in dns.h. */
int seen_take(const DnsAnswer* answer, const char* server, const char* name, const char* type, bool resolver, Seen* ret);

/* The canonical spelling of a value as in a zone file: numbers of addresses, names in small letters without final dot, single spaces.
 * Owned. What cannot be read stays as it is. */
char* value_canonical(const char* type, const char* value);
/* Array of strings -> owned, canonical, sorted, each once. */
json_t* values_canonical(const char* type, const json_t* values);
bool values_have(const json_t* values, const char* value);
json_t* values_minus(const json_t* a, const json_t* b); /* owned */
char* values_joined(const json_t* values);              /* ", "; owned */
int values_sort(json_t* values);                        /* in place, and each once */
/* Only what a check looks at: SPF records among all TXT, say. Owned. */
json_t* values_of_check(const char* check, const json_t* values);
