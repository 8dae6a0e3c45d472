#include "net/link.h"
#include "app-slots.h"
#include <arpa/inet.h>
#include <linux/if.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#define LINKS_MAX 256

static void socket_freep(struct nl_sock** s) {
        if (*s)
                nl_socket_free(*s);
}
static void cache_freep(struct nl_cache** c) {
        if (*c)
                nl_cache_free(*c);
}

/* libnl has error numbers of its own; only memory and the rest differ for us. */
static int nl_errno(int r) {
        return r == -NLE_NOMEM ? -ENOMEM : -EIO;
}

typedef struct Walk {
        json_t* links;               /* array of Address */
        int indices[LINKS_MAX];      /* of links, in their order */
        json_t* addresses;           /* global addresses, without prefix */
        int family;
} Walk;

static json_t* walk_link(Walk* w, int index) {
        for (size_t i = 0; i < json_array_size(w->links); i++)
                if (w->indices[i] == index)
                        return json_array_get(w->links, i);
        return NULL;
}

/* They come and go with every app, always with the same two addresses, and are no way to reach the machine. */
static bool is_of_app(struct rtnl_link* link) {
        const char *name = strempty(rtnl_link_get_name(link)), *slot = name + strlen(APP_LINK_PREFIX);
        return strncmp(name, APP_LINK_PREFIX, strlen(APP_LINK_PREFIX)) == 0 && slot[strspn(slot, "0123456789")] == 0;
}

static void on_link(struct nl_object* object, void* userdata) {
        Walk* w = userdata;
        struct rtnl_link* link = (struct rtnl_link*) object;
        char mac[32] = "";
        size_t n = json_array_size(w->links);
        if (n == LINKS_MAX || rtnl_link_get_flags(link) & IFF_LOOPBACK || is_of_app(link))
                return;
        struct nl_addr* hardware = rtnl_link_get_addr(link);
        if (hardware && nl_addr_get_len(hardware) == 6)
                (void) nl_addr2str(hardware, mac, sizeof(mac));
        w->indices[n] = rtnl_link_get_ifindex(link);
        (void) json_array_append_new(w->links, json_pack(
                "{s:s, s:o, s:[], s:n, s:b}", "interface", strempty(rtnl_link_get_name(link)), "mac",
                json_string_or_null(*mac ? mac : NULL), "addresses", "gateway", "up",
                (rtnl_link_get_flags(link) & (IFF_UP | IFF_LOWER_UP)) == (IFF_UP | IFF_LOWER_UP)));
}

static void on_address(struct nl_object* object, void* userdata) {
        Walk* w = userdata;
        struct rtnl_addr* a = (struct rtnl_addr*) object;
        struct nl_addr* local = rtnl_addr_get_local(a);
        char text[INET6_ADDRSTRLEN + 8];
        if (!local || nl_addr_get_family(local) != w->family)
                return;
        json_t* link = walk_link(w, rtnl_addr_get_ifindex(a));
        if (!link)
                return;
        (void) nl_addr2str(local, text, sizeof(text));
        (void) json_array_append_new(json_object_get(link, "addresses"), json_string(text));
        if (rtnl_addr_get_scope(a) != RT_SCOPE_UNIVERSE)
                return;
        text[strcspn(text, "/")] = 0;
        (void) json_array_append_new(w->addresses, json_string(text));
}

static void on_route(struct nl_object* object, void* userdata) {
        Walk* w = userdata;
        struct rtnl_route* route = (struct rtnl_route*) object;
        struct nl_addr* to = rtnl_route_get_dst(route);
        char text[INET6_ADDRSTRLEN + 8];
        if ((to && nl_addr_get_prefixlen(to) > 0) || rtnl_route_get_table(route) != RT_TABLE_MAIN || rtnl_route_get_nnexthops(route) < 1)
                return;
        struct rtnl_nexthop* hop = rtnl_route_nexthop_n(route, 0);
        struct nl_addr* gateway = rtnl_route_nh_get_gateway(hop);
        json_t* link = walk_link(w, rtnl_route_nh_get_ifindex(hop));
        if (!gateway || !link || !json_is_null(json_object_get(link, "gateway")))
                return;
        (void) json_object_set_new(link, "gateway", json_string(nl_addr2str(gateway, text, sizeof(text))));
}

static int walk(Walk* w) {
        _cleanup_(socket_freep) struct nl_sock* s = nl_socket_alloc();
        _cleanup_(cache_freep) struct nl_cache *links = NULL, *addresses = NULL, *routes = NULL;
        if (!s || !w->links || !w->addresses)
                return -ENOMEM;
        int r = nl_connect(s, NETLINK_ROUTE);
        if (r >= 0)
                r = rtnl_link_alloc_cache(s, AF_UNSPEC, &links);
        if (r >= 0)
                r = rtnl_addr_alloc_cache(s, &addresses);
        if (r >= 0)
                r = rtnl_route_alloc_cache(s, AF_UNSPEC, 0, &routes);
        if (r < 0)
                return nl_errno(r);
        nl_cache_foreach(links, on_link, w);
        static const int families[] = { AF_INET, AF_INET6 };
        for (size_t i = 0; i < ELEMENTS(families); i++) {
                w->family = families[i];
                nl_cache_foreach(addresses, on_address, w);
        }
        nl_cache_foreach(routes, on_route, w);
        return 0;
}

int link_list(json_t** ret) {
        Walk w = { .links = json_array(), .addresses = json_array() };
        int r = walk(&w);
        json_decref(w.addresses);
        if (r < 0)
                json_decref(w.links);
        else
                *ret = w.links;
        return r;
}

int link_addresses(json_t** ret) {
        Walk w = { .links = json_array(), .addresses = json_array() };
        int r = walk(&w);
        json_decref(w.links);
        if (r < 0)
                json_decref(w.addresses);
        else
                *ret = w.addresses;
        return r;
}

struct LinkMonitor {
        struct nl_sock* socket;
};

int link_monitor_new(LinkMonitor** ret) {
        _cleanup_(link_monitor_freep) LinkMonitor* l = calloc(1, sizeof(LinkMonitor));
        if (!l || !(l->socket = nl_socket_alloc()))
                return -ENOMEM;
        nl_socket_disable_seq_check(l->socket);
        int r = nl_connect(l->socket, NETLINK_ROUTE);
        if (r >= 0)
                r = nl_socket_add_memberships(l->socket, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, 0);
        if (r >= 0)
                r = nl_socket_set_nonblocking(l->socket);
        if (r < 0)
                return nl_errno(r);
        *ret = TAKE_PTR(l);
        return 0;
}

LinkMonitor* link_monitor_free(LinkMonitor* l) {
        if (!l)
                return NULL;
        if (l->socket)
                nl_socket_free(l->socket);
        free(l);
        return NULL;
}

int link_monitor_fd(const LinkMonitor* l) {
        return nl_socket_get_fd(l->socket);
}

void link_monitor_drain(LinkMonitor* l) {
        char buffer[8192];
        while (recv(link_monitor_fd(l), buffer, sizeof(buffer), MSG_DONTWAIT) > 0)
                ;
}
