#include "helper/render-nftables.h"
#include "helper/check.h"
#include "helper/text.h"
#include "run/network.h"
#include <arpa/inet.h>

/* Apps are known by their links, sb-<slot>, and cannot choose their addresses: what comes from a link must be what would be sent there (fib).
 * app_world has the addresses of those that may reach the world, app_mute those of them that may send no mail. */
static const char begin[] =
                "# Written by steadbox-helper from the appliance's ports and the apps' records; changes made here are lost.\n"
                "table inet steadbox\n"
                "delete table inet steadbox\n"
                "table inet steadbox {\n";

/* Everything we did not ask for is dropped on the way in. Whatever runs on the box must not reach the
 * provider's metadata service, where the user-data of the first boot may still lie; only root's own tools (cloud-init) may. Packets
 * without a socket are the kernel's own and pass "skuid". DHCP: the client's port hears the server before there is a connection. */
static const char head[] =
                "        chain input {\n"
                "                type filter hook input priority filter; policy drop;\n"
                "                ct state established,related accept comment \"answers\"\n"
                "                ct state invalid drop comment \"broken\"\n"
                "                iif lo accept comment \"loopback\"\n"
                "                iifname \"sb-*\" jump app_to_box comment \"app-to-box\"\n"
                "                ip protocol icmp icmp type { destination-unreachable, time-exceeded, parameter-problem } accept comment \"icmp-errors\"\n"
                "                ip protocol icmp icmp type echo-request limit rate 20/second accept comment \"icmp-ping\"\n"
                "                meta l4proto ipv6-icmp icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept comment \"icmpv6-errors\"\n"
                "                meta l4proto ipv6-icmp icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept comment \"icmpv6-neighbours\"\n"
                "                meta l4proto ipv6-icmp icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } ip6 saddr fe80::/10 accept comment \"icmpv6-multicast\"\n"
                "                meta l4proto ipv6-icmp icmpv6 type echo-request limit rate 20/second accept comment \"icmpv6-ping\"\n"
                "                udp sport 67 udp dport 68 accept comment \"dhcp\"\n"
                "                ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept comment \"dhcpv6\"\n";

/* RFC 5321; RFC 8314: submissions, and submission for old programs; what providers offer where those are shut. */
#define MAIL_PORTS "{ 25, 465, 587, 2525 }"

/* Port 5354 is the resolver that knows nothing, for apps that may not reach the world: a question to a name server is a way out too. What an
 * app may not reach it is told about at once; silence would have it wait for minutes.
 * 169.254.0.0/16, 100.100.100.200 and 168.63.129.16 are where clouds keep metadata; fd00:ec2::/32 likewise.
 * In app_out every packet of an app's own connections is looked at, not only the first: what is taken away is taken away at once. What goes to
 * an app comes through the web server, which is www-data (base-passwd: 33), or through a port that was opened. An app that is stopped has no
 * link: what the web server would send it, cookies and all, must not follow the default route instead. */
