/* The records that mail for a domain needs. Pure: what is wanted follows from the domain and the box's addresses alone. They exist only
 * for domains that do mail here, and all but the DKIM key wait where mail lives elsewhere. */
#include "domain/domain-internal.h"
#include <stdio.h>

/* Names the policy that mta-sts.<domain> serves (RFC 8461 3.1): another text there needs another id here. */
#define MTA_STS_ID "20261121"

typedef struct MailRecord {
        const char* owner;  /* before the domain; "" = the domain itself */
        const char* type;
        const char* check;
        const char* value;  /* %s is the domain */
        const char* why;
        Severity severity;
} MailRecord;

static const MailRecord records[] = {
        { "", "MX", "mx", "10 mail.%s", "Mail for the domain is delivered to this box.", SEVERITY_BAD },                /* RFC 5321 5.1 */
        { "", "TXT", "spf", "v=spf1 mx -all", "Only this box may send mail in the domain's name.", SEVERITY_WARN },      /* RFC 7208 */
        { "_dmarc.", "TXT", "dmarc", "v=DMARC1; p=quarantine", "Says what to do with forged mail.", SEVERITY_WARN },     /* RFC 7489 6.3 */
        { "_mta-sts.", "TXT", "mta-sts", "v=STSv1; id=" MTA_STS_ID, "Others are asked to keep mail encrypted on its way here.", SEVERITY_NOTE }, /* RFC 8461 3.1 */
        { "_smtp._tls.", "TXT", "tls-rpt", "v=TLSRPTv1; rua=mailto:postmaster@%s", "Others report when encryption fails.", SEVERITY_NOTE }, /* RFC 8460 3 */
        { "_imaps._tcp.", "SRV", "srv", "0 1 993 mail.%s", "Mail programs find the server by themselves.", SEVERITY_NOTE },      /* RFC 6186 3.2 */
        { "_submissions._tcp.", "SRV", "srv", "0 1 465 mail.%s", "Mail programs find the server by themselves.", SEVERITY_NOTE }, /* RFC 8314 5.1 */
};

static int add(WantedRecords* list, const char* domain, const MailRecord* m) {
        char owner[DOMAIN_NAME_BYTES + 64], value[DOMAIN_NAME_BYTES + 64];
        (void) snprintf(owner, sizeof(owner), "%s%s", m->owner, domain);
        const char* place = strstr(m->value, "%s");
        if (place)
                (void) snprintf(value, sizeof(value), "%.*s%s%s", (int) (place - m->value), m->value, domain, place + 2);
        else
                (void) snprintf(value, sizeof(value), "%s", m->value);
        return wanted_records_add(list, (WantedRecord) {
                .owner = owner, .type = m->type, .check = m->check, .part = "mail", .value = value, .why = m->why,
                .severity = m->severity, .hold = true,
        });
}

/* RFC 6376 3.6.1. The selector is ours alone, so nothing foreign can stand there and it need not wait. */
static int add_dkim(WantedRecords* list, const DomainView* d) {
        char owner[DOMAIN_NAME_BYTES + 64];
        _cleanup_free_ char* value = NULL;
        if (isempty(d->dkim_selector) || isempty(d->dkim_key))
                return 0;
        (void) snprintf(owner, sizeof(owner), "%s._domainkey.%s", d->dkim_selector, d->name);
        if (asprintf(&value, "v=DKIM1; k=rsa; p=%s", d->dkim_key) < 0)
                return -ENOMEM;
        return wanted_records_add(list, (WantedRecord) {
                .owner = owner, .type = "TXT", .check = "dkim", .part = "mail", .value = value,
                .why = "Others can check that mail is really from here.", .severity = SEVERITY_WARN,
        });
}

int mail_records_add(WantedRecords* list, const DomainView* d) {
        static const char* const hosts[] = { "mail", "mta-sts" };
        static const char* const why[] = { "The mail server's own name.", "Where others read the mail server's policy." };
        static const Severity severity[] = { SEVERITY_BAD, SEVERITY_NOTE };
        int r = 0;
        if (!streq(d->scope, "everything"))
                return 0;
        for (size_t i = 0; i < ELEMENTS(hosts) && r >= 0; i++)
                r = address_records_add(list, d, hosts[i], "mail", why[i], severity[i], /* hold= */ true);
        for (size_t i = 0; i < ELEMENTS(records) && r >= 0; i++)
                r = add(list, d->name, &records[i]);
        return r < 0 ? r : add_dkim(list, d);
}
