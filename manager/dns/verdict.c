#include "dns/verdict.h"
#include "dns/policy.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

static const struct {
        const char* key;
        const char* verdict;
        const char* sentence;
        const char* hint;
} keys[_VERDICT_KEY_MAX] = {
#define KEY(symbol, key, verdict, sentence, hint) [VERDICT_##symbol] = { key, verdict, sentence, hint },
#include "dns/keys.h"
#undef KEY
};

const char* verdict_key_to_string(VerdictKey k) {
        return k >= 0 && k < _VERDICT_KEY_MAX ? keys[k].key : NULL;
}

/* --- sentences --- */

#define VALUE_SHOWN 300 /* bytes of one fact within a sentence; the whole stands in now and wanted */

/* Returns what is behind the fact's brace; *ret_value borrowed, "" when there is no such fact. */
static const char* fact_at(const char* brace, const json_t* facts, const char** ret_value) {
        char name[32];
        size_t n = strcspn(brace + 1, "}");
        (void) snprintf(name, sizeof(name), "%.*s", (int) MIN(n, sizeof(name) - 1), brace + 1);
        *ret_value = strempty(json_get_string(facts, name));
        return brace + 1 + n + 1;
}

static char* render(const char* template, const json_t* facts) {
        char* out = NULL;
        size_t size = 0;
        FILE* f = open_memstream(&out, &size);
        if (!f)
                return NULL;
        for (const char* p = template; *p;) {
                const char* value;
                if (*p != '{') {
                        (void) fputc(*p++, f);
                        continue;
                }
                p = fact_at(p, facts, &value);
                size_t n = strlen(value);
                (void) fprintf(f, "%.*s%s", (int) MIN(n, (size_t) VALUE_SHOWN), value, n > VALUE_SHOWN ? "..." : "");
        }
        return fclose(f) == 0 ? out : NULL;
}

static void fact(json_t* facts, const char* name, const char* value) {
        (void) json_object_set_new(facts, name, json_string(strempty(value)));
}

static void fact_list(json_t* facts, const char* name, const json_t* values) {
        _cleanup_free_ char* joined = values_joined(values);
        fact(facts, name, joined);
}

static void fact_number(json_t* facts, const char* name, unsigned n) {
        char text[16];
        (void) snprintf(text, sizeof(text), "%u", n);
        fact(facts, name, text);
}

static json_t* copy_or_empty(const json_t* array) {
        return array ? json_copy((json_t*) array) : json_array();
}

/* The facts of every verdict, unless somebody who knows better set them before. */
static void common_facts(json_t* facts, const VerdictItem* item, const json_t* now) {
        _cleanup_free_ char *now_text = values_joined(now), *wanted_text = values_joined(item->wanted);
        const char* const common[][2] = {
                { "owner", item->owner }, { "type", strempty(item->type) }, { "now", now_text }, { "wanted", wanted_text }
        };
        for (size_t i = 0; i < ELEMENTS(common); i++)
                if (!json_object_get(facts, common[i][0]))
                        fact(facts, common[i][0], common[i][1]);
}

/* The manager refuses the whole message where one verdict is larger than it keeps (domain/verdicts.c), so what strangers answer is shortened
 * here: a name with a hundred addresses, a TXT of 64 KB. */
#define NOW_MAX 64
#define NOW_BYTES 8000
#define NOW_BYTES_MAX 32000 /* of all together */
#define FACT_BYTES 600
#define SENTENCE_BYTES 1150

static size_t fits(const char* text, size_t max) {
        size_t n = strlen(text);
        if (n > max)
                for (n = max; n > 0 && ((unsigned char) text[n] & 0xc0) == 0x80;)
                        n--;
        return n;
}

static json_t* now_told(const json_t* now) {
        json_t *out = json_array(), *v;
        size_t i, left = NOW_BYTES_MAX;
        json_array_foreach(now, i, v) {
                const char* text = strempty(json_string_value(v));
                size_t n = fits(text, MIN(left, (size_t) NOW_BYTES));
                if (i < NOW_MAX && n > 0)
                        (void) json_array_append_new(out, json_stringn(text, n));
                left -= n;
        }
        return out;
}

