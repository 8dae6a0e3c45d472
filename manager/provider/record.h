/* Values of records as this project writes them, and as zone files and providers write them. Pure: no I/O, no state, limits on everything.
 *
 * Our form: names in lower case without a final dot, numbers without leading zeros, addresses as
 * inet_ntop(3) prints them, TXT as its strings joined, without quotes, with every byte that is not
 * printable ASCII, the backslash and the quote as \DDD (RFC 1035 5.1). */
#pragma once
#include "base/error.h"
#include "base/json.h"

#define RECORD_VALUE_MAX 65536   /* bytes of one value */
#define RECORD_VALUES_MAX 100    /* of one set */
#define RECORD_SETS_MAX 1000     /* of one answer */
#define RECORD_NAME_BYTES 254
#define RECORD_TYPE_BYTES 17

/* Text of a zone file or an API to our form, owned. Names without a final dot are below origin; NULL =
 * they are whole. -EBADMSG when it is no value of this type. Types we know are A, AAAA, CNAME, NS, PTR,
 * MX, SRV, CAA, TXT; of others the text is kept as it is. */
int record_value_parse(const char* type, const char* text, const char* origin, char** ret);
/* Ours to a zone file's: names with a final dot, TXT as quoted strings of at most 255 bytes. Owned, NULL on out of memory. */
char* record_value_text(const char* type, const char* value);
/* A TXT value's bytes where an API wants neither quotes nor escapes; NULL also when the bytes are not UTF-8. */
char* record_txt_plain(const char* value);
/* The other way: bytes as they are. */
int record_txt_from_plain(const char* text, char** ret);

/* A name in lower case without final dot; false when it is too long or has bytes a name in an API never has. */
bool record_name_parse(const char* text, char ret[static RECORD_NAME_BYTES]);
bool record_type_valid(const char* type);
/* "www" of www.example.com in example.com, "" of the zone itself; NULL when name is not in it. Borrowed from name. */
const char* record_name_relative(const char* name, const char* zone, size_t* ret_size);

/* Arrays of {owner, type, values, ttl}: adds one value, to its set if there is one. -E2BIG beyond the limits. The value must be ours. */
int record_sets_add(json_t* sets, const char* owner, const char* type, const char* value, uint32_t ttl);
json_t* record_sets_find(const json_t* sets, const char* owner, const char* type); /* the values, borrowed; NULL = none */
/* Arrays of values as sets. */
bool record_values_equal(const json_t* a, const json_t* b);
