/* What the ports really show: a job asks each, here it is compared with what is in place and kept. */
#include "api/events.h"
#include "base/log.h"
#include "base/time.h"
#include "base/validate.h"
#include "certificate/certificate-internal.h"
#include "daemon/nouns.h"
#include "system/wanted.h"
#include <stdio.h>

#define LOOKS_MAX 400

json_t* served_names(Manager* m, Error* reterr) {
        NginxNames* names = calloc(1, sizeof(NginxNames));
        int r = names ? wanted_names(m, noun_table, names, reterr) : error_errno(reterr, -ENOMEM, "Cannot collect names");
        json_t* list = r < 0 ? NULL : json_array();
        for (size_t i = 0; list && i < names->count; i++)
                (void) json_array_append_new(
                                list, json_pack("{s:s, s:s}", "name", names->items[i].name, "certificate", names->items[i].certificate));
        if (names)
                nginx_names_done(names);
        free(names);
        return list;
}

/* Services that speak something else than the web show one certificate, that of the box's best name. */
static void looks_add(json_t* looks, const CertificateSubscriber* s, const json_t* names) {
        size_t i;
        json_t* n;
        json_array_foreach(names, i, n) {
                const char* name = json_get_string(n, "name");
                if (!dns_name_valid(name) || json_array_size(looks) >= LOOKS_MAX)
                        continue;
                (void) json_array_append_new(
                                looks, json_pack("{s:O, s:O, s:s, s:s, s:i}", "name", json_object_get(n, "name"), "certificate",
                                                 json_object_get(n, "certificate"), "service", s->service, "protocol", s->protocol, "port",
                                                 (int) s->port));
                if (!streq(s->protocol, "https"))
                        return;
        }
}

int served_check(Manager* m, const Actor* actor, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        _cleanup_json_ json_t *names = served_names(m, reterr), *looks = json_array();
        if (!names)
                return -EIO;
        for (size_t i = 0; noun_table[i]; i++)
                for (const CertificateSubscriber* s = noun_table[i]->certificate_subscribers; s && s->service; s++)
                        looks_add(looks, s, names);
        return jobs_add(m->jobs, JOB_CERTIFICATE_CHECK, actor, "", json_pack("{s:O}", "look", looks), ret_job, reterr);
}

/* --- what came out --- */

static char* sentence_of(const json_t* seen, const json_t* present, bool matches) {
        const char* name = strempty(json_get_string(seen, "name"));
        const char* error = json_get_string(seen, "error");
        const char* issuer = json_get_string(seen, "issuer");
        int port = (int) json_get_integer(seen, "port", 0);
        char* text = NULL;
        int r;
        if (!isempty(error))
                r = asprintf(&text, "Port %d shows nothing for %s: %s", port, name, error);
        else if (matches)
                r = asprintf(&text, "Port %d shows the certificate in place for %s.", port, name);
        else if (!present)
                r = asprintf(&text, "Port %d shows a certificate of %s for %s; none of ours is in place.", port, isempty(issuer) ? "somebody" : issuer, name);
        else
                r = asprintf(&text, "Port %d shows another certificate for %s than the one in place, from %s.", port, name, isempty(issuer) ? "somebody" : issuer);
        return r < 0 ? NULL : text;
}

static void seen_add(Manager* m, json_t* by_id, const json_t* seen, int64_t now) {
        const char* id = strempty(json_get_string(seen, "certificate"));
        const json_t* present = present_find(m->certificates, id);
        const char* fingerprint = json_get_string(seen, "fingerprint");
        bool matches = fingerprint && streq_ptr(json_get_string(present, "fingerprint"), fingerprint);
        _cleanup_free_ char* sentence = sentence_of(seen, present, matches);
        json_t* list = json_object_get(by_id, id);
        if (!list) {
                list = json_array();
                (void) json_object_set_new(by_id, id, list);
        }
        (void) json_array_append_new(
                        list, json_pack("{s:s, s:s, s:i, s:b, s:s, s:I}", "name", strempty(json_get_string(seen, "name")), "service",
                                        strempty(json_get_string(seen, "service")), "port", (int) json_get_integer(seen, "port", 0), "matches",
                                        (int) matches, "sentence", strempty(sentence), "at", (json_int_t) now));
}

/* The box's own has no row while nobody wants it signed; what its ports show is kept all the same. */
static int row_ensure(Manager* m, const char* id, Error* reterr) {
        CertificateRow row = { .id = (char*) id, .source = (char*) "acme", .method = (char*) "http-01", .names = (char*) "[]" };
        _cleanup_certificate_row_ CertificateRow present = {};
        int r = store_certificate_get(m->store, id, &present, reterr);
        return r != 0 || !streq(id, BOX_CERTIFICATE) ? r : store_certificate_want(m->store, &row, now_seconds(), reterr);
}

static int finished(Manager* m, Job* job, Error* reterr) {
        _cleanup_json_ json_t* by_id = json_object();
        const char* id;
        json_t *list, *seen;
        size_t i, wrong = 0, n = 0;
        int r = 0;
        json_array_foreach(json_object_get(job->result, "seen"), i, seen)
                seen_add(m, by_id, seen, now_seconds());
        json_object_foreach(by_id, id, list) {
                _cleanup_free_ char* text = json_text(list, /* canonical= */ false);
                r = text ? row_ensure(m, id, reterr) : error_errno(reterr, -ENOMEM, "Cannot keep what was seen");
                if (r >= 0)
                        r = store_certificate_served(m->store, id, text, reterr);
                if (r < 0)
                        return r;
                json_array_foreach(list, i, seen) {
                        n++;
                        wrong += !json_get_boolean(seen, "matches", false);
                }
        }
        if (m->certificates) { /* a service may have been slow to take it up: look again before anybody is alarmed for a day */
                Certificates* c = m->certificates;
                c->check_wrong = wrong > 0 ? c->check_wrong + 1 : 0;
                int64_t again = now_seconds() + ((int64_t) 60 << MIN(c->check_wrong, 6u));
                if (wrong > 0)
                        c->check_at = MIN(c->check_at, again);
        }
        json_decref(job->result);
        job->result = json_pack("{s:I, s:I}", "looked", (json_int_t) n, "wrong", (json_int_t) wrong);
        if (wrong > 0)
                job_say(job, "%zu of %zu names show another certificate than the one in place", wrong, n);
        else
                job_say(job, "All %zu names show the certificate in place", n);
        return 0;
}

static void ended(Manager* m, Job* job, bool done) {
        if (m->certificates)
                certificates_look_soon(m->certificates, USEC_PER_SEC);
        events_changed(m->events, "certificate");
}

const JobClass certificate_check_job = { .finished = finished, .ended = ended };

int certificate_check(Manager* m, const Actor* actor, char ret_job[static JOB_ID_BYTES], Error* reterr) {
        return served_check(m, actor, ret_job, reterr);
}