static void facts_shorten(json_t* facts) {
        const char* name;
        json_t* v;
        json_object_foreach(facts, name, v)
                if (json_string_length(v) > FACT_BYTES)
                        (void) json_object_set_new(facts, name, json_sprintf("%.*s...", (int) fits(json_string_value(v), FACT_BYTES), json_string_value(v)));
}

json_t* verdict_new(VerdictKey key, const VerdictItem* item, const json_t* now, const json_t* asked, json_t* facts) {
        if (!facts)
                facts = json_object();
        common_facts(facts, item, now);
        facts_shorten(facts);
        _cleanup_free_ char* sentence = render(keys[key].sentence, facts);
        _cleanup_free_ char* hint = keys[key].hint ? render(keys[key].hint, facts) : NULL;
        if (sentence)
                sentence[fits(sentence, SENTENCE_BYTES)] = 0;
        if (hint)
                hint[fits(hint, SENTENCE_BYTES)] = 0;
        return json_pack(
                "{s:s, s:s, s:s, s:s, s:s?, s:o, s:o, s:s, s:s, s:s, s:s?, s:s, s:o, s:o, s:s}",
                "id", item->id,
                "check", item->check,
                "part", item->part,
                "owner", item->owner,
                "type", item->type,
                "wanted", copy_or_empty(item->wanted),
                "now", now_told(now),
                "verdict", keys[key].verdict,
                "severity", item->severity,
                "sentence", strempty(sentence),
                "hint", hint,
                "key", keys[key].key,
                "facts", facts,
                "asked", copy_or_empty(asked),
                "why", strempty(item->why));
}

/* --- which answer --- */

static json_t* relevant(const VerdictItem* item, const Seen* s) {
        return values_of_check(item->check, s->values);
}

/* Whether two servers said the same as far as this check looks. */
static bool same(const VerdictItem* item, const Seen* a, const Seen* b) {
        _cleanup_json_ json_t *x = relevant(item, a), *y = relevant(item, b);
        return json_equal(x, y) && json_equal(a->aliases, b->aliases);
}

static size_t votes(const VerdictItem* item, const Evidence* e, const Seen* s) {
        size_t n = 0;
        for (size_t i = 0; i < e->n_own; i++)
                n += e->own[i].class == SEEN_GOOD && same(item, &e->own[i], s);
        return n;
}

static const Seen* best_own(const VerdictItem* item, const Evidence* e) {
        const Seen *best = NULL, *first = NULL;
        bool differ = false;
        for (size_t i = 0; i < e->n_own; i++) {
                if (e->own[i].class != SEEN_GOOD)
                        continue;
                first = first ?: &e->own[i];
                differ |= !same(item, first, &e->own[i]);
        }
        if (!differ)
                return first;
        size_t most = 0;
        for (size_t i = 0; i < e->n_own; i++) {
                const Seen* s = &e->own[i];
                if (s->class != SEEN_GOOD)
                        continue;
                _cleanup_json_ json_t* values = relevant(item, s);
                size_t n = votes(item, e, s) + (json_equal(values, (json_t*) item->wanted) ? e->n_own : 0);
                if (n > most) {
                        most = n;
                        best = s;
                }
        }
        return best;
}

static VerdictKey trouble_of(const Evidence* e) {
        size_t lame = 0, failed = 0, silent = 0;
        for (size_t i = 0; i < e->n_own; i++) {
                lame += e->own[i].class == SEEN_LAME || e->own[i].class == SEEN_ELSEWHERE;
                failed += e->own[i].class == SEEN_FAILED;
                silent += e->own[i].class == SEEN_SILENT;
        }
        if (silent > 0 && silent >= lame + failed)
                return VERDICT_SERVERS_SILENT;
        return failed > 0 ? VERDICT_SERVERS_FAIL : lame > 0 ? VERDICT_SERVERS_LAME : VERDICT_SERVERS_SILENT;
}

/* A referral to a zone below ours is an answer; one to ours, or upwards, is how a server says that it does not keep the zone. */
static bool sends_below(const Seen* s, const char* zone) {
        return s->class == SEEN_ELSEWHERE && s->zone && zone && strlen(s->zone) > strlen(zone);
}

