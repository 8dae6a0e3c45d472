/* Entity tags (RFC 9110 8.8.3), 304 answers and a small cache of list answers. */
#pragma once
#include "api/request-internal.h"

void tag_of_text(const char* json, char ret[static 48]);
bool tag_list_has(const char* header, const char* tag); /* If-Match, If-None-Match: weak comparison */
/* A list that comes from the store alone is as fresh as the store's generation: answers 304 or the cached text without running anything. */
bool tag_answer_unchanged(Request* r);
/* Gives the finished answer of a GET its tag; turns it into 304 where the client has it. */
void tag_finish(Request* r);
/* Forgets cached answers; when the loop is quiet. */
typedef struct TagCache TagCache;
TagCache* tag_cache_free(TagCache* c);
void tag_cache_trim(TagCache* c);
