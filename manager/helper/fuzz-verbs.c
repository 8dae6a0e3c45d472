/* Arguments of the helper's verbs, as a hostile manager would choose them: strings separated by NUL go through every check and renderer.
 * What is accepted must have added no syntax: the rendered text holds exactly as many of "';{}$ and newlines as the same records with
 * harmless values. */
#include "base/log.h"
#include "helper/certificate.h"
#include "helper/check.h"
#include "helper/render-nftables.h"
#include "helper/render-nginx.h"
#include "helper/ssh-key.h"
#include <stdio.h>

#define IDENTITY "0123456789abcdef0123456789abcdef"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

typedef struct Input {
        const char* left; /* NUL-terminated strings, one behind the other */
        const char* end;
} Input;

static const char* next(Input* in) {
        const char* s = in->left;
        if (s >= in->end)
                return "";
        in->left += strlen(s) + 1;
        return s;
}

static size_t syntax(const char* text) {
        size_t n = 0;
        for (; *text; text++)
                n += strchr("\"';{}$\\\n", *text) != NULL;
        return n;
}

static bool is_address6(const char* s) {
        return strchr(s, ':') != NULL;
}

static void try_nginx(Input in) {
        NginxName names[3], plain[3];
        _cleanup_free_ char *text = NULL, *reference = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                const char* name = next(&in);
                const char* kind = next(&in);
                const char* target = next(&in);
                const char* certificate = next(&in);
                const char* word = next(&in);
                names[i] = (NginxName) { name, nginx_kind_from_string(kind), target, certificate, i == 1, *word ? nginx_header_from_string(word) : 0 };
                plain[i] = names[i];
                if (!streq(name, "*"))
                        plain[i].name = is_address6(name) ? (const char*[]) { "::1", "::2", "::3" }[i] : (const char*[]) { "a", "b", "c" }[i];
                /* Names that are served alike share a server, so what was the same stays the same. */
                size_t k = 0, l = 0;
                while (!streq(names[k].certificate, certificate))
                        k++;
                while (!streq(names[l].target, target))
                        l++;
                plain[i].certificate = (const char*[]) { "x", "y", "z" }[k];
                bool is_id = names[i].kind == NGINX_APP || names[i].kind == NGINX_APP_ALIAS;
                if (*target)
                        plain[i].target = is_id ? (const char*[]) { "x", "y", "z" }[l] : (const char*[]) { "x.example", "y.example", "z.example" }[l];
        }
        for (size_t n = 1; n <= ELEMENTS(names); n++) {
                free(text);
                free(reference);
                text = reference = NULL;
                if (render_nginx(names, n, IDENTITY, &text, &e) < 0) {
                        assert(error_is_set(&e) && !text);
                        return;
                }
                assert(render_nginx(plain, n, IDENTITY, &reference, NULL) >= 0);
                assert(syntax(text) == syntax(reference));
        }
}

static void try_nftables(Input in) {
        _cleanup_free_ char *text = NULL, *reference = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        FirewallPort p = { .proto = next(&in) };
        p.port = (unsigned) strtoul(next(&in), NULL, 10);
        p.purpose = next(&in);
        p.scope = next(&in);
        p.app = next(&in);
        if (render_nftables(&p, 1, NULL, 0, &text, &e) < 0) {
                assert(error_is_set(&e) && !text);
                return;
        }
        FirewallPort plain = { "tcp", 1, "x", streq(p.scope, "world") ? "world" : "local", *p.app ? "a" : "" };
        assert(render_nftables(&plain, 1, NULL, 0, &reference, NULL) >= 0);
        assert(syntax(text) == syntax(reference));
}

static int count_key(const SshKey* key, const char* origin, void* userdata) {
        ++*(unsigned*) userdata;
        assert(strlen(key->fingerprint) == 64);
        return 0;
}

static void try_ssh(Input in) {
        const char* type = next(&in);
        const char* blob = next(&in);
        const char* comment = next(&in);
        const char* file = next(&in);
        SshKey key;
        unsigned before = 0, after = 0, left = 0;
        (void) ssh_keys_each(file, count_key, &before);
        if (ssh_key_check(type, blob, comment, &key, NULL) < 0)
                return;
        _cleanup_free_ char *added = NULL, *removed = NULL;
        if (ssh_keys_add(file, &key, "owner", &added, NULL) < 0)
                return;
        (void) ssh_keys_each(added, count_key, &after);
        assert(after == before || after == before + 1); /* one key at most got in, whatever its parts held */
        assert(ssh_keys_remove(added, key.fingerprint, &removed) >= 1);
        (void) ssh_keys_each(removed, count_key, &left);
        assert(left < after);
}

static void try_certificate(Input in) {
        const char* name = next(&in);
        _cleanup_free_ char *text = NULL, *reference = NULL;
        _cleanup_(certificate_done) Certificate c = {};
        if (certificate_request_text(name, &text, NULL) >= 0) {
                assert(certificate_request_text("a", &reference, NULL) >= 0);
                assert(syntax(text) == syntax(reference));
        }
        if (certificate_parse(name, &c, NULL) >= 0)
                for (size_t i = 0; i < c.names_n; i++)
                        assert(check_plain(c.names[i]));
}

static void try_words(Input in) {
        const char* word = next(&in);
        if (check_job_kind(word, NULL) >= 0)
                assert(check_plain(word) && word[strspn(word, "abcdefghijklmnopqrstuvwxyz-")] == 0);
        if (check_id("id", word, NULL) >= 0)
                assert(check_plain(word) && !strpbrk(word, "-./%@"));
        if (check_name_or_address("name", word, NULL) >= 0)
                assert(check_plain(word) && !strpbrk(word, "/%@*"));
        if (check_fingerprint("fingerprint", word, NULL) >= 0)
                assert(check_plain(word));
        (void) zone_listed(word, next(&in));
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
        if (size < 1)
                return 0;
        _cleanup_free_ char* copy = malloc(size);
        if (!copy)
                return 0;
        memcpy(copy, data + 1, size - 1);
        copy[size - 1] = 0;
        Input in = { copy, copy + size };
        static void (*const tries[])(Input) = { try_nginx, try_nftables, try_ssh, try_certificate, try_words };
        tries[data[0] % ELEMENTS(tries)](in);
        return 0;
}
