/* Where apps live: which names are free for them, and what follows when they change. */
#include "app/app-internal.h"
#include "app/install.h"
#include "noun.h"
#include "domain/names.h"
#include "base/validate.h"
#include "domain/domain.h"
#include "store/store-domain.h"
#include "store/store-app.h"
#include <stdio.h>

int app_name_check(Manager* m, const char* field, const char* name, const char* app, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        int r = store_app_by_name(m->store, name, &row, reterr);
        if (r < 0)
                return r;
        if (r > 0 && !streq_ptr(row.id, app)) {
                (void) error_field(reterr, ERROR_NAME_TAKEN, field, "The name %s is taken: %s lives there.", name, row.title);
                return error_hint(reterr, "Choose another name.");
        }
        if (r > 0)
                return 0; /* its own already */
        Error e = ERROR_NULL;
        r = served_name_check(m, name, &e);
        if (r < 0 && reterr) { /* the field may have another name here */
                *reterr = e;
                free(reterr->field);
                reterr->field = strdup(field);
        } else
                error_done(&e);
        return MIN(r, 0);
}

int app_name_choose(Manager* m, const char* id, char ret[static DOMAIN_NAME_BYTES], Error* reterr) {
        _cleanup_domain_row_ DomainRow primary = {};
        int r = store_domain_primary(m->store, &primary, reterr);
        if (r < 0)
                return r;
        const char* below = r > 0 ? primary.name : json_get_string(json_object_get(m->machine, "provider"), "fallback_name");
        if (!below) {
                (void) error_field(reterr, ERROR_MISSING_FIELD, "name", "Where should it live? This box has no primary domain yet.");
                return error_hint(reterr, "Add a domain, or give a name in one of the box's domains.");
        }
        if (snprintf(ret, DOMAIN_NAME_BYTES, "%s.%s", id, below) >= DOMAIN_NAME_BYTES)
                return error_field(reterr, ERROR_BAD_FIELD, "name", "The name would be too long; please give one.");
        return 0;
}

/* "ghcr.io/some/My-App:1" and "my-app" become "myapp"; taken ones get a number. */
int app_id_choose(Manager* m, const char* wish, char ret[static APP_ID_BYTES], Error* reterr) {
        char base[APP_ID_BYTES - 3];
        size_t n = 0;
        const char* last = strrchr(wish, '/') ? strrchr(wish, '/') + 1 : wish;
        for (const char* p = last; *p && *p != ':' && *p != '@' && n < sizeof(base) - 1; p++) {
                char c = *p >= 'A' && *p <= 'Z' ? (char) (*p - 'A' + 'a') : *p;
                if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
                        base[n++] = c;
        }
        base[n] = 0;
        if (n == 0)
                (void) snprintf(base, sizeof(base), "app");
        for (unsigned i = 1; i <= 999; i++) {
                _cleanup_app_row_ AppRow row = {};
                (void) snprintf(ret, APP_ID_BYTES, "%s", base);
                if (i > 1)
                        (void) snprintf(ret, APP_ID_BYTES, "%s%u", base, i);
                int r = store_app_get(m->store, ret, &row, reterr);
                if (r <= 0)
                        return r;
        }
        return error_field(reterr, ERROR_CONFLICT, "id", "There are very many apps called %s; please give an id.", base);
}

void app_names_changed(Manager* m, const char* name) {
        char domain[DOMAIN_NAME_BYTES];
        int64_t id = 0;
        if (domain_of_name(m, name, &id, domain, NULL) > 0)
                domain_changed(m, id);
        served_names_changed(m);
}

int app_name_suggest(Manager* m, const char* package, char ret[static DOMAIN_NAME_BYTES], Error* reterr) {
        _cleanup_error_ Error none = ERROR_NULL;
        char id[APP_ID_BYTES];
        *ret = 0;
        int r = app_id_choose(m, package, id, reterr);
        if (r >= 0 && app_name_choose(m, id, ret, &none) < 0)
                *ret = 0;
        return r;
}
