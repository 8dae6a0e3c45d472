/* What people are told of certificates: one sentence each, with the reason and what to do. */
#include "base/format.h"
#include "base/time.h"
#include "certificate/certificate-internal.h"
#include "certificate/wanted.h"
#include <stdarg.h>
#include <stdio.h>

#define SOON_SEC (10 * 86400) /* from then on it is worth a sentence on the first page; what renews itself and lives short, from its last quarter on */

static const char* first_name(const json_t* names) {
        size_t i;
        json_t* n;
        json_array_foreach(names, i, n)
                if (!startswith(strempty(json_string_value(n)), "*."))
                        return json_string_value(n);
        return strempty(json_string_value(json_array_get(names, 0)));
}

_printf_(4, 5) static void state_set(CertificateState* s, const char* severity, const char* kind, const char* format, ...) {
        va_list ap;
        va_start(ap, format);
        s->severity = severity;
        s->kind = kind;
        s->sentence = format_text_va(format, ap);
        va_end(ap);
}

static const json_t* first_wrong(const json_t* served) {
        size_t i;
        json_t* s;
        json_array_foreach(served, i, s)
                if (!json_get_boolean(s, "matches", true))
                        return s;
        return NULL;
}

/* What went wrong and what to do, in the words of the job; empty when nothing did. */
static char* reason_of(const json_t* error) {
        const char* message = json_get_string(error, "message");
        const char* hint = json_get_string(error, "hint");
        char* text = NULL;
        if (isempty(message))
                return strdup("");
        return asprintf(&text, "%s%s%s%s", message, message[strlen(message) - 1] == '.' ? "" : ".", isempty(hint) ? "" : " ", strempty(hint)) < 0 ? NULL : text;
}

static void state_without(const CertificateRow* row, const json_t* names, const char* reason, CertificateState* s) {
        if (row->has_upload)
                state_set(s, "note", "waits", "What was uploaded is being verified.");
        else if (row->failures > 0)
                state_set(s, "warn", "failed", "There is no certificate for %s yet, so browsers warn. %s", first_name(names), reason);
        else
                state_set(s, "note", "waits", "The certificate for %s is being fetched.", first_name(names));
}

static void state_self_signed(const CertificateRow* row, const json_t* present, const char* reason, CertificateState* s) {
        const char* name = first_name(json_object_get(present, "names"));
        if (row && row->failures > 0)
                state_set(s, "warn", "self-signed", "The box shows a certificate it made itself (%s), so browsers warn. %s", name, reason);
        else
                state_set(s, "warn", "self-signed", "The box shows a certificate it made itself (%s), so browsers warn.", name);
}

static void state_expiring(const CertificateRow* row, const char* name, int64_t left, bool wanted, const char* reason, CertificateState* s) {
        bool upload = row && streq(row->source, "upload");
        const char* remedy = upload    ? "Upload its successor."
                             : *reason ? reason
                             : !wanted ? "None of its names leads here, so it is not renewed."
                                       : "It is about to be renewed.";
        if (left <= 0)
                state_set(s, "bad", "expired", "The certificate of %s has expired, so browsers refuse it. %s", name, remedy);
        else
                state_set(s, "warn", "expires", "The certificate of %s expires in %lld days. %s", name, (long long) s->days, remedy);
}

