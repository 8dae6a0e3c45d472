#include "dns/policy.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

static _printf_(2, 3) int bad(char problem[static POLICY_PROBLEM_BYTES], const char* format, ...) {
        va_list ap;
        va_start(ap, format);
        (void) vsnprintf(problem, POLICY_PROBLEM_BYTES, format, ap);
        va_end(ap);
        return -EBADMSG;
}
#define BAD(problem, text) bad(problem, "%s", text)

static char* trim(char* s) {
        while (isspace((unsigned char) *s))
                s++;
        for (size_t n = strlen(s); n > 0 && isspace((unsigned char) s[n - 1]);)
                s[--n] = 0;
        return s;
}

/* Walks "a=b; c=d" (RFC 6376 3.2), cutting text up. 1 = a tag, 0 = the end, -EBADMSG = not a tag. */
static int next_tag(char** rest, char** ret_name, char** ret_value) {
        while (*rest) {
                char* tag = trim(strsep(rest, ";"));
                if (!*tag)
                        continue;
                char* equals = strchr(tag, '=');
                *ret_name = tag;
                if (!equals)
                        return -EBADMSG;
                *equals = 0;
                *ret_name = trim(tag);
                *ret_value = trim(equals + 1);
                return **ret_name ? 1 : -EBADMSG;
        }
        return 0;
}

/* --- DKIM --- */

void dkim_key_done(DkimKey* k) {
        free(k->key);
        k->key = NULL;
}

static bool base64_like(const char* s) {
        size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
        size_t pad = strspn(s + n, "=");
        return s[n + pad] == 0 && pad <= 2 && (n + pad) % 4 == 0;
}

static char* without_spaces(const char* s) {
        char *copy = strdup(s), *out = copy;
        for (const char* p = s; copy && *p; p++)
                if (!isspace((unsigned char) *p))
                        *out++ = *p;
        if (copy)
                *out = 0;
        return copy;
}

int dkim_parse(const char* text, DkimKey* ret, char problem[static POLICY_PROBLEM_BYTES]) {
        _cleanup_free_ char* copy = strdup(text);
        _cleanup_(dkim_key_done) DkimKey k = { .type = "rsa" };
        char *rest = copy, *name, *value;
        int r;
        bool first = true;
        if (!copy)
                return -ENOMEM;
        while ((r = next_tag(&rest, &name, &value)) > 0) {
                if (streq(name, "v") && (!first || !streq(value, "DKIM1")))
                        return BAD(problem, "v= must come first and be DKIM1");
                if (streq(name, "k"))
                        (void) snprintf(k.type, sizeof(k.type), "%s", value);
                else if (streq(name, "t"))
                        k.testing = strchr(value, 'y');
                else if (streq(name, "p")) {
                        if (k.key)
                                return BAD(problem, "p= is there twice");
                        k.key = without_spaces(value);
                } else if (streq(name, "s") && !strchr(value, '*') && !strstr(value, "email"))
                        return BAD(problem, "s= does not allow e-mail");
                first = false;
        }
        if (r < 0)
                return bad(problem, "\"%.100s\" is no tag", name);
        if (!k.key)
                return BAD(problem, "there is no p=");
        if (!streq(k.type, "rsa") && !streq(k.type, "ed25519"))
                return bad(problem, "k=%s is no kind of key", k.type);
        k.revoked = !*k.key;
        if (!base64_like(k.key))
                return BAD(problem, "p= is not whole; perhaps it was cut when it was pasted");
        *ret = k;
        k = (DkimKey) {};
        return 0;
}

/* --- DMARC --- */

static bool policy_known(const char* s) {
        return strcasecmp(s, "none") == 0 || strcasecmp(s, "quarantine") == 0 || strcasecmp(s, "reject") == 0;
}

