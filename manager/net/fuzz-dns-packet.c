/* Answers as a hostile server could send them. The first byte picks the question, the rest is the packet,
 * with its id set right so that more is read. */
#include "net/dns.h"
#include "base/macro.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        static const char* const types[] = { "A",     "TXT",   "MX",   "SOA",   "CAA",  "DNSKEY",
                                             "RRSIG", "NSEC3", "TLSA", "HTTPS", "NAPTR" };
        DnsAnswer a;
        if (size < 13 || size > 65536)
                return 0;
        uint16_t id = (uint16_t) (data[1] << 8 | data[2]);
        if (dns_packet_parse(data + 1, size - 1, id, "example.com", types[data[0] % ELEMENTS(types)], &a) <=
            0)
                return 0;
        assert(a.n_records <= DNS_RECORDS_MAX);
        for (size_t i = 0; i < a.n_records; i++) {
                const DnsRecord* d = &a.records[i];
                assert(*d->owner && strlen(d->owner) < DNS_NAME_BYTES && *d->type);
                for (const char* p = d->owner; *p; p++)
                        assert(*p > ' ' && *p < 127 && !(*p >= 'A' && *p <= 'Z'));
                for (const char* p = d->value; *p; p++)
                        assert(*p >= ' ' && *p < 127);
        }
        dns_answer_done(&a);
        return 0;
}