void certificate_state(const CertificateRow* row, const json_t* present, bool wanted, int64_t now, CertificateState* ret) {
        _cleanup_json_ json_t *error = json_from(row ? row->error : NULL, false), *served = json_from(row ? row->served : NULL, true),
                              *names = json_from(row ? row->names : NULL, true);
        _cleanup_free_ char* reason = reason_of(error);
        const char* name = first_name(json_object_get(present, "names"));
        int64_t until = json_get_integer(present, "not_after", 0), left = until - now;
        bool renews = row && !streq(row->source, "upload");
        int64_t soon = renews ? MIN((int64_t) SOON_SEC, (until - json_get_integer(present, "not_before", 0)) / 4) : SOON_SEC;
        const json_t* wrong = first_wrong(served);
        *ret = (CertificateState) { .days = MAX(left / 86400, (int64_t) 0) };
        if (!present && row)
                state_without(row, names, strempty(reason), ret);
        else if (json_get_boolean(present, "self_signed", false) && !(row && streq(row->source, "upload")))
                state_self_signed(row, present, strempty(reason), ret);
        else if (left < soon)
                state_expiring(row, name, left, wanted, strempty(reason), ret);
        else if (wrong)
                state_set(ret, "bad", "served", "%s", strempty(json_get_string(wrong, "sentence")));
        else if (row && row->failures > 0)
                state_set(ret, "warn", "failed", "The certificate of %s could not be renewed; it is valid for %lld more days. %s", name,
                          (long long) ret->days, strempty(reason));
        else if (!json_get_boolean(present, "trusted", true))
                state_set(ret, "note", "untrusted", "The certificate of %s comes from an authority this machine does not know; most browsers will warn.", name);
        else
                state_set(ret, "ok", "fine", "Valid for %lld more days%s.", (long long) ret->days,
                          row && streq(row->source, "upload") ? "; its successor has to be uploaded" : ", and renewed before that");
}

/* --- objects --- */

static json_t* to_json(const CertificateRow* row, const json_t* present, const json_t* wanted, int64_t now) {
        CertificateState state;
        const char* id = row ? row->id : json_get_string(present, "id");
        const json_t* w = want_of_id(wanted, id);
        bool self_signed = json_get_boolean(present, "self_signed", false);
        const char* method = row && *row->method ? row->method : NULL;
        bool upload = row && streq(row->source, "upload");
        const char* source = upload ? "upload" : self_signed || !row ? "self" : row->source;
        certificate_state(row, present, w != NULL, now, &state);
        json_t* names = json_object_get(present, "names");
        json_t* j = json_pack(
                        "{s:s, s:o, s:o, s:s, s:o, s:s, s:b, s:o, s:o, s:o, s:i, s:s, s:s, s:o, s:o}", "id", id, "names",
                        names ? json_incref(names) : json_array(), "wanted",
                        w ? json_incref(json_object_get(w, "names")) : row ? json_from(row->names, true) : json_array(), "source", source,
                        "method", json_string_or_null(method), "issuer", strempty(json_get_string(present, "issuer")), "self_signed",
                        (int) self_signed, "not_before", json_time_or_null(json_get_integer(present, "not_before", 0)), "not_after",
                        json_time_or_null(json_get_integer(present, "not_after", 0)), "renew_at", json_time_or_null(row ? row->renew_at : 0),
                        "failures", row ? (int) row->failures : 0, "severity", state.severity, "sentence", strempty(state.sentence), "served",
                        json_from(row ? row->served : NULL, true), "fingerprint", json_string_or_null(json_get_string(present, "fingerprint")));
        free(state.sentence);
        return j;
}

static bool row_shown(const CertificateRow* row, const json_t* present) {
        _cleanup_json_ json_t* names = json_from(row->names, true);
        return present || row->has_upload || json_array_size(names) > 0; /* not the bare note of what ports showed */
}

int certificate_list(Manager* m, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t *items = json_array(), *wanted = wanted_now(m, false), *seen = json_object();
        CertificateRow* rows = NULL;
        int64_t now = now_seconds();
        size_t n = 0, i;
        json_t* p;
        int r = store_certificate_all(m->store, &rows, &n, reterr);
        if (r < 0)
                return r;
        for (size_t k = 0; k < n; k++) {
                const json_t* present = present_find(m->certificates, rows[k].id);
                (void) json_object_set_new(seen, rows[k].id, json_true());
                if (row_shown(&rows[k], present))
                        (void) json_array_append_new(items, to_json(&rows[k], present, wanted, now));
        }
        json_array_foreach(certificates_present(m), i, p)
                if (!json_object_get(seen, json_get_string(p, "id")) && streq(json_get_string(p, "id"), BOX_CERTIFICATE))
                        (void) json_array_append_new(items, to_json(NULL, p, wanted, now));
        certificate_rows_free(rows, n);
        certificates_refresh(m); /* the next who asks sees what a person at the machine may have changed */
        *ret = TAKE_PTR(items);
        return 0;
}

