#include "system/firewall.h"
#include <stdio.h>

#define OUR_FAMILY "inet"
#define OUR_TABLE "steadbox"

/* Our constant rules, by their comment. Those with ports say the port themselves. */
static const struct {
        const char* comment;
        const char* sentence;
} sentences[] = {
        { "answers", "Lets in the answers to what this machine asked." },
        { "broken", "Drops packets that belong to nothing." },
        { "loopback", "Lets programs on this machine talk to each other." },
        { "icmp-errors", "Lets in the network's error reports (IPv4)." },
        { "icmp-ping", "Answers pings, at most 20 a second (IPv4)." },
        { "icmpv6-errors", "Lets in the network's error reports (IPv6)." },
        { "icmpv6-neighbours", "Lets neighbours and routers be found (IPv6)." },
        { "icmpv6-multicast", "Lets the local network keep track of groups (IPv6)." },
        { "icmpv6-ping", "Answers pings, at most 20 a second (IPv6)." },
        { "dhcp", "Lets the machine get its address (DHCP)." },
        { "dhcpv6", "Lets the machine get its address (DHCPv6)." },
        { "refused", "Counts what was refused: all the rest." },
        { "metadata", "Keeps programs from the provider's metadata service." },
        { "app-to-box", "What apps ask of this machine is looked at more closely." },
        { "app-out", "What apps send elsewhere is looked at more closely." },
        { "box-to-app", "What this machine sends to apps is looked at more closely." },
        { "app-resolver", "Lets apps ask this machine's resolver for names; those that may not reach the world are told nothing by it." },
        { "app-web", "Lets apps that may reach the world reach this machine's web server too." },
        { "app-refused", "Keeps apps from everything else on this machine." },
        { "app-silent", "Keeps apps that may not reach the world from reaching it." },
        { "app-mute", "Keeps apps that may send no mail from mail servers." },
        { "app-neighbour", "Keeps apps from each other." },
        { "app-world", "Lets apps reach the world." },
        { "app-port", "Lets what comes in by an open port reach its app." },
        { "web-to-app", "Lets the web server reach apps." },
        { "app-shielded", "Keeps everything else on this machine from apps." },
        { "app-absent", "Keeps what is meant for an app that does not run from going elsewhere." },
        { "app-forged", "Drops what an app sends with an address that is not its own." },
        { "app-masquerade", "Gives what apps send to the world this machine's address." },
};

/* --- an expression as nft writes it --- */

static void print_value(FILE* f, const json_t* v);

static void print_list(FILE* f, const json_t* list) {
        size_t i;
        const json_t* item;
        json_array_foreach(list, i, item) {
                if (i > 0)
                        (void) fputs(", ", f);
                print_value(f, item);
        }
}

static void print_value(FILE* f, const json_t* v) {
        const json_t* part;
        if (json_is_string(v))
                (void) fputs(json_string_value(v), f);
        else if (json_is_integer(v))
                (void) fprintf(f, "%lld", (long long) json_integer_value(v));
        else if (json_is_array(v))
                print_list(f, v);
        else if ((part = json_object_get(v, "set"))) {
                (void) fputs("{ ", f);
                print_list(f, part);
                (void) fputs(" }", f);
        } else if ((part = json_object_get(v, "prefix")))
                (void) fprintf(f, "%s/%lld", strempty(json_get_string(part, "addr")), (long long) json_get_integer(part, "len", 0));
        else if ((part = json_object_get(v, "range"))) {
                print_value(f, json_array_get(part, 0));
                (void) fputc('-', f);
                print_value(f, json_array_get(part, 1));
        } else if ((part = json_object_get(v, "payload")))
                (void) fprintf(f, "%s %s", strempty(json_get_string(part, "protocol")), strempty(json_get_string(part, "field")));
        else if ((part = json_object_get(v, "meta")))
                (void) fprintf(f, "meta %s", strempty(json_get_string(part, "key")));
        else if ((part = json_object_get(v, "fib"))) {
                (void) fputs("fib ", f);
                print_value(f, json_object_get(part, "flags"));
                (void) fprintf(f, " %s", strempty(json_get_string(part, "result")));
        } else if ((part = json_object_get(v, "ct")))
                (void) fprintf(f, "ct %s", strempty(json_get_string(part, "key")));
        else {
                _cleanup_free_ char* text = json_text(v, /* canonical= */ true);
                (void) fputs(strempty(text), f);
        }
}

