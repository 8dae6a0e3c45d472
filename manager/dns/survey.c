/* A run from request to result: domains are begun together, verdicts are told as they come, and everything ends at the deadline. */
#include "dns/survey-internal.h"
#include "base/time.h"
#include <stdio.h>

/* --- telling --- */

static void stop(Survey* s, int r) {
        if (r < 0 && s->failed >= 0)
                s->failed = r;
        (void) sd_event_exit(s->event, 0);
}

static void site_flush(Site* site, const json_t* facts) {
        Survey* s = site->survey;
        if (s->failed < 0 || (!facts && json_array_size(site->queue) == 0))
                return;
        _cleanup_json_ json_t* items = site->queue;
        site->queue = json_array();
        int r = s->events->verdicts ? s->events->verdicts(site->name, items, facts, s->events->userdata, s->reterr) : 0;
        if (r < 0)
                stop(s, r);
}

/* One sentence about the way out is enough; the others say that they could not be asked. */
static json_t* without_noise(const Site* site, json_t* verdict) {
        const char* check = json_get_string(verdict, "check");
        if (!streq(json_get_string(verdict, "verdict"), "unreachable") || streq(check, "delegation") || !site_cut_off(site))
                return verdict;
        const VerdictItem item = {
                .id = json_get_string(verdict, "id"),
                .check = check,
                .part = json_get_string(verdict, "part"),
                .owner = json_get_string(verdict, "owner"),
                .type = json_get_string(verdict, "type"),
                .why = json_get_string(verdict, "why"),
                .severity = json_get_string(verdict, "severity"),
                .wanted = json_object_get(verdict, "wanted"),
        };
        json_t* quiet = verdict_new(VERDICT_CUT_OFF, &item, NULL, NULL, NULL);
        json_decref(verdict);
        return quiet;
}

void site_tell(Site* site, json_t* verdict) {
        if (!verdict || !(verdict = without_noise(site, verdict)))
                return;
        const char *word = json_get_string(verdict, "verdict"), *severity = json_get_string(verdict, "severity");
        if (streq_ptr(severity, "bad") && !streq_ptr(word, "ok") && !streq_ptr(word, "waits") && !streq_ptr(word, "skipped"))
                site->survey->bad++;
        (void) json_array_append_new(site->queue, verdict);
}

static void say(Survey* s) {
        char text[128];
        if (!s->events->progress)
                return;
        (void) snprintf(text, sizeof(text), "%u of %u questions are answered", s->answered, s->asked);
        s->events->progress(s->asked, s->answered, text, s->events->userdata);
}