static const char tail[] =
                "                counter comment \"refused\"\n"
                "        }\n"
                "        chain app_to_box {\n"
                "                ip daddr " APP_GATEWAY4 " meta l4proto { tcp, udp } th dport 5354 accept comment \"app-resolver\"\n"
                "                ip saddr @app_world ip daddr " APP_GATEWAY4 " meta l4proto { tcp, udp } th dport 53 accept comment \"app-resolver\"\n"
                "                ip saddr @app_world tcp dport { 80, 443 } accept comment \"app-web\"\n"
                "                ip6 saddr @app_world6 tcp dport { 80, 443 } accept comment \"app-web\"\n"
                "                counter reject with icmpx admin-prohibited comment \"app-refused\"\n"
                "        }\n"
                "        chain app_out {\n"
                "                ct direction reply accept comment \"answers\"\n"
                "                ip daddr { 169.254.0.0/16, 100.100.100.200, 168.63.129.16 } counter reject with icmpx admin-prohibited comment \"metadata\"\n"
                "                ip6 daddr { fd00:ec2::/32, fe80::/10 } counter reject with icmpx admin-prohibited comment \"metadata\"\n"
                "                meta nfproto ipv4 ip saddr != @app_world counter reject with icmpx admin-prohibited comment \"app-silent\"\n"
                "                meta nfproto ipv6 ip6 saddr != @app_world6 counter reject with icmpx admin-prohibited comment \"app-silent\"\n"
                "                ip saddr @app_mute tcp dport " MAIL_PORTS " counter reject with icmpx admin-prohibited comment \"app-mute\"\n"
                "                ip6 saddr @app_mute6 tcp dport " MAIL_PORTS " counter reject with icmpx admin-prohibited comment \"app-mute\"\n"
                "                ct status dnat accept comment \"app-port\"\n"
                "                oifname \"sb-*\" counter reject with icmpx admin-prohibited comment \"app-neighbour\"\n"
                "                ip daddr 198.18.0.0/15 counter reject with icmpx admin-prohibited comment \"app-neighbour\"\n"
                "                ip6 daddr fd53:7465:6164::/48 counter reject with icmpx admin-prohibited comment \"app-neighbour\"\n"
                "                accept comment \"app-world\"\n"
                "        }\n"
                "        chain forward {\n"
                "                type filter hook forward priority filter; policy drop;\n"
                "                ct state invalid drop comment \"broken\"\n"
                "                iifname \"sb-*\" jump app_out comment \"app-out\"\n"
                "                ct state established,related accept comment \"answers\"\n"
                "                oifname \"sb-*\" ct status dnat accept comment \"app-port\"\n"
                "                counter comment \"refused\"\n"
                "        }\n"
                "        chain output {\n"
                "                type filter hook output priority filter; policy accept;\n"
                "                ip daddr 169.254.169.254 meta skuid != 0 counter drop comment \"metadata\"\n"
                "                ip6 daddr fd00:ec2::254 meta skuid != 0 counter drop comment \"metadata\"\n"
                "                oifname \"sb-*\" jump box_to_app comment \"box-to-app\"\n"
                "                ip daddr 198.18.0.0/15 oifname != \"sb-*\" oifname != \"lo\" counter reject with icmpx admin-prohibited comment \"app-absent\"\n"
                "                ip6 daddr fd53:7465:6164::/48 oifname != \"sb-*\" oifname != \"lo\" counter reject with icmpx admin-prohibited comment \"app-absent\"\n"
                "        }\n"
                "        chain box_to_app {\n"
                "                ct state established,related accept comment \"answers\"\n"
                "                meta l4proto tcp meta skuid 33 accept comment \"web-to-app\"\n"
                "                counter reject with icmpx admin-prohibited comment \"app-shielded\"\n"
                "        }\n"
                "        chain app_address {\n"
                "                type filter hook prerouting priority raw; policy accept;\n"
                "                iifname \"sb-*\" fib saddr . iif oif missing counter drop comment \"app-forged\"\n"
                "        }\n"
                "        chain app_masquerade {\n"
                "                type nat hook postrouting priority srcnat; policy accept;\n"
                "                ip saddr 198.18.0.0/16 oifname != \"sb-*\" masquerade comment \"app-masquerade\"\n"
                "                ip6 saddr fd53:7465:6164::/96 oifname != \"sb-*\" masquerade comment \"app-masquerade\"\n"
                "        }\n"
                "        chain app_port {\n"
                "                type nat hook prerouting priority dstnat; policy accept;\n"
                "                iifname \"sb-*\" ip saddr != @app_world ip daddr " APP_GATEWAY4 " meta l4proto { tcp, udp } th dport 53 "
                "dnat ip to " APP_GATEWAY4 ":5354 comment \"app-resolver\"\n";
static const char end[] =
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

static void add_address(Text* t, const FirewallApp* app, int family) {
        char text[INET6_ADDRSTRLEN];
        struct in_addr four = app_network_address4(app->slot);
        struct in6_addr six = app_network_address6(app->slot);
        (void) inet_ntop(family, family == AF_INET ? (const void*) &four : &six, text, sizeof(text));
        text_add_value(t, text);
}

static bool is_world(const FirewallApp* app) {
        return app->world;
}

static bool is_mute(const FirewallApp* app) {
        return app->world && app->mute;
}

static void add_set(Text* t, const char* begin_set, const FirewallApp* apps, size_t n, bool (*is_in)(const FirewallApp* app), int family) {
        bool any = false;
        text_add(t, begin_set);
        for (size_t i = 0; i < n; i++) {
                if (!is_in(&apps[i]) || apps[i].host_network)
                        continue;
                text_add(t, any ? ", " : "                elements = { ");
                add_address(t, &apps[i], family);
                any = true;
        }
        text_add(t, any ? " }\n        }\n" : "        }\n");
}

static void add_number_after(Text* t, const char* before, unsigned number) {
        text_add(t, before);
        text_add_number(t, number);
}