int dmarc_parse(const char* text, Dmarc* ret, char problem[static POLICY_PROBLEM_BYTES]) {
        _cleanup_free_ char* copy = strdup(text);
        char *rest = copy, *name, *value;
        Dmarc d = {};
        unsigned at = 0;
        int r;
        if (!copy)
                return -ENOMEM;
        while ((r = next_tag(&rest, &name, &value)) > 0) {
                if (at++ == 0 && (!streq(name, "v") || !streq(value, "DMARC1")))
                        return BAD(problem, "it must begin with v=DMARC1");
                if (strcasecmp(name, "p") == 0) {
                        if (!policy_known(value))
                                return bad(problem, "p=%.60s is not none, quarantine or reject", value);
                        (void) snprintf(d.policy, sizeof(d.policy), "%s", value);
                } else if (strcasecmp(name, "sp") == 0 && policy_known(value))
                        (void) snprintf(d.subdomains, sizeof(d.subdomains), "%s", value);
                else if (strcasecmp(name, "pct") == 0 && (strspn(value, "0123456789") != strlen(value) || atoi(value) > 100))
                        return bad(problem, "pct=%.60s is no percentage", value);
                else if ((strcasecmp(name, "rua") == 0 || strcasecmp(name, "ruf") == 0) && !strchr(value, ':'))
                        return bad(problem, "%s= needs mailto: in front of the address", name);
        }
        if (r < 0)
                return bad(problem, "\"%.100s\" is no tag", name);
        if (at == 0)
                return BAD(problem, "it must begin with v=DMARC1");
        if (!*d.policy)
                return BAD(problem, "there is no p=");
        *ret = d;
        return 0;
}

/* --- MTA-STS and TLS reports --- */

int mta_sts_record_parse(const char* text, char problem[static POLICY_PROBLEM_BYTES]) {
        _cleanup_free_ char* copy = strdup(text);
        char *rest = copy, *name, *value;
        bool id = false;
        unsigned at = 0;
        int r;
        if (!copy)
                return -ENOMEM;
        while ((r = next_tag(&rest, &name, &value)) > 0) {
                if (at++ == 0 && (!streq(name, "v") || !streq(value, "STSv1")))
                        return BAD(problem, "it must begin with v=STSv1");
                if (!streq(name, "id"))
                        continue;
                for (const char* p = value; *p; p++)
                        if (!isalnum((unsigned char) *p))
                                return BAD(problem, "id= may only have letters and digits");
                id = *value && strlen(value) <= 32;
        }
        if (r < 0)
                return bad(problem, "\"%.100s\" is no tag", name);
        return at == 0 ? BAD(problem, "it must begin with v=STSv1") : id ? 0 : BAD(problem, "id= is missing or too long");
}

void mta_sts_policy_done(MtaStsPolicy* p) {
        json_decref(p->hosts);
        p->hosts = NULL;
}

static int policy_line(MtaStsPolicy* p, char* line, bool* version, char problem[static POLICY_PROBLEM_BYTES]) {
        char* colon = strchr(line, ':');
        if (!colon)
                return bad(problem, "the line \"%.60s\" has no colon", line);
        *colon = 0;
        const char *name = trim(line), *value = trim(colon + 1);
        if (streq(name, "version"))
                *version = streq(value, "STSv1");
        else if (streq(name, "mode"))
                (void) snprintf(p->mode, sizeof(p->mode), "%s", value);
        else if (streq(name, "mx") && json_array_size(p->hosts) < 64)
                (void) json_array_append_new(p->hosts, json_string(value));
        else if (streq(name, "max_age"))
                p->max_age = strspn(value, "0123456789") == strlen(value) && strlen(value) <= 10 && *value ? atoll(value) : -1;
        return 0;
}

int mta_sts_policy_parse(const char* text, MtaStsPolicy* ret, char problem[static POLICY_PROBLEM_BYTES]) {
        _cleanup_free_ char* copy = strdup(text);
        _cleanup_(mta_sts_policy_done) MtaStsPolicy p = { .max_age = -1, .hosts = json_array() };
        bool version = false;
        if (!copy || !p.hosts)
                return -ENOMEM;
        for (char *rest = copy, *line; (line = strsep(&rest, "\n"));) {
                line = trim(line);
                int r = *line ? policy_line(&p, line, &version, problem) : 0;
                if (r < 0)
                        return r;
        }
        if (!version)
                return BAD(problem, "there is no version: STSv1");
        if (!streq(p.mode, "enforce") && !streq(p.mode, "testing") && !streq(p.mode, "none"))
                return BAD(problem, "mode is not enforce, testing or none");
        if (p.max_age < 0 || p.max_age > 31557600)
                return BAD(problem, "max_age is missing or more than a year");
        if (json_array_size(p.hosts) == 0 && !streq(p.mode, "none"))
                return BAD(problem, "it names no mx");
        *ret = p;
        p = (MtaStsPolicy) {};
        return 0;
}

bool mta_sts_host_matches(const char* pattern, const char* host) {
        if (startswith(pattern, "*.")) {
                const char* dot = strchr(host, '.');
                return dot && dot > host && strcasecmp(dot + 1, pattern + 2) == 0;
        }
        return strcasecmp(pattern, host) == 0;
}

