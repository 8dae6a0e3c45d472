#include "api/tag.h"
#include "base/secret.h"
#include "daemon/manager.h"
#include <stdio.h>

#define CACHE_ENTRIES 8
#define CACHE_TEXT_MAX (64 * 1024)

struct TagCache {
        uint64_t generation; /* of all entries */
        unsigned next;
        struct {
                char* key;
                char* text;
        } entries[CACHE_ENTRIES];
};

void tag_of_text(const char* json, char ret[static 48]) {
        uint8_t digest[DIGEST_BYTES];
        char hex[33];
        digest_sha256(strempty(json), strlen(strempty(json)), digest);
        hex_encode(digest, 16, hex);
        (void) snprintf(ret, 48, "\"%s\"", hex);
}

bool tag_list_has(const char* header, const char* tag) {
        if (streq(header, "*"))
                return true;
        const char* opaque = startswith(tag, "W/") ?: tag;
        const char* hit = strstr(header, opaque); /* tags are quoted, so one cannot hide in another */
        return hit && (hit == header || hit[-1] == '/' || hit[-1] == ' ' || hit[-1] == ',');
}

/* Lists of people and of the log come from the store alone, and say nothing that depends on the clock. */
static bool from_store(const Request* r) {
        const Operation* o = r->operation;
        return r->method == METHOD_GET && (o->flags & OPERATION_COLLECTION) && (streq(o->scope, "people") || streq(o->scope, "log")) &&
               !(o->flags & OPERATION_AUDIT_READ);
}

static void generation_tag(Request* r) {
        (void) snprintf(r->tag, sizeof(r->tag), "W/\"%llx\"", (unsigned long long) store_generation(r->manager->store));
}

static bool client_has(Request* r) {
        const char* known = http_header(r, "If-None-Match");
        return known && *r->tag && tag_list_has(known, r->tag);
}

static char* cache_key(Request* r) {
        _cleanup_free_ char* fields = json_text(r->fields, /* canonical= */ true);
        char* key = NULL;
        if (!fields || asprintf(&key, "%s %d %s", r->operation->name, (int) r->actor.role, fields) < 0)
                return NULL;
        return key;
}

static void answer_304(Request* r) {
        r->status = 304;
        free(TAKE_PTR(r->reply_text));
        r->state = REQUEST_ANSWERED;
}

bool tag_answer_unchanged(Request* r) {
        if (!from_store(r))
                return false;
        generation_tag(r);
        if (client_has(r)) {
                answer_304(r);
                return true;
        }
        TagCache* c = r->manager->tag_cache;
        if (!c || c->generation != store_generation(r->manager->store))
                return false;
        _cleanup_free_ char* key = cache_key(r);
        for (unsigned i = 0; key && i < CACHE_ENTRIES; i++)
                if (streq_ptr(c->entries[i].key, key)) {
                        r->state = REQUEST_ANSWERED;
                        return request_reply_text(r, strdup(c->entries[i].text)) >= 0;
                }
        return false;
}

void tag_cache_trim(TagCache* c) {
        for (unsigned i = 0; c && i < CACHE_ENTRIES; i++) {
                free(TAKE_PTR(c->entries[i].key));
                free(TAKE_PTR(c->entries[i].text));
        }
}

TagCache* tag_cache_free(TagCache* c) {
        tag_cache_trim(c);
        free(c);
        return NULL;
}

static void cache_put(Request* r) {
        Manager* m = r->manager;
        if (strlen(r->reply_text) > CACHE_TEXT_MAX || (!m->tag_cache && !(m->tag_cache = calloc(1, sizeof(TagCache)))))
                return;
        TagCache* c = m->tag_cache;
        if (c->generation != store_generation(m->store)) {
                tag_cache_trim(c);
                c->generation = store_generation(m->store);
        }
        unsigned at = c->next++ % CACHE_ENTRIES;
        free(c->entries[at].key);
        free(c->entries[at].text);
        c->entries[at].key = cache_key(r);
        c->entries[at].text = strdup(r->reply_text);
        if (!c->entries[at].key || !c->entries[at].text) {
                free(TAKE_PTR(c->entries[at].key));
                free(TAKE_PTR(c->entries[at].text));
        }
}

void tag_finish(Request* r) {
        if (r->method != METHOD_GET || !r->reply_text || r->status != 200)
                return;
        if (from_store(r)) {
                generation_tag(r);
                cache_put(r);
                return;
        }
        tag_of_text(r->reply_text, r->tag);
        if (client_has(r))
                answer_304(r);
}
