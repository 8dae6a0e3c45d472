#include "helper/render-nftables.h"
#include "helper/check.h"
#include "helper/text.h"

/* Everything we did not ask for is dropped on the way in. Forwarding is not ours yet, but whatever runs on the box must not reach the
 * provider's metadata service, where the user-data of the first boot may still lie; only root's own tools (cloud-init) may. Packets
 * without a socket are the kernel's own and pass "skuid". DHCP: the client's port hears the server before there is a connection. */
static const char head[] =
                "# Written by steadbox-helper from the appliance's ports; changes made here are lost.\n"
                "table inet steadbox\n"
                "delete table inet steadbox\n"
                "table inet steadbox {\n"
                "        chain input {\n"
                "                type filter hook input priority filter; policy drop;\n"
                "                ct state established,related accept comment \"answers\"\n"
                "                ct state invalid drop comment \"broken\"\n"
                "                iif lo accept comment \"loopback\"\n"
                "                ip protocol icmp icmp type { destination-unreachable, time-exceeded, parameter-problem } accept comment \"icmp-errors\"\n"
                "                ip protocol icmp icmp type echo-request limit rate 20/second accept comment \"icmp-ping\"\n"
                "                meta l4proto ipv6-icmp icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept comment \"icmpv6-errors\"\n"
                "                meta l4proto ipv6-icmp icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept comment \"icmpv6-neighbours\"\n"
                "                meta l4proto ipv6-icmp icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } ip6 saddr fe80::/10 accept comment \"icmpv6-multicast\"\n"
                "                meta l4proto ipv6-icmp icmpv6 type echo-request limit rate 20/second accept comment \"icmpv6-ping\"\n"
                "                udp sport 67 udp dport 68 accept comment \"dhcp\"\n"
                "                ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept comment \"dhcpv6\"\n";
static const char tail[] =
                "                counter comment \"refused\"\n"
                "        }\n"
                "        chain forward {\n"
                "                type filter hook forward priority filter; policy accept;\n"
                "                ip daddr 169.254.169.254 counter drop comment \"metadata\"\n"
                "                ip6 daddr fd00:ec2::254 counter drop comment \"metadata\"\n"
                "        }\n"
                "        chain output {\n"
                "                type filter hook output priority filter; policy accept;\n"
                "                ip daddr 169.254.169.254 meta skuid != 0 counter drop comment \"metadata\"\n"
                "                ip6 daddr fd00:ec2::254 meta skuid != 0 counter drop comment \"metadata\"\n"
                "        }\n"
                "}\n";

static bool purpose_valid(const char* s) {
        size_t n = strnlen(s, 33);
        return n >= 1 && n <= 32 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

int firewall_port_check(const FirewallPort* p, Error* reterr) {
        int r = check_length("proto", p->proto, 8, reterr);
        if (r >= 0)
                r = check_length("purpose", p->purpose, 32, reterr);
        if (r >= 0)
                r = check_length("scope", p->scope, 8, reterr);
        if (r >= 0 && *p->app)
                r = check_id("app", p->app, reterr);
        if (r < 0)
                return r;
        if (!streq(p->proto, "tcp") && !streq(p->proto, "udp"))
                return error_field(reterr, ERROR_BAD_FIELD, "proto", "The protocol must be tcp or udp.");
        if (p->port < 1 || p->port > 65535)
                return error_field(reterr, ERROR_BAD_FIELD, "port", "A port is a number from 1 to 65535.");
        if (!purpose_valid(p->purpose))
                return error_field(reterr, ERROR_BAD_FIELD, "purpose", "The purpose must be 1 to 32 of a-z, 0-9 and dashes.");
        if (!streq(p->scope, "world") && !streq(p->scope, "local"))
                return error_field(reterr, ERROR_BAD_FIELD, "scope", "The scope must be world or local.");
        return 0;
}

static void add_port(Text* t, const FirewallPort* p) {
        text_add(t, "                ");
        text_add_value(t, p->proto);
        text_add(t, " dport ");
        text_add_number(t, p->port);
        text_add(t, " counter accept comment \"port-");
        text_add_value(t, p->purpose);
        if (*p->app) {
                text_add(t, "-of-");
                text_add_value(t, p->app);
        }
        text_add(t, "\"\n");
}

int render_nftables(const FirewallPort* ports, size_t n, char** ret, Error* reterr) {
        _cleanup_(text_done) Text t = {};
        if (n > FIREWALL_PORTS_MAX)
                return error_set(reterr, ERROR_TOO_LARGE, "More than %d ports are not supported.", FIREWALL_PORTS_MAX);
        text_add(&t, head);
        for (size_t i = 0; i < n; i++) {
                int r = firewall_port_check(&ports[i], reterr);
                if (r < 0)
                        return r;
                if (streq(ports[i].scope, "world"))
                        add_port(&t, &ports[i]);
        }
        text_add(&t, tail);
        return text_take(&t, ret, reterr);
}
