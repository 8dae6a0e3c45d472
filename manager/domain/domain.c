#include "domain/domain-internal.h"
#include "api/events.h"
#include <stdio.h>

void domain_publish(Manager* m) {
        if (m->events)
                events_changed(m->events, "domain");
}

void domain_box_name_of(const char* domain, char ret[static DOMAIN_NAME_BYTES]) {
        (void) snprintf(ret, DOMAIN_NAME_BYTES, "my.%s", domain); /* domain_add() refuses names too long for that */
}

int domain_find(Manager* m, const char* name, DomainRow* ret, Error* reterr) {
        int r = store_domain_get(m->store, name, ret, reterr);
        if (r == 0)
                return error_set(reterr, ERROR_NOT_FOUND, "There is no domain %s here.", name);
        return MIN(r, 0);
}

int domain_of_name(Manager* m, const char* name, int64_t* ret_id, char ret_domain[static DOMAIN_NAME_BYTES], Error* reterr) {
        _cleanup_domain_row_ DomainRow row = {};
        int r = store_domain_of_name(m->store, name, &row, reterr);
        if (r <= 0)
                return r;
        *ret_id = row.id;
        (void) snprintf(ret_domain, DOMAIN_NAME_BYTES, "%s", row.name);
        return 1;
}

char* domain_box_name(Manager* m) {
        _cleanup_domain_row_ DomainRow row = {};
        char name[DOMAIN_NAME_BYTES];
        if (store_domain_primary(m->store, &row, NULL) <= 0 || !streq(row.state, "proven"))
                return NULL;
        domain_box_name_of(row.name, name);
        return strdup(name);
}