int tls_rpt_parse(const char* text, char problem[static POLICY_PROBLEM_BYTES]) {
        _cleanup_free_ char* copy = strdup(text);
        char *rest = copy, *name, *value;
        bool rua = false;
        unsigned at = 0;
        int r;
        if (!copy)
                return -ENOMEM;
        while ((r = next_tag(&rest, &name, &value)) > 0) {
                if (at++ == 0 && (!streq(name, "v") || !streq(value, "TLSRPTv1")))
                        return BAD(problem, "it must begin with v=TLSRPTv1");
                if (streq(name, "rua") && !startswith(value, "mailto:") && !startswith(value, "https:"))
                        return BAD(problem, "rua= needs mailto: or https: in front");
                rua |= streq(name, "rua");
        }
        if (r < 0)
                return bad(problem, "\"%.100s\" is no tag", name);
        return at == 0 ? BAD(problem, "it must begin with v=TLSRPTv1") : rua ? 0 : BAD(problem, "there is no rua=");
}

/* --- CAA --- */

void caa_meaning_done(CaaMeaning* m) {
        json_decref(m->issuers);
        m->issuers = NULL;
}

/* "letsencrypt.org; validationmethods=dns-01": is this issuer ours, and may it use what we can do? */
static bool issuer_ours(const char* name, const json_t* issuers) {
        size_t i;
        json_t* v;
        json_array_foreach(issuers, i, v)
                if (strcasecmp(strempty(json_string_value(v)), name) == 0)
                        return true;
        return false;
}

static bool methods_fit(char* parameters, bool wildcard, CaaMeaning* m) {
        char *name, *value;
        while (next_tag(&parameters, &name, &value) > 0)
                if (strcasecmp(name, "validationmethods") == 0 && !strstr(value, "dns-01") && (wildcard || !strstr(value, "http-01"))) {
                        (void) snprintf(m->methods, sizeof(m->methods), "%s", value);
                        return false;
                }
        return true;
}

typedef struct CaaCount {
        bool issue, issuewild;       /* there is one */
        bool issue_ours, wild_ours;  /* that allows us */
} CaaCount;

static void caa_value(CaaMeaning* m, CaaCount* c, const char* text, const json_t* issuers) {
        unsigned flags;
        char tag[32], value[512];
        if (sscanf(text, "%3u %31s \"%511[^\"]", &flags, tag, value) < 2)
                return;
        const char* from = strchr(text, '"');
        (void) snprintf(value, sizeof(value), "%s", from ? from + 1 : "");
        char* quote = strrchr(value, '"');
        if (quote)
                *quote = 0;
        bool issue = streq(tag, "issue"), wild = streq(tag, "issuewild");
        static const char* const known[] = { "issue", "issuewild", "iodef", "contactemail", "contactphone", "issuemail", "issuevmc" };
        bool understood = false;
        for (size_t i = 0; i < ELEMENTS(known); i++)
                understood |= streq(tag, known[i]);
        if (!understood && (flags & 128)) {
                m->critical = true;
                (void) snprintf(m->tag, sizeof(m->tag), "%s", tag);
        }
        if (!issue && !wild)
                return;
        c->issue |= issue;
        c->issuewild |= wild;
        char *rest = value, *name = trim(strsep(&rest, ";"));
        if (*name && issue)
                (void) json_array_append_new(m->issuers, json_string(name));
        if (issuer_ours(name, issuers) && methods_fit(rest, wild, m)) {
                c->issue_ours |= issue;
                c->wild_ours |= wild;
        }
}

int caa_read(const json_t* values, const json_t* issuers, CaaMeaning* ret) {
        CaaMeaning m = { .issuers = json_array() };
        CaaCount c = {};
        size_t i;
        json_t* v;
        if (!m.issuers)
                return -ENOMEM;
        json_array_foreach(values, i, v)
                caa_value(&m, &c, strempty(json_string_value(v)), issuers);
        m.any = !c.issue && !c.issuewild && !m.critical;
        m.allowed = !m.critical && (!c.issue || c.issue_ours);
        /* issuewild, where there is one, stands instead of issue for wildcards (RFC 8659 4.3) */
        m.wildcard = !m.critical && (c.issuewild ? c.wild_ours : !c.issue || c.issue_ours);
        if (m.allowed)
                m.methods[0] = 0;
        *ret = m;
        return 0;
}
