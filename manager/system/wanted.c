#include "system/wanted.h"

int ports_add(Ports* list, Port port) {
        for (size_t i = 0; i < list->count; i++)
                if (list->items[i].port == port.port && streq(list->items[i].protocol, port.protocol))
                        return 0; /* two nouns may want the same door */
        if (list->count == PORTS_MAX)
                return -ENOBUFS;
        list->items[list->count++] = (HelperPort) {
                .protocol = port.protocol, .port = port.port, .purpose = port.purpose, .scope = port.scope, .app = "",
        };
        return 0;
}

static void name_done(HelperName* n) {
        free((char*) n->name);
        free((char*) n->kind);
        free((char*) n->target);
        free((char*) n->certificate);
        free((char*) n->headers);
        *n = (HelperName) {};
}

int nginx_names_add(NginxNames* list, NginxName name) {
        for (size_t i = 0; i < list->count; i++)
                if (streq(list->items[i].name, name.name))
                        return -EEXIST;
        if (list->count == NGINX_NAMES_MAX)
                return -ENOBUFS;
        HelperName n = {
                .name = strdup(name.name),
                .kind = strdup(name.kind),
                .target = strdup(strempty(name.target)),
                .certificate = strdup("box"),
                .headers = strdup(strempty(name.headers)),
        };
        if (!n.name || !n.kind || !n.target || !n.certificate || !n.headers) {
                name_done(&n);
                return -ENOMEM;
        }
        list->items[list->count++] = n;
        return 0;
}

void nginx_names_done(NginxNames* list) {
        for (size_t i = 0; i < list->count; i++)
                name_done(&list->items[i]);
        list->count = 0;
}

int wanted_ports(Manager* m, const NounClass* const* nouns, Ports* ret, Error* reterr) {
        for (size_t i = 0; nouns[i]; i++) {
                int r = nouns[i]->ports ? nouns[i]->ports(m, ret, reterr) : 0;
                if (r < 0)
                        return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot collect the ports of %s", nouns[i]->name);
        }
        return 0;
}

static int certificate_choose(Manager* m, const NounClass* const* nouns, HelperName* name) {
        for (size_t i = 0; nouns[i]; i++) {
                const char* id = nouns[i]->certificate_for_name ? nouns[i]->certificate_for_name(m, name->name) : NULL;
                char* copy = id ? strdup(id) : NULL;
                if (!id)
                        continue;
                if (!copy)
                        return -ENOMEM;
                free((char*) name->certificate);
                name->certificate = copy;
                return 0;
        }
        return 0; /* the box's own, from nginx_names_add() */
}

int wanted_names(Manager* m, const NounClass* const* nouns, NginxNames* ret, Error* reterr) {
        for (size_t i = 0; nouns[i]; i++) {
                int r = nouns[i]->nginx_names ? nouns[i]->nginx_names(m, ret, reterr) : 0;
                if (r < 0)
                        return error_is_set(reterr) ? r : error_errno(reterr, r, "Cannot collect the names of %s", nouns[i]->name);
        }
        for (size_t i = 0; i < ret->count; i++) {
                int r = certificate_choose(m, nouns, &ret->items[i]);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot choose certificates");
        }
        return 0;
}