const Seen* evidence_take(const VerdictItem* item, const Evidence* e, VerdictKey* ret_trouble) {
        const Seen* own = best_own(item, e);
        bool delegated = e->n_own == 0;
        if (e->nowhere) { /* even where servers still answer: nobody is sent to them */
                *ret_trouble = VERDICT_NO_DOMAIN;
                return NULL;
        }
        if (own)
                return own;
        for (size_t i = 0; i < e->n_own; i++)
                delegated |= sends_below(&e->own[i], e->zone);
        /* Silence of those responsible and "nothing" from a resolver's memory do not make a missing record. */
        if (e->resolver && e->resolver->class == SEEN_GOOD && (delegated || json_array_size(e->resolver->values) > 0))
                return e->resolver;
        *ret_trouble = e->n_own > 0 ? trouble_of(e) : json_array_size(e->servers) > 0 ? VERDICT_SERVERS_SILENT : VERDICT_LATE;
        return NULL;
}

static json_t* asked_of(const Evidence* e, const Seen* take) {
        json_t* out = json_array();
        for (size_t i = 0; i < e->n_own; i++)
                if (e->own[i].class == SEEN_GOOD)
                        (void) json_array_append_new(out, json_string(e->own[i].server));
        if (json_array_size(out) == 0 && take)
                (void) json_array_append_new(out, json_string(take->server));
        return out;
}

/* --- one judge per kind of record --- */

typedef struct Judge {
        const VerdictItem* item;
        const Evidence* e;
        const Seen* take;
        json_t* values;   /* owned: the relevant ones, at the end of aliases */
        json_t* facts;    /* owned until the verdict takes it */
        json_t* now;      /* owned: what is shown as now */
} Judge;

static bool is_ours(const Evidence* e, const char* address) {
        return values_have(e->ipv4, address) || values_have(e->ipv6, address);
}

static bool all_ours(const Evidence* e, const json_t* addresses) {
        size_t i;
        json_t* v;
        json_array_foreach(addresses, i, v)
                if (!is_ours(e, strempty(json_string_value(v))))
                        return false;
        return json_array_size(addresses) > 0;
}

static const char* last_of(const json_t* array) {
        size_t n = json_array_size(array);
        return n > 0 ? strempty(json_string_value(json_array_get(array, n - 1))) : "";
}

static VerdictKey judge_address(Judge* j) {
        const Evidence* e = j->e;
        bool v6 = streq(j->item->type, "AAAA"), alias = json_array_size(j->take->aliases) > 0;
        fact(j->facts, "family", v6 ? "IPv6" : "IPv4");
        fact(j->facts, "alias", last_of(j->take->aliases));
        _cleanup_json_ json_t* extra = values_minus(j->values, v6 ? e->ipv6 : e->ipv4);
        _cleanup_json_ json_t* absent = values_minus(j->item->wanted, j->values);
        size_t n = json_array_size(j->values), wanted = json_array_size(j->item->wanted);
        if (n == 0)
                return wanted == 0 ? VERDICT_ADDRESS_NONE_OK : alias && !v6 ? VERDICT_ALIAS_NOWHERE : VERDICT_ADDRESS_MISSING;
        if (json_array_size(extra) == n)
                return e->identity_here ? VERDICT_ADDRESS_PROXIED : wanted == 0 ? VERDICT_ADDRESS_UNWANTED : VERDICT_ADDRESS_ELSEWHERE;
        fact_list(j->facts, "extra", extra);
        fact_list(j->facts, "absent", absent);
        if (json_array_size(extra) > 0)
                return VERDICT_ADDRESS_EXTRA;
        if (json_array_size(absent) > 0)
                return VERDICT_ADDRESS_PARTIAL;
        return alias ? VERDICT_ADDRESS_ALIAS : VERDICT_ADDRESS_OK;
}