static void print_match(FILE* f, const json_t* match) {
        const char* op = strempty(json_get_string(match, "op"));
        print_value(f, json_object_get(match, "left"));
        (void) fputc(' ', f);
        if (!streq(op, "==") && !streq(op, "in"))
                (void) fprintf(f, "%s ", op);
        print_value(f, json_object_get(match, "right"));
}

static void print_expression(FILE* f, const char* key, const json_t* value) {
        if (streq(key, "match"))
                print_match(f, value);
        else if (streq(key, "counter"))
                (void) fprintf(f, "counter packets %lld bytes %lld", (long long) json_get_integer(value, "packets", 0),
                               (long long) json_get_integer(value, "bytes", 0));
        else if (streq(key, "limit"))
                (void) fprintf(f, "limit rate %lld/%s", (long long) json_get_integer(value, "rate", 0), strempty(json_get_string(value, "per")));
        else if (streq(key, "jump"))
                (void) fprintf(f, "jump %s", strempty(json_get_string(value, "target")));
        else if (streq(key, "reject"))
                (void) fprintf(f, "reject with %s %s", strempty(json_get_string(value, "type")), strempty(json_get_string(value, "expr")));
        else if (streq(key, "dnat")) {
                (void) fprintf(f, "dnat %s to ", strempty(json_get_string(value, "family")));
                print_value(f, json_object_get(value, "addr"));
                (void) fprintf(f, " port %lld", (long long) json_get_integer(value, "port", 0));
        } else {
                (void) fputs(key, f);
                if (!json_is_null(value)) {
                        (void) fputc(' ', f);
                        print_value(f, value);
                }
        }
}

static char* rule_text(const json_t* rule) {
        char* text = NULL;
        size_t size, i;
        FILE* f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        const json_t* e;
        json_array_foreach(json_object_get(rule, "expr"), i, e) {
                const char* key;
                json_t* value;
                json_object_foreach((json_t*) e, key, value) {
                        if (ftell(f) > 0)
                                (void) fputc(' ', f);
                        print_expression(f, key, value);
                }
        }
        const char* comment = json_get_string(rule, "comment");
        if (comment)
                (void) fprintf(f, " comment \"%s\"", comment);
        return fclose(f) == 0 ? text : NULL;
}

/* --- what it means --- */

static const json_t* expression_of(const json_t* rule, const char* key) {
        size_t i;
        const json_t* e;
        json_array_foreach(json_object_get(rule, "expr"), i, e)
                if (json_object_get(e, key))
                        return json_object_get(e, key);
        return NULL;
}

static bool has_verdict(const json_t* rule, const char* verdict) {
        size_t i;
        const json_t* e;
        json_array_foreach(json_object_get(rule, "expr"), i, e)
                if (json_is_null(json_object_get(e, verdict)))
                        return true;
        return false;
}

/* "port-web" or "port-web-of-wiki"; port and protocol come from the rule, not from its comment. */
static char* port_sentence(const json_t* rule, const char* purpose) {
        const json_t* match = expression_of(rule, "match");
        const json_t* payload = json_object_get(json_object_get(match, "left"), "payload");
        const char* protocol = json_get_string(payload, "protocol");
        int64_t port = json_get_integer(match, "right", 0);
        char* sentence = NULL;
        if (!protocol || !streq_ptr(json_get_string(payload, "field"), "dport") || port <= 0 || !has_verdict(rule, "accept"))
                return NULL;
        const char* of = strstr(purpose, "-of-");
        int n = of ? asprintf(&sentence, "Lets everybody reach %s port %lld (%.*s of the app %s).", streq(protocol, "udp") ? "UDP" : "TCP",
                              (long long) port, (int) (of - purpose), purpose, of + 4)
                   : asprintf(&sentence, "Lets everybody reach %s port %lld (%s).", streq(protocol, "udp") ? "UDP" : "TCP", (long long) port, purpose);
        return n < 0 ? NULL : sentence;
}

static char* app_port_sentence(const char* app) {
        char* sentence = NULL;
        return asprintf(&sentence, "Leads an open port to the app %s.", app) < 0 ? NULL : sentence;
}

