#include "api/limits.h"
#include "base/secret.h"
#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <strings.h>

#define NEIGHBOURS 8 /* places a key may take */

typedef struct LimitEntry {
        uint64_t key; /* 0 = free */
        uint32_t tries;
        uint32_t level;         /* how often the limit was reached in a row */
        uint64_t window_usec;   /* when the counting began */
        uint64_t blocked_usec;  /* until when nothing is let through */
} LimitEntry;

struct Limits {
        uint8_t secret[crypto_shorthash_KEYBYTES];
        LimitEntry entries[LIMITS_ENTRIES];
};

int limits_new(Limits** ret) {
        Limits* l = calloc(1, sizeof(Limits));
        if (!l)
                return -ENOMEM;
        random_bytes(l->secret, sizeof(l->secret));
        *ret = l;
        return 0;
}

Limits* limits_free(Limits* l) {
        free(l);
        return NULL;
}

/* The address, or of IPv6 its first 64 bits. */
static void network_of(const char* address, char ret[static 64]) {
        struct in6_addr v6;
        if (inet_pton(AF_INET6, address, &v6) == 1 && !IN6_IS_ADDR_V4MAPPED(&v6)) {
                memset(v6.s6_addr + 8, 0, 8);
                if (inet_ntop(AF_INET6, &v6, ret, 64))
                        return;
        }
        (void) snprintf(ret, 64, "%s", address);
}

static uint64_t key_of(const Limits* l, const char* account, const char* network) {
        char text[400];
        uint64_t key = 0;
        int n = snprintf(text, sizeof(text), "%s|%s", strempty(account), network);
        for (char* p = text; *p; p++)
                *p = (char) (*p >= 'A' && *p <= 'Z' ? *p + 32 : *p); /* addresses of people are the same in capitals */
        (void) crypto_shorthash((unsigned char*) &key, (const unsigned char*) text, MIN((size_t) n, sizeof(text) - 1), l->secret);
        return key ?: 1;
}

static LimitEntry* entry_find(Limits* l, uint64_t key, bool add) {
        LimitEntry* oldest = NULL;
        for (size_t i = 0; i < NEIGHBOURS; i++) {
                LimitEntry* e = &l->entries[(key + i) % LIMITS_ENTRIES];
                if (e->key == key)
                        return e;
                uint64_t age = MAX(e->window_usec, e->blocked_usec);
                if (!oldest || age < MAX(oldest->window_usec, oldest->blocked_usec))
                        oldest = e;
        }
        if (!add)
                return NULL;
        *oldest = (LimitEntry) { .key = key };
        return oldest;
}

static int entry_try(LimitEntry* e, unsigned tries, uint64_t now, Error* reterr) {
        if (now < e->blocked_usec) {
                unsigned wait = (unsigned) ((e->blocked_usec - now + USEC_PER_SEC - 1) / USEC_PER_SEC);
                int r = error_set(reterr, ERROR_TOO_MANY, "Too many tries; please wait %u seconds.", wait);
                if (reterr)
                        reterr->retry_after = wait;
                return r;
        }
        if (now - e->window_usec >= LIMITS_WINDOW_SEC * USEC_PER_SEC) {
                /* an hour of rest after the last block and it begins anew */
                if (now - MAX(e->window_usec, e->blocked_usec) >= LIMITS_DELAY_MAX_SEC * USEC_PER_SEC)
                        e->level = 0;
                e->window_usec = now;
                e->tries = 0;
        }
        if (++e->tries < tries)
                return 0;
        /* this one is still let through; the next must wait */
        uint64_t delay = e->level < 6 ? (uint64_t) LIMITS_WINDOW_SEC << e->level : LIMITS_DELAY_MAX_SEC;
        e->blocked_usec = now + delay * USEC_PER_SEC;
        e->level++;
        return 0;
}

int limits_try(Limits* l, const char* account, const char* address, uint64_t now_usec, Error* reterr) {
        char network[64];
        if (isempty(address))
                return 0; /* the admin socket: root and its group are not guessing */
        network_of(address, network);
        int r = entry_try(entry_find(l, key_of(l, NULL, network), /* add= */ true), LIMITS_ADDRESS_TRIES, now_usec, reterr);
        if (r >= 0 && account)
                r = entry_try(entry_find(l, key_of(l, account, network), /* add= */ true), LIMITS_ACCOUNT_TRIES, now_usec, reterr);
        return r;
}

void limits_forgive(Limits* l, const char* account, const char* address) {
        char network[64];
        network_of(address, network);
        LimitEntry* e = entry_find(l, key_of(l, account, network), /* add= */ false);
        if (e)
                *e = (LimitEntry) {};
}
