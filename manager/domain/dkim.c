/* Keys that sign mail (RFC 6376). Root's helper makes and keeps them; here only the public half is known. One is asked for at a time. */
#include "base/log.h"
#include "base/time.h"
#include "daemon/helper-client.h"
#include "domain/domain-internal.h"
#include <stdio.h>

#define SELECTOR "steadbox1" /* a second key will have another one, so that both can stand side by side */
#define KEY_BYTES_MAX 1024

typedef struct Asking {
        Manager* m;
        int64_t id;
} Asking;

static bool key_valid(const char* key) {
        size_t n = key ? strlen(key) : 0;
        return n >= 64 && n <= KEY_BYTES_MAX &&
               key[strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")] == 0;
}

static int keep(Manager* m, int64_t id, const char* key, Error* reterr) {
        if (!key_valid(key))
                return error_set(reterr, ERROR_HELPER_FAILED, "The helper gave no key.");
        int r = store_begin(m->store, reterr);
        if (r < 0)
                return r;
        _cleanup_(transaction_rollbackp) Transaction transaction = m->store;
        r = store_domain_dkim_set(m->store, id, SELECTOR, key, reterr);
        if (r < 0)
                return r;
        transaction = NULL;
        return store_commit(m->store, reterr);
}

static void on_key(json_t* answer, const Error* error, void* userdata) {
        _cleanup_free_ Asking* a = userdata;
        _cleanup_error_ Error e = ERROR_NULL;
        if (!a->m->domain)
                return;
        a->m->domain->dkim_asked = false;
        if (error || keep(a->m, a->id, json_string_value(answer), &e) < 0) /* asked again hourly, and with the next change */
                log_warning("There is no key for a domain's mail yet, will try again: %s",
                            error ? strempty(error->message) : strempty(e.message));
        else
                domain_changed(a->m, a->id); /* its record is wanted now; asks for the next key as well */
}

void dkim_ensure_all(Manager* m) {
        _cleanup_domain_rows_ DomainRows rows = {};
        _cleanup_error_ Error e = ERROR_NULL;
        if (!m->helper || m->domain->dkim_asked || store_domain_all(m->store, &rows, &e) < 0)
                return;
        for (size_t i = 0; i < rows.count; i++) {
                if (!streq(rows.items[i].scope, "everything") || *rows.items[i].dkim_selector)
                        continue;
                Asking* a = calloc(1, sizeof(Asking));
                if (!a)
                        return;
                *a = (Asking) { m, rows.items[i].id };
                if (helper_client_dkim_key_ensure(m->helper, rows.items[i].name, SELECTOR, on_key, a, &e) < 0)
                        free(a);
                else
                        m->domain->dkim_asked = true;
                return;
        }
}

/* A key cannot be brought back, and the removal of its domain may yet be rolled back: so it goes with what follows the commit. */
void dkim_forget(Manager* m, const DomainRow* row) {
        if (!m->domain || isempty(row->dkim_selector))
                return;
        if (!m->domain->dkim_gone)
                m->domain->dkim_gone = json_object();
        (void) json_object_set_new(m->domain->dkim_gone, row->name, json_string(row->dkim_selector));
}

void dkim_forget_gone(Manager* m) {
        _cleanup_json_ json_t* gone = TAKE_PTR(m->domain->dkim_gone);
        const char* name;
        json_t* selector;
        json_object_foreach(gone, name, selector) {
                _cleanup_domain_row_ DomainRow row = {};
                _cleanup_error_ Error e = ERROR_NULL;
                int r = store_domain_get(m->store, name, &row, &e);
                if (r == 0 && m->helper)
                        r = helper_client_dkim_key_remove(m->helper, name, json_string_value(selector), /* done= */ NULL, NULL, &e);
                if (r < 0)
                        log_warning("Cannot remove the key of '%s', ignoring: %s", name, strempty(e.message));
        }
}