static VerdictKey judge_cname(Judge* j) {
        if (json_equal(j->values, (json_t*) j->item->wanted))
                return VERDICT_OK;
        if (j->e->end && all_ours(j->e, j->e->end->values))
                return VERDICT_ADDRESS_OK;
        if (j->e->identity_here)
                return VERDICT_ADDRESS_PROXIED;
        if (json_array_size(j->values) > 0)
                return VERDICT_DIFFERENT;
        if (!j->e->end || json_array_size(j->e->end->values) == 0)
                return VERDICT_MISSING;
        json_decref(j->now);
        j->now = json_copy(j->e->end->values);
        return VERDICT_ADDRESS_ELSEWHERE;
}

static const char* mx_host(const json_t* value) {
        const char* text = strempty(json_string_value(value));
        const char* space = strrchr(text, ' ');
        return space ? space + 1 : text;
}

static json_t* mx_hosts(const json_t* values) {
        json_t *out = json_array(), *v;
        size_t i;
        json_array_foreach(values, i, v)
                (void) json_array_append_new(out, json_string(mx_host(v)));
        (void) values_sort(out);
        return out;
}

static VerdictKey judge_mx(Judge* j) {
        _cleanup_json_ json_t *hosts = mx_hosts(j->values), *wanted = mx_hosts(j->item->wanted), *extra = json_array();
        size_t i, ours = 0, named = 0;
        json_t* v;
        uint8_t bytes[16];
        fact_list(j->facts, "now", hosts);
        if (json_array_size(hosts) == 0)
                return VERDICT_MX_MISSING;
        if (json_array_size(hosts) == 1 && isempty(mx_host(json_array_get(hosts, 0))))
                return VERDICT_MX_REFUSED;
        json_array_foreach(hosts, i, v) {
                const char* host = strempty(json_string_value(v));
                if (streq(host, "."))
                        return VERDICT_MX_REFUSED;
                if (inet_pton(AF_INET, host, bytes) == 1)
                        return VERDICT_MX_NUMBER;
                bool is_named = values_have(wanted, host);
                named += is_named;
                if (is_named || json_is_true(json_object_get(j->e->hosts, host)))
                        ours++;
                else
                        (void) json_array_append(extra, v);
        }
        fact_list(j->facts, "extra", extra);
        if (ours == 0)
                return VERDICT_MX_ELSEWHERE;
        if (json_array_size(extra) > 0)
                return VERDICT_MX_EXTRA;
        return named > 0 ? VERDICT_MX_OK : VERDICT_MX_OTHER_NAME;
}

static VerdictKey judge_spf(Judge* j) {
        static const VerdictKey by_reason[] = {
                [SPF_REASON_SYNTAX] = VERDICT_SPF_SYNTAX,   [SPF_REASON_SEVERAL] = VERDICT_SPF_SYNTAX, [SPF_REASON_INCLUDE] = VERDICT_SPF_INCLUDE,
                [SPF_REASON_LOOKUPS] = VERDICT_SPF_LOOKUPS, [SPF_REASON_VOID] = VERDICT_SPF_VOID,      [SPF_REASON_HOSTS] = VERDICT_SPF_SYNTAX,
                [SPF_REASON_SILENT] = VERDICT_SPF_TEMPORARY,
        };
        const SpfOutcome* o = j->e->spf;
        const char* wanted = strempty(json_string_value(json_array_get(j->item->wanted, 0)));
        size_t n = json_array_size(j->values);
        if (n == 0)
                return VERDICT_SPF_MISSING;
        _cleanup_free_ char* suggestion = spf_suggest(j->values, wanted);
        fact(j->facts, "suggestion", suggestion);
        fact_number(j->facts, "count", (unsigned) n);
        if (n > 1)
                return VERDICT_SPF_SEVERAL;
        if (!o) {
                fact(j->facts, "term", j->item->owner);
                return VERDICT_SPF_TEMPORARY;
        }
        fact_number(j->facts, "lookups", o->lookups);
        fact(j->facts, "result", spf_result_to_string(o->result));
        fact(j->facts, "address", j->e->spf_address);
        fact(j->facts, "term", o->reason == SPF_REASON_SEVERAL ? "v=spf1 (more than once)" : o->term);
        fact(j->facts, "at", o->at);
        if (o->reason != SPF_REASON_NONE && (o->result == SPF_PERMERROR || o->result == SPF_TEMPERROR))
                return by_reason[o->reason];
        if (o->everybody)
                return VERDICT_SPF_OPEN;
        return o->result == SPF_PASS ? VERDICT_SPF_OK : VERDICT_SPF_FAILS;
}

