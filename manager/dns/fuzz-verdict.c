/* "check owner TYPE wanted\n" and a packet as it came from a stranger: parsed, reduced, judged as one server's and as the resolver's answer.
 * The sentence must be text whatever the packet holds. Then the same bytes as policies. */
#include "dns/policy.h"
#include "dns/verdict.h"
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void judge(const char* check, const char* owner, const char* type, const char* wanted, const uint8_t* packet, size_t size) {
        DnsAnswer answer = { .extended_error = -1 };
        uint16_t id = size >= 2 ? (uint16_t) (packet[0] << 8 | packet[1]) : 0;
        Seen seen[2] = {};
        int r = dns_packet_parse(packet, size, id, owner, type, &answer);
        if (seen_take(r == 1 ? &answer : NULL, "ns1.example.com", owner, type, false, &seen[0]) < 0 ||
            seen_take(r == 1 ? &answer : NULL, "resolver", owner, type, true, &seen[1]) < 0)
                abort();
        json_t *raw = json_array(), *ipv4 = json_pack("[s]", "203.0.113.5");
        (void) json_array_append_new(raw, json_string(wanted));
        json_t* values = values_canonical(type, raw);
        const VerdictItem item = { .id = "x:y", .check = check, .part = "mail", .owner = owner, .type = type, .severity = "bad", .wanted = values };
        for (unsigned i = 0; i < 3; i++) {
                const Evidence e = { .domain = "example.com", .zone = "example.com", .own = seen, .n_own = i, .resolver = i == 0 ? &seen[1] : NULL,
                                     .ipv4 = ipv4 };
                json_t* verdict = verdict_record(&item, &e);
                if (!verdict || !json_get_string(verdict, "sentence"))
                        abort();
                json_decref(verdict);
        }
        json_decref(values);
        json_decref(raw);
        json_decref(ipv4);
        seen_done(&seen[0]);
        seen_done(&seen[1]);
        if (r == 1)
                dns_answer_done(&answer);
}

static void policies(const uint8_t* data, size_t size) {
        char* text = strndup((const char*) data, size);
        char problem[POLICY_PROBLEM_BYTES];
        DkimKey key = {};
        Dmarc dmarc;
        MtaStsPolicy policy = {};
        CaaMeaning caa = {};
        if (dkim_parse(text, &key, problem) >= 0)
                dkim_key_done(&key);
        (void) dmarc_parse(text, &dmarc, problem);
        (void) mta_sts_record_parse(text, problem);
        (void) tls_rpt_parse(text, problem);
        if (mta_sts_policy_parse(text, &policy, problem) >= 0)
                mta_sts_policy_done(&policy);
        json_t *values = json_array(), *issuers = json_pack("[s]", "letsencrypt.org");
        char* canonical = value_canonical("CAA", text);
        (void) json_array_append_new(values, json_string(canonical));
        if (caa_read(values, issuers, &caa) >= 0)
                caa_meaning_done(&caa);
        free(canonical);
        json_decref(values);
        json_decref(issuers);
        free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        char head[512], check[16], owner[254], type[16], wanted[256] = "";
        const uint8_t* newline = memchr(data, '\n', size);
        policies(data, size);
        if (!newline || newline - data >= (ptrdiff_t) sizeof(head))
                return 0;
        (void) snprintf(head, sizeof(head), "%.*s", (int) (newline - data), (const char*) data);
        for (const char* p = head; *p; p++)
                if ((unsigned char) *p < 0x20 || (unsigned char) *p > 0x7e) /* the request is JSON, what is wanted is ours */
                        return 0;
        if (sscanf(head, "%15s %253s %15s %255[^\n]", check, owner, type, wanted) < 3)
                return 0;
        judge(check, owner, type, wanted, newline + 1, size - (size_t) (newline + 1 - data));
        return 0;
}
