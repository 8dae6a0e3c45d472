#include "provider/kinds.h"

const ProviderKind provider_kinds[] = {
        { .kind = "cloudflare", .name = "Cloudflare",
          .token_sentence = "An API token with the permission Zone, DNS, Edit for this one zone.",
          .token_url = "https://dash.cloudflare.com/profile/api-tokens" },
        { .kind = "hetzner", .name = "Hetzner",
          .token_sentence = "An API token, read and write, of the Hetzner Console project that holds the zone. It may change everything in that "
                            "project, so keep zones in a project of their own.",
          .token_url = "https://console.hetzner.com/projects" },
        { .kind = "desec", .name = "deSEC",
          .token_sentence = "A token without the permission to manage tokens; policies may narrow it to this domain.",
          .token_url = "https://desec.io/tokens" },
        { .kind = "digitalocean", .name = "DigitalOcean",
          .token_sentence = "A personal access token with the custom scopes domain:read, domain:create, domain:update and domain:delete.",
          .token_url = "https://cloud.digitalocean.com/account/api/tokens" },
        { .kind = "rfc2136", .name = "Your own DNS server (RFC 2136)",
          .token_sentence = "The secret of a TSIG key, in base64, that may query and update the zone on its primary server.",
          .fields = { "server", "key_name", NULL } },
        {},
};

const ProviderKind* provider_kind_find(const char* kind) {
        for (const ProviderKind* k = provider_kinds; k->kind; k++)
                if (streq_ptr(k->kind, kind))
                        return k;
        return NULL;
}