static VerdictKey judge_dkim(Judge* j) {
        _cleanup_(dkim_key_done) DkimKey now = {}, wanted = {};
        char problem[POLICY_PROBLEM_BYTES] = "";
        size_t n = json_array_size(j->values);
        fact_number(j->facts, "count", (unsigned) n);
        if (n == 0)
                return VERDICT_DKIM_MISSING;
        if (n > 1)
                return VERDICT_DKIM_SEVERAL;
        if (dkim_parse(strempty(json_string_value(json_array_get(j->item->wanted, 0))), &wanted, problem) < 0)
                return json_equal(j->values, (json_t*) j->item->wanted) ? VERDICT_DKIM_OK : VERDICT_DKIM_DIFFERENT;
        int r = dkim_parse(strempty(json_string_value(json_array_get(j->values, 0))), &now, problem);
        fact(j->facts, "problem", problem);
        if (r < 0)
                return VERDICT_DKIM_BROKEN;
        if (now.revoked)
                return VERDICT_DKIM_REVOKED;
        if (!streq(now.key, wanted.key) || !streq(now.type, wanted.type))
                return VERDICT_DKIM_DIFFERENT;
        return now.testing ? VERDICT_DKIM_TESTING : VERDICT_DKIM_OK;
}

/* RFC 7489 6.6.3: where the domain says nothing, its organisational domain speaks for it. */
static VerdictKey judge_dmarc_inherited(Judge* j) {
        Dmarc d;
        char problem[POLICY_PROBLEM_BYTES];
        _cleanup_json_ json_t* above = j->e->inherited ? values_of_check("dmarc", j->e->inherited->values) : NULL;
        if (json_array_size(above) != 1 || dmarc_parse(strempty(json_string_value(json_array_get(above, 0))), &d, problem) < 0)
                return VERDICT_DMARC_MISSING;
        fact(j->facts, "at", j->e->inherited_at);
        fact(j->facts, "policy", *d.subdomains ? d.subdomains : d.policy);
        return VERDICT_DMARC_INHERITED;
}

static VerdictKey judge_dmarc(Judge* j) {
        Dmarc d = {};
        char problem[POLICY_PROBLEM_BYTES] = "";
        size_t n = json_array_size(j->values);
        fact_number(j->facts, "count", (unsigned) n);
        if (n == 0)
                return judge_dmarc_inherited(j);
        if (n > 1)
                return VERDICT_DMARC_SEVERAL;
        int r = dmarc_parse(strempty(json_string_value(json_array_get(j->values, 0))), &d, problem);
        fact(j->facts, "problem", problem);
        fact(j->facts, "policy", d.policy);
        return r < 0 ? VERDICT_DMARC_BROKEN : VERDICT_DMARC_OK;
}

/* The policy must cover every host that mail is wanted at (RFC 8461 4.1); the wanted record's owner is _mta-sts.<domain>. */
static VerdictKey judge_mta_sts_policy(Judge* j) {
        _cleanup_(mta_sts_policy_done) MtaStsPolicy p = {};
        const Shown* shown = &j->e->policy;
        char problem[POLICY_PROBLEM_BYTES] = "";
        if (!shown->good) {
                fact(j->facts, "problem", shown->problem);
                return VERDICT_MTA_STS_UNREACHABLE;
        }
        int r = mta_sts_policy_parse(strempty(shown->text), &p, problem);
        fact(j->facts, "problem", problem);
        fact(j->facts, "mode", p.mode);
        if (r < 0)
                return VERDICT_MTA_STS_POLICY;
        const char* host;
        json_t* here;
        json_object_foreach((json_t*) j->e->hosts, host, here) {
                bool named = false;
                size_t i;
                json_t* v;
                json_array_foreach(p.hosts, i, v)
                        named |= mta_sts_host_matches(strempty(json_string_value(v)), host);
                if (!named && !streq(p.mode, "none")) {
                        fact(j->facts, "missing", host);
                        return VERDICT_MTA_STS_HOSTS;
                }
        }
        return VERDICT_MTA_STS_OK;
}