static int rearm(sd_event_source* timer, uint64_t usec) {
        int r = sd_event_source_set_time(timer, now_usec(CLOCK_MONOTONIC) + usec);
        return r < 0 ? r : sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static int on_batch(sd_event_source* source, uint64_t usec, void* userdata) {
        Survey* s = userdata;
        if (s->events->cancelled && s->events->cancelled(s->events->userdata)) {
                stop(s, error_set(s->reterr, ERROR_WRONG_STATE, "The job was cancelled."));
                return 0;
        }
        for (size_t i = 0; i < s->n_sites && s->n_sites <= BATCH_SITES; i++)
                site_flush(&s->sites[i], NULL);
        say(s);
        return rearm(source, BATCH_USEC);
}

static int on_find_patience(sd_event_source* source, uint64_t usec, void* userdata) {
        Survey* s = userdata;
        for (size_t i = 0; i < s->n_sites; i++)
                site_find_now(&s->sites[i]);
        return 0;
}

static int on_deadline(sd_event_source* source, uint64_t usec, void* userdata) {
        survey_expire(userdata);
        return 0;
}

/* Records, zone and extras are in. */
static void on_site_end(void* userdata) {
        Site* site = userdata;
        Survey* s = site->survey;
        if (site->finished)
                return;
        site->finished = true;
        if (site->look)
                s->look_result = look_judge(site);
        else {
                extras_judge(site);
                _cleanup_json_ json_t* facts = site_facts(site, site->dnssec);
                site_flush(site, facts);
        }
        if (++s->n_finished == s->n_sites)
                stop(s, 0);
}

/* --- the request --- */

static int site_init(Site* site, Survey* s, const json_t* request, Error* reterr) {
        *site = (Site) {
                .survey = s,
                .request = request,
                .name = json_get_string(request, "name"),
                .scope = strempty(json_get_string(request, "scope")),
                .above = json_array(),
                .queue = json_array(),
                .dnssec = "unknown",
        };
        char name[DOMAIN_NAME_BYTES];
        if (!site->name || domain_name_parse("name", site->name, name, NULL) < 0 || !streq(name, site->name))
                return error_set(reterr, ERROR_BAD_REQUEST, "'%s' is no domain.", strempty(site->name));
        site->mail = streq(site->scope, "everything");
        const json_t* records = json_object_get(request, "records");
        size_t i;
        json_t* v;
        if (json_array_size(records) > RECORDS_MAX)
                return error_set(reterr, ERROR_BAD_REQUEST, "%s has more than %d records.", site->name, RECORDS_MAX);
        site->records = calloc(json_array_size(records) + 1, sizeof(Record));
        if (!site->records)
                return error_errno(reterr, -ENOMEM, "Cannot begin");
        json_array_foreach(records, i, v) {
                int r = record_init(&site->records[i], site, v);
                if (r < 0)
                        return error_set(reterr, ERROR_BAD_REQUEST, "Record %zu of %s is not well formed.", i, site->name);
                site->n_records++;
        }
        return 0;
}

static void site_done(Site* site) {
        for (size_t i = 0; i < site->n_records; i++)
                record_done(&site->records[i]);
        free(site->records);
        for (size_t i = 0; i < site->n_servers; i++) {
                for (size_t k = 0; k < site->servers[i].n_addresses; k++)
                        free(site->servers[i].addresses[k]);
                free(site->servers[i].name);
                seen_done(&site->servers[i].soa);
                seen_done(&site->servers[i].ns);
        }
        for (size_t i = 0; i < site->n_glue; i++) {
                free(site->glue[i][0]);
                free(site->glue[i][1]);
        }
        free(site->zone);
        free(site->parent);
        free(site->random_name);
        json_decref(site->above);
        json_decref(site->queue);
}

static void on_ask(void* userdata) {
        Site* site = userdata;
        gate_release(&site->end);
}

static void site_begin(Site* site) {
        site->end = (Gate) { .open = on_site_end, .userdata = site, .held = 1 };
        site->ask = (Gate) { .open = on_ask, .userdata = site };
        site->extras = (Gate) { .open = site->look ? look_step : extras_step, .userdata = site };
        for (size_t i = 0; i < site->n_records + 2; i++) /* and one each for ask and extras */
                gate_hold(&site->end);
        gate_hold(&site->extras); /* both until the zone's servers are known */
        for (size_t i = 0; i < site->n_records; i++)
                gate_hold(&site->records[i].gate);
        site_find(site);
}

/* What needs no knowledge of the zone is looked up meanwhile. */
static void site_lookup(Site* site) {
        for (size_t i = 0; i < site->n_records; i++)
                record_lookup(&site->records[i]);
        if (site->look)
                look_lookup(site);
        else
                extras_lookup(site);
        gate_release(&site->end);
}

static void survey_done(Survey* s) {
        s->visits = visits_free(s->visits);
        s->own = dns_free(s->own);
        s->resolver = dns_free(s->resolver);
        s->finder = dns_free(s->finder);
        asks_free(s);
        for (size_t i = 0; i < s->n_sites; i++)
                site_done(&s->sites[i]);
        free(s->sites);
        json_decref(s->ipv4);
        json_decref(s->ipv6);
        json_decref(s->box_names);
        json_decref(s->look_result);
        (void) sd_event_source_disable_unref(s->deadline);
        (void) sd_event_source_disable_unref(s->find_timer);
        (void) sd_event_source_disable_unref(s->batch);
        (void) sd_event_unref(s->event);
}

static int timer(Survey* s, sd_event_source** ret, uint64_t usec, sd_event_time_handler_t on, const char* what) {
        int r = sd_event_add_time(s->event, ret, CLOCK_MONOTONIC, now_usec(CLOCK_MONOTONIC) + usec, /* accuracy= */ 1, on, s);
        if (r >= 0)
                (void) sd_event_source_set_description(*ret, what);
        return r;
}

static int survey_open(Survey* s, Error* reterr) {
        DnsOptions own = s->options->dns, resolver = s->options->dns;
        own.try_usec = own.try_usec ?: OWN_TRY_USEC;
        own.deadline_usec = own.deadline_usec ?: OWN_DEADLINE_USEC;
        resolver.try_usec = RESOLVER_TRY_USEC;
        resolver.deadline_usec = RESOLVER_DEADLINE_USEC;
        own.window = own.window ?: OWN_WINDOW;
        resolver.window = RESOLVER_WINDOW;
        DnsOptions finder = resolver;
        finder.window = FINDER_WINDOW;
        int r = sd_event_new(&s->event);
        r = r < 0 ? r : dns_new(s->event, &own, &s->own);
        r = r < 0 ? r : dns_new(s->event, &resolver, &s->resolver);
        r = r < 0 ? r : dns_new(s->event, &finder, &s->finder);
        r = r < 0 ? r : visits_new(s->event, &s->visits);
        r = r < 0 ? r : timer(s, &s->deadline, SURVEY_USEC, on_deadline, "deadline");
        r = r < 0 ? r : timer(s, &s->find_timer, FIND_USEC, on_find_patience, "find");
        r = r < 0 ? r : timer(s, &s->batch, BATCH_USEC, on_batch, "batch");
        return r < 0 ? error_errno(reterr, r, "Cannot begin asking") : 0;
}

static int sites_take(Survey* s, const json_t* request, Error* reterr) {
        const json_t* domains = json_object_get(request, "domains");
        const char* look = json_get_string(request, "look");
        size_t n = look ? 1 : json_array_size(domains);
        if (n > SITES_MAX)
                return error_set(reterr, ERROR_BAD_REQUEST, "More than %d domains at once.", SITES_MAX);
        if (!(s->sites = calloc(n + 1, sizeof(Site))))
                return error_errno(reterr, -ENOMEM, "Cannot begin");
        if (look) {
                s->n_sites = 1;
                _cleanup_json_ json_t* alone = json_pack("{s:s}", "name", look);
                int r = site_init(&s->sites[0], s, alone, reterr);
                s->sites[0].request = NULL;
                s->sites[0].name = look;
                s->sites[0].look = true;
                return r;
        }
        for (size_t i = 0; i < n; i++) {
                s->n_sites++;
                int r = site_init(&s->sites[i], s, json_array_get(domains, i), reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int run(Survey* s, const json_t* request, json_t** ret_result, Error* reterr) {
        s->ipv4 = values_canonical("A", json_object_get(request, "ipv4"));
        s->ipv6 = values_canonical("AAAA", json_object_get(request, "ipv6"));
        s->box_names = json_copy(json_object_get(request, "box_names")) ?: json_array();
        s->issuers = json_object_get(request, "issuers");
        s->outside = json_get_boolean(request, "outside", false);
        (void) identity_get(s->identity); /* without a machine id nothing is recognised, which is said as such */
        int r = sites_take(s, request, reterr);
        r = r < 0 ? r : survey_open(s, reterr);
        if (r < 0)
                return r;
        say(s);
        for (size_t i = 0; i < s->n_sites; i++)
                site_begin(&s->sites[i]);
        for (size_t i = 0; i < s->n_sites; i++)
                site_lookup(&s->sites[i]);
        if (s->n_finished < s->n_sites && (r = sd_event_loop(s->event)) < 0)
                return error_errno(reterr, r, "Cannot ask");
        say(s);
        if (s->failed < 0)
                return s->failed;
        *ret_result = s->look_result ? json_incref(s->look_result) :
                                       json_pack("{s:i, s:i, s:i}", "domains", (int) s->n_sites, "questions", (int) s->asked, "bad", (int) s->bad);
        return *ret_result ? 0 : -ENOMEM;
}

int survey_run(const json_t* request, const SurveyOptions* options, const SurveyEvents* events, json_t** ret_result, Error* reterr) {
        Survey* s = calloc(1, sizeof(Survey));
        if (!s)
                return error_errno(reterr, -ENOMEM, "Cannot begin");
        *s = (Survey) { .options = options, .events = events, .reterr = reterr };
        int r = run(s, request, ret_result, reterr);
        survey_done(s);
        free(s);
        return r;
}