int certificate_show(Manager* m, const char* id, json_t** ret, Error* reterr) {
        _cleanup_certificate_row_ CertificateRow row = {};
        _cleanup_json_ json_t* wanted = wanted_now(m, false);
        const json_t* present = present_find(m->certificates, id);
        int r = store_certificate_get(m->store, id, &row, reterr);
        if (r < 0)
                return r;
        if ((r == 0 && !(present && streq(id, BOX_CERTIFICATE))) || (r > 0 && !row_shown(&row, present)))
                return error_set(reterr, ERROR_NOT_FOUND, "There is no certificate %.64s.", id);
        *ret = to_json(r > 0 ? &row : NULL, present, wanted, now_seconds());
        return *ret ? 0 : error_errno(reterr, -ENOMEM, "Cannot show a certificate");
}

/* --- findings: the worst of each kind, so that a hundred domains do not bury the page --- */

typedef struct Kind {
        const char* kind;
        const char* id;
        Severity severity;
        const char* operation;
        const char* first;  /* sentence */
        char* name;
        int64_t days, count;
} Kind;

static void kind_take(Kind* k, CertificateState* s, const char* name) {
        if (k->count++ == 0 || s->days < k->days) {
                free((char*) k->first);
                free(k->name);
                k->first = TAKE_PTR(s->sentence);
                k->name = strdup(name);
                k->days = s->days;
        }
}

static void kinds_take(Kind* kinds, size_t n, const CertificateRow* row, const json_t* present, const json_t* wanted, int64_t now) {
        CertificateState s;
        const char* id = row ? row->id : json_get_string(present, "id");
        _cleanup_json_ json_t* names = json_from(row ? row->names : NULL, true);
        certificate_state(row, present, want_of_id(wanted, id) != NULL, now, &s);
        const char* name = present ? first_name(json_object_get(present, "names")) : first_name(names);
        for (size_t i = 0; i < n; i++)
                if (streq(kinds[i].kind, s.kind))
                        kind_take(&kinds[i], &s, name);
        free(s.sentence);
}

int certificate_findings(Manager* m, Findings* list, Error* reterr) {
        Kind kinds[] = {
                { "self-signed", "certificate.self-signed", SEVERITY_WARN, "certificate.renew" },
                { "expires", "certificate.expires", SEVERITY_WARN, "certificate.renew" },
                { "expired", "certificate.expired", SEVERITY_BAD, "certificate.renew" },
                { "failed", "certificate.failed", SEVERITY_WARN, "certificate.renew" },
                { "served", "certificate.served", SEVERITY_BAD, "certificate.check" },
        };
        _cleanup_json_ json_t* wanted = wanted_now(m, false);
        CertificateRow* rows = NULL;
        size_t n = 0;
        int64_t now = now_seconds();
        int r = store_certificate_all(m->store, &rows, &n, reterr);
        if (r < 0)
                return r;
        bool box = false;
        for (size_t i = 0; i < n; i++) {
                const json_t* present = present_find(m->certificates, rows[i].id);
                box = box || streq(rows[i].id, BOX_CERTIFICATE);
                if (row_shown(&rows[i], present))
                        kinds_take(kinds, ELEMENTS(kinds), &rows[i], present, wanted, now);
        }
        const json_t* own = present_find(m->certificates, BOX_CERTIFICATE);
        if (!box && own)
                kinds_take(kinds, ELEMENTS(kinds), NULL, own, wanted, now);
        certificate_rows_free(rows, n);
        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                Kind* k = &kinds[i];
                bool days = startswith(k->kind, "expire"); /* others would come back every day after they were put aside */
                if (k->count > 0)
                        (void) findings_add(list, (Finding) {
                                .id = k->id, .severity = k->severity, .key = k->id,
                                .facts = json_pack("{s:s, s:I, s:I}", "name", strempty(k->name), "count", (json_int_t) (days ? k->days : 0), "certificates",
                                                   (json_int_t) k->count),
                                .sentence = (char*) TAKE_PTR(k->first), .fix_operation = k->operation, .fix_page = "/system/certificates",
                                .fix_label = "findings.system.show.fix",
                        });
                free((char*) k->first);
                free(k->name);
        }
        return 0;
}