static VerdictKey judge_mta_sts(Judge* j) {
        char problem[POLICY_PROBLEM_BYTES] = "", host[DNS_NAME_BYTES];
        size_t n = json_array_size(j->values);
        (void) snprintf(host, sizeof(host), "mta-sts.%s", j->e->domain);
        fact(j->facts, "host", host);
        fact_number(j->facts, "count", (unsigned) n);
        if (n == 0)
                return VERDICT_MTA_STS_MISSING;
        if (n > 1)
                return VERDICT_MTA_STS_SEVERAL;
        if (mta_sts_record_parse(strempty(json_string_value(json_array_get(j->values, 0))), problem) < 0) {
                fact(j->facts, "problem", problem);
                return VERDICT_MTA_STS_BROKEN;
        }
        if (j->e->policy.asked)
                return judge_mta_sts_policy(j);
        fact(j->facts, "problem", "it was not asked for");
        return VERDICT_MTA_STS_UNREACHABLE;
}

static VerdictKey judge_tls_rpt(Judge* j) {
        char problem[POLICY_PROBLEM_BYTES] = "";
        size_t n = json_array_size(j->values);
        if (n == 0)
                return VERDICT_TLS_RPT_MISSING;
        int r = tls_rpt_parse(strempty(json_string_value(json_array_get(j->values, 0))), problem);
        if (r >= 0 && n > 1) {
                r = -EBADMSG;
                (void) snprintf(problem, sizeof(problem), "it is there more than once");
        }
        fact(j->facts, "problem", problem);
        return r < 0 ? VERDICT_TLS_RPT_BROKEN : VERDICT_TLS_RPT_OK;
}

static VerdictKey judge_srv(Judge* j) {
        if (json_array_size(j->values) == 0)
                return VERDICT_SRV_MISSING;
        return json_equal(j->values, (json_t*) j->item->wanted) ? VERDICT_SRV_OK : VERDICT_SRV_DIFFERENT;
}

/* Other values beside a wanted TXT are other people's business. */
static VerdictKey judge_txt(Judge* j) {
        _cleanup_json_ json_t* absent = values_minus(j->item->wanted, j->values);
        if (json_array_size(absent) == 0)
                return VERDICT_OK;
        return json_array_size(absent) == json_array_size(j->item->wanted) && json_array_size(j->values) == 0 ? VERDICT_MISSING :
                                                                                                               VERDICT_DIFFERENT;
}

static VerdictKey judge_set(Judge* j) {
        if (json_equal(j->values, (json_t*) j->item->wanted))
                return VERDICT_OK;
        if (json_array_size(j->item->wanted) == 0)
                return VERDICT_UNWANTED;
        return json_array_size(j->values) == 0 ? VERDICT_MISSING : VERDICT_DIFFERENT;
}

static VerdictKey judge(Judge* j) {
        static const struct {
                const char* check;
                VerdictKey (*judge)(Judge* j);
        } judges[] = {
                { "a", judge_address },         { "aaaa", judge_address }, { "cname", judge_cname },     { "mx", judge_mx },
                { "spf", judge_spf },           { "dkim", judge_dkim },    { "dmarc", judge_dmarc },     { "mta-sts", judge_mta_sts },
                { "tls-rpt", judge_tls_rpt },   { "srv", judge_srv },      { "txt", judge_txt },
        };
        const Evidence* e = j->e;
        if (e->alias_loop || j->take->alias_loop || e->alias_long || j->take->alias_long) {
                fact_list(j->facts, "chain", e->chain ?: j->take->aliases);
                fact_number(j->facts, "limit", ALIASES_MAX);
                return e->alias_loop || j->take->alias_loop ? VERDICT_ALIAS_LOOP : VERDICT_ALIAS_LONG;
        }
        for (size_t i = 0; i < ELEMENTS(judges); i++)
                if (streq(judges[i].check, j->item->check))
                        return judges[i].judge(j);
        return judge_set(j);
}