static void add_app_port(Text* t, const FirewallApp* app, const AppPortRecord* p, int family) {
        text_add(t, "                fib daddr type local ");
        text_add(t, family == AF_INET ? "meta nfproto ipv4 " : "meta nfproto ipv6 ");
        text_add_value(t, p->protocol);
        add_number_after(t, " dport ", p->host_port);
        text_add(t, family == AF_INET ? " dnat ip to " : " dnat ip6 to [");
        add_address(t, app, family);
        add_number_after(t, family == AF_INET ? ":" : "]:", p->port);
        text_add(t, " comment \"app-port-of-");
        text_add_value(t, app->id);
        text_add(t, "\"\n");
}

/* The first app that wants a port has it; the manager refuses a second. The box's own ports are nobody's. */
static bool port_is_free(const FirewallPort* ports, size_t n, const FirewallApp* apps, size_t app, const AppPortRecord* p) {
        for (size_t i = 0; i < n; i++)
                if (ports[i].port == p->host_port && streq(ports[i].proto, p->protocol) && !*ports[i].app)
                        return false;
        for (size_t i = 0; i < app; i++)
                for (size_t k = 0; k < apps[i].ports_n; k++)
                        if (apps[i].ports[k].host_port == p->host_port && streq(apps[i].ports[k].protocol, p->protocol))
                                return false;
        return true;
}

static int app_check(const FirewallApp* app, Error* reterr) {
        int r = check_id("app", app->id, reterr);
        if (r < 0)
                return r;
        if (app->slot < 1 || app->slot > APP_NETWORK_SLOT_MAX || app->ports_n > APP_PORTS_MAX)
                return error_field(reterr, ERROR_BAD_FIELD, "app", "An app's slot is out of range, or it has too many ports.");
        for (size_t i = 0; i < app->ports_n; i++) {
                const AppPortRecord* p = &app->ports[i];
                if ((!streq(p->protocol, "tcp") && !streq(p->protocol, "udp")) || p->host_port == 0 || p->port == 0)
                        return error_field(reterr, ERROR_BAD_FIELD, "port", "A port of an app must be tcp or udp, and a number from 1 to 65535.");
        }
        return 0;
}

typedef struct Firewall {
        const FirewallPort* ports;
        size_t n;
        const FirewallApp* apps;
        size_t apps_n;
} Firewall;

static void add_app_ports(Text* t, const Firewall* f, bool host_network) {
        for (size_t i = 0; i < f->apps_n; i++)
                for (size_t k = 0; k < f->apps[i].ports_n && f->apps[i].host_network == host_network; k++) {
                        const AppPortRecord* p = &f->apps[i].ports[k];
                        if (!port_is_free(f->ports, f->n, f->apps, i, p))
                                continue;
                        if (host_network)
                                add_port(t, &(FirewallPort) { p->protocol, p->host_port, "port", "world", f->apps[i].id });
                        else {
                                add_app_port(t, &f->apps[i], p, AF_INET);
                                add_app_port(t, &f->apps[i], p, AF_INET6);
                        }
                }
}

int render_nftables(const FirewallPort* ports, size_t n, const FirewallApp* apps, size_t apps_n, char** ret, Error* reterr) {
        const Firewall f = { ports, n, apps, apps_n };
        _cleanup_(text_done) Text t = {};
        int r = 0;
        if (n > FIREWALL_PORTS_MAX)
                return error_set(reterr, ERROR_TOO_LARGE, "More than %d ports are not supported.", FIREWALL_PORTS_MAX);
        for (size_t i = 0; i < apps_n && r >= 0; i++)
                r = app_check(&apps[i], reterr);
        if (r < 0)
                return r;
        text_add(&t, begin);
        add_set(&t, "        set app_world {\n                type ipv4_addr\n", apps, apps_n, is_world, AF_INET);
        add_set(&t, "        set app_world6 {\n                type ipv6_addr\n", apps, apps_n, is_world, AF_INET6);
        add_set(&t, "        set app_mute {\n                type ipv4_addr\n", apps, apps_n, is_mute, AF_INET);
        add_set(&t, "        set app_mute6 {\n                type ipv6_addr\n", apps, apps_n, is_mute, AF_INET6);
        text_add(&t, head);
        for (size_t i = 0; i < n; i++) {
                r = firewall_port_check(&ports[i], reterr);
                if (r < 0)
                        return r;
                if (streq(ports[i].scope, "world"))
                        add_port(&t, &ports[i]);
        }
        add_app_ports(&t, &f, /* host_network= */ true);
        text_add(&t, tail);
        add_app_ports(&t, &f, /* host_network= */ false);
        text_add(&t, end);
        return text_take(&t, ret, reterr);
}