static char* rule_sentence(const json_t* rule) {
        const char* comment = strempty(json_get_string(rule, "comment"));
        const char* purpose = startswith(comment, "port-");
        char* sentence = purpose ? port_sentence(rule, purpose) : NULL;
        if (sentence)
                return sentence;
        for (size_t i = 0; i < ELEMENTS(sentences); i++)
                if (streq(comment, sentences[i].comment))
                        return strdup(sentences[i].sentence);
        if (startswith(comment, "app-port-of-") && expression_of(rule, "dnat"))
                return app_port_sentence(comment + strlen("app-port-of-"));
        return strdup(has_verdict(rule, "accept")   ? "Lets in what matches; this rule is not ours."
                      : has_verdict(rule, "drop")   ? "Drops what matches; this rule is not ours."
                      : has_verdict(rule, "reject") ? "Refuses what matches; this rule is not ours."
                                                    : "A rule that is not ours.");
}

static bool is_ours(const json_t* object, const char* table_key) {
        return streq_ptr(json_get_string(object, "family"), OUR_FAMILY) && streq_ptr(json_get_string(object, table_key), OUR_TABLE);
}

/* The rules of our chain as a block, as nft prints it. */
static void print_chain(FILE* f, const json_t* chain, const json_t* rules) {
        size_t i;
        const json_t* rule;
        const char* name = strempty(json_get_string(chain, "name"));
        (void) fprintf(f, "\tchain %s {\n", name);
        if (json_get_string(chain, "hook"))
                (void) fprintf(f, "\t\ttype %s hook %s priority %lld; policy %s;\n", strempty(json_get_string(chain, "type")),
                               json_get_string(chain, "hook"), (long long) json_get_integer(chain, "prio", 0),
                               strempty(json_get_string(chain, "policy")));
        json_array_foreach(rules, i, rule)
                if (streq_ptr(json_get_string(rule, "chain"), name))
                        (void) fprintf(f, "\t\t%s\n", json_get_string(rule, "text"));
        (void) fputs("\t}\n", f);
}

static char* table_text(const json_t* chains, const json_t* rules) {
        char* text = NULL;
        size_t size, i;
        const json_t* chain;
        FILE* f = open_memstream(&text, &size);
        if (!f)
                return NULL;
        (void) fputs("table " OUR_FAMILY " " OUR_TABLE " {\n", f);
        json_array_foreach(chains, i, chain)
                print_chain(f, chain, rules);
        (void) fputs("}\n", f);
        return fclose(f) == 0 ? text : NULL;
}

static void add_rule(json_t* rules, const json_t* rule) {
        _cleanup_free_ char* text = rule_text(rule);
        _cleanup_free_ char* sentence = rule_sentence(rule);
        const json_t* counter = expression_of(rule, "counter");
        (void) json_array_append_new(rules, json_pack(
                "{s:s, s:s, s:s, s:I}", "chain", strempty(json_get_string(rule, "chain")), "text", strempty(text), "sentence",
                strempty(sentence), "packets", (json_int_t) json_get_integer(counter, "packets", 0)));
}

static void add_foreign(json_t* foreign, const json_t* table) {
        char name[256];
        (void) snprintf(name, sizeof(name), "%s %s", strempty(json_get_string(table, "family")), strempty(json_get_string(table, "name")));
        (void) json_array_append_new(foreign, json_string(name));
}

json_t* firewall_describe(const json_t* ruleset) {
        _cleanup_json_ json_t* chains = json_array();
        json_t *rules = json_array(), *foreign = json_array();
        bool active = false;
        size_t i;
        const json_t* item;
        json_array_foreach(json_object_get(ruleset, "nftables"), i, item) {
                json_t* table = json_object_get(item, "table");
                json_t* chain = json_object_get(item, "chain");
                json_t* rule = json_object_get(item, "rule");
                if (table && is_ours(table, "name"))
                        active = true;
                else if (table)
                        add_foreign(foreign, table);
                else if (chain && is_ours(chain, "table"))
                        (void) json_array_append(chains, chain);
                else if (rule && is_ours(rule, "table"))
                        add_rule(rules, rule);
        }
        _cleanup_free_ char* text = active ? table_text(chains, rules) : strdup("");
        return json_pack("{s:b, s:o, s:o, s:s}", "active", (int) active, "rules", rules, "foreign", foreign, "text", strempty(text));
}