/* --- all servers together --- */

static bool is_ok(VerdictKey k) {
        return streq(keys[k].verdict, "ok");
}

/* Names the servers that say something else than the answer that was judged. */
static VerdictKey compare_servers(Judge* j, VerdictKey key) {
        _cleanup_json_ json_t *fresh = json_array(), *stale = json_array(), *old = NULL, *answers = json_array();
        const Evidence* e = j->e;
        for (size_t i = 0; i < e->n_own; i++) {
                const Seen* s = &e->own[i];
                if (s->class != SEEN_GOOD)
                        continue;
                bool agrees = same(j->item, s, j->take);
                (void) json_array_append_new(agrees ? fresh : stale, json_string(s->server));
                _cleanup_json_ json_t* values = relevant(j->item, s);
                _cleanup_free_ char *text = values_joined(json_array_size(s->aliases) > 0 ? s->aliases : values), *line = NULL;
                if (asprintf(&line, "%s says %s", s->server, isempty(text) ? "nothing" : text) >= 0)
                        (void) json_array_append_new(answers, json_string(line));
                if (!agrees && !old)
                        old = json_array_size(s->aliases) > 0 ? json_incref(s->aliases) : json_incref(values);
        }
        if (json_array_size(stale) == 0)
                return key;
        fact_list(j->facts, "stale", stale);
        fact_list(j->facts, "fresh", fresh);
        fact_list(j->facts, "old", old);
        if (json_array_size(old) == 0)
                fact(j->facts, "old", "nothing");
        fact_list(j->facts, "answers", answers);
        if (is_ok(key))
                return VERDICT_STALE;
        return streq(keys[key].verdict, "unreachable") ? key : VERDICT_DISAGREE;
}

static VerdictKey may_wait(Judge* j, VerdictKey key) {
        bool occupied = json_array_size(j->values) > 0 || json_array_size(j->take->aliases) > 0;
        if (!j->item->hold || !occupied || is_ok(key) || key == VERDICT_STALE || streq(keys[key].verdict, "unreachable"))
                return key;
        if (json_array_size(j->values) == 0)
                fact_list(j->facts, "now", j->take->aliases);
        return streq(j->item->part, "mail") ? VERDICT_WAITS_MAIL : VERDICT_WAITS_WEB;
}

/* Values at the end of aliases: those the same server gave, or else what the resolver found there. */
static json_t* values_at_end(const VerdictItem* item, const Evidence* e, const Seen* take) {
        bool ends_elsewhere = json_array_size(take->aliases) > 0 && json_array_size(take->values) == 0 && !streq(item->check, "cname");
        const Seen* s = ends_elsewhere && e->end && e->end->class == SEEN_GOOD ? e->end : take;
        return values_of_check(item->check, s->values);
}

json_t* verdict_record(const VerdictItem* item, const Evidence* e) {
        VerdictKey key = VERDICT_LATE;
        const Seen* take = evidence_take(item, e, &key);
        json_t* facts = json_object();
        fact(facts, "domain", e->domain);
        fact(facts, "zone", strempty(e->zone));
        if (!take) {
                _cleanup_json_ json_t* asked = json_array();
                fact_list(facts, "servers", e->servers);
                return verdict_new(key, item, NULL, asked, facts);
        }
        Judge j = { .item = item, .e = e, .take = take, .values = values_at_end(item, e, take), .facts = facts };
        j.now = json_incref(j.values);
        bool unknown_end = json_array_size(take->aliases) > 0 && json_array_size(take->values) == 0 && !streq(item->check, "cname") &&
                        (!e->end || e->end->class != SEEN_GOOD) && !e->alias_loop && !e->alias_long && !take->alias_loop && !take->alias_long;
        key = unknown_end ? VERDICT_LATE : judge(&j);
        key = may_wait(&j, compare_servers(&j, key));
        _cleanup_json_ json_t* asked = asked_of(e, take);
        json_t* verdict = verdict_new(key, item, j.now, asked, facts);
        json_decref(j.values);
        json_decref(j.now);
        return verdict;
}
