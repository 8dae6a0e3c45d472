#include "run/network.h"
#include "app-slots.h"
#include "base/file.h"
#include "base/time.h"
#include "run/rtnetlink.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/magic.h>
#include <linux/neighbour.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define INSIDE "eth0"
#define PATH_BYTES 96
#define READY_SEC 10 /* it takes a fraction of a millisecond on a quiet machine */
#define UNSHARED_MAX 8 /* mounts one upon another at the same place, after a race that cannot be */

typedef struct Network {
        const char* app;
        unsigned slot;
        char directory[PATH_BYTES], path[PATH_BYTES]; /* of the namespace */
        char outside[IF_NAMESIZE];                    /* the host's link */
        int lock;                                     /* one at a time: the app's containers start together */
        int home;                                     /* the namespace we came from */
        int host, inner;                              /* rtnetlink there and in the app's */
        int index;                                    /* of eth0 */
        bool ipv6;                                    /* the machine has it */
} Network;

static void network_done(Network* n) {
        closep(&n->host);
        closep(&n->inner);
        closep(&n->home);
        closep(&n->lock);
}

struct in_addr app_network_address4(unsigned slot) {
        return (struct in_addr) { htonl(0xc6120000u | (slot & 0xffff)) };
}

struct in6_addr app_network_address6(unsigned slot) {
        return (struct in6_addr) { .s6_addr = { 0xfd, 0x53, 0x74, 0x65, 0x61, 0x64, [14] = (uint8_t) (slot >> 8), [15] = (uint8_t) slot } };
}

/* Given by us, so that nobody (udev's MACAddressPolicy=) finds it random and makes it another one, and both ends can know each other's
 * without asking. 02: locally administered. */
static void hardware_address(unsigned slot, bool inside, uint8_t ret[6]) {
        memcpy(ret, (const uint8_t[6]) { 0x02, 0x73, 0x62, inside, (uint8_t) (slot >> 8), (uint8_t) slot }, 6);
}

/* Some switch it off for all links that are and will be (net.ipv6.conf.all.disable_ipv6): then ours have none either. */
static bool has_ipv6(void) {
        _cleanup_free_ char* off = NULL;
        return access("/proc/net/if_inet6", F_OK) == 0 &&
               (file_read(AT_FDCWD, "/proc/sys/net/ipv6/conf/default/disable_ipv6", 16, &off, NULL) < 0 || *off == '0');
}

static int network_init(Network* n, const char* app, Error* reterr) {
        size_t length = strnlen(app, 33);
        if (length == 0 || length > 32 || strspn(app, "abcdefghijklmnopqrstuvwxyz0123456789") != length)
                return error_field(reterr, ERROR_BAD_FIELD, "app", "An app's id is 1 to 32 of a-z and 0-9.");
        (void) snprintf(n->directory, PATH_BYTES, "%s/%s", APP_NETWORK_DIRECTORY, app);
        (void) snprintf(n->path, PATH_BYTES, "%s/%s/netns", APP_NETWORK_DIRECTORY, app);
        n->app = app;
        n->ipv6 = has_ipv6();
        n->home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
        if (n->home < 0)
                return error_errno(reterr, -errno, "Cannot open the machine's network namespace");
        n->host = rtnetlink_open();
        return n->host < 0 ? error_errno(reterr, n->host, "Cannot talk to the kernel's routing") : 0;
}

static int network_lock(Network* n) {
        n->lock = open(n->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return n->lock < 0 || flock(n->lock, LOCK_EX) < 0 ? -errno : 0;
}

/* --- the namespace --- */

/* The namespace's file: >= 0, -ENOENT when there is none or only the empty file of one. */
static int namespace_open(const Network* n) {
        struct statfs fs;
        _cleanup_close_ int fd = open(n->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        if (fstatfs(fd, &fs) < 0)
                return -errno;
        return fs.f_type == NSFS_MAGIC ? TAKE_FD(fd) : -ENOENT;
}

/* Only by its mount it outlives us: killed before, it is gone with us. */
static int namespace_make(const Network* n) {
        _cleanup_close_ int fd = open(n->path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0444);
        if (fd < 0)
                return -errno;
        if (unshare(CLONE_NEWNET) < 0)
                return -errno;
        return mount("/proc/thread-self/ns/net", n->path, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

static int namespace_enter(Network* n) {
        _cleanup_close_ int fd = namespace_open(n);
        int r = fd < 0 && fd != -ENOENT ? fd : 0;
        if (fd == -ENOENT)
                r = namespace_make(n);
        else if (fd >= 0 && setns(fd, CLONE_NEWNET) < 0)
                r = -errno;
        if (r >= 0)
                r = n->inner = rtnetlink_open();
        return MIN(r, 0);
}

/* --- single facts about it --- */

/* /proc/sys/net is that of the namespace the caller is in. */
static int sysctl_write(const char* path, const char* value) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return write_full(fd, value, strlen(value));
}

static int link_up(int fd, int index) {
        Rtnetlink m;
        rtnetlink_begin(&m, RTM_SETLINK, 0, &(struct ifinfomsg) { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP },
                        sizeof(struct ifinfomsg));
        return rtnetlink_call(&m, fd);
}

/* No link-local address: nothing is asked of neighbours, so there is nothing to be late, to be forged, or to be spoken to by. */
static int link_without_local(int fd, int index) {
        Rtnetlink m;
        rtnetlink_begin(&m, RTM_SETLINK, 0, &(struct ifinfomsg) { .ifi_index = index }, sizeof(struct ifinfomsg));
        size_t spec = rtnetlink_nest(&m, IFLA_AF_SPEC, NULL, 0), six = rtnetlink_nest(&m, AF_INET6, NULL, 0);
        rtnetlink_add(&m, IFLA_INET6_ADDR_GEN_MODE, &(uint8_t) { IN6_ADDR_GEN_MODE_NONE }, 1);
        rtnetlink_close(&m, six);
        rtnetlink_close(&m, spec);
        return rtnetlink_call(&m, fd);
}

static int link_remove(int fd, const char* name) {
        Rtnetlink m;
        rtnetlink_begin(&m, RTM_DELLINK, 0, &(struct ifinfomsg) {}, sizeof(struct ifinfomsg));
        rtnetlink_add_string(&m, IFLA_IFNAME, name);
        return rtnetlink_call(&m, fd);
}

/* Unasked, veth makes a queue for every processor there might be and then uses one; giving the others back takes it longer than all the rest. */
static void queues_one(Rtnetlink* m) {
        rtnetlink_add_number(m, IFLA_NUM_TX_QUEUES, 1);
        rtnetlink_add_number(m, IFLA_NUM_RX_QUEUES, 1);
}

/* Made here, with its other end already in the machine's namespace: no moment in which half of it is in the wrong place. */
static int pair_make(const Network* n) {
        Rtnetlink m;
        uint8_t mac[6];
        rtnetlink_begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &(struct ifinfomsg) {}, sizeof(struct ifinfomsg));
        rtnetlink_add_string(&m, IFLA_IFNAME, INSIDE);
        hardware_address(n->slot, /* inside= */ true, mac);
        rtnetlink_add(&m, IFLA_ADDRESS, mac, sizeof(mac));
        queues_one(&m);
        size_t info = rtnetlink_nest(&m, IFLA_LINKINFO, NULL, 0);
        rtnetlink_add_string(&m, IFLA_INFO_KIND, "veth");
        size_t data = rtnetlink_nest(&m, IFLA_INFO_DATA, NULL, 0);
        size_t peer = rtnetlink_nest(&m, VETH_INFO_PEER, &(struct ifinfomsg) {}, sizeof(struct ifinfomsg));
        rtnetlink_add_string(&m, IFLA_IFNAME, n->outside);
        hardware_address(n->slot, /* inside= */ false, mac);
        rtnetlink_add(&m, IFLA_ADDRESS, mac, sizeof(mac));
        queues_one(&m);
        rtnetlink_add_number(&m, IFLA_NET_NS_FD, (uint32_t) n->home);
        rtnetlink_close(&m, peer);
        rtnetlink_close(&m, data);
        rtnetlink_close(&m, info);
        return rtnetlink_call(&m, n->inner);
}

/* An address and nothing around it. IPv6 without duplicate address detection: who else should have it? It would be tentative, and
 * unreachable, for a second or more. */
static int address_add(int fd, int index, int family, const void* address, size_t size) {
        Rtnetlink m;
        struct ifaddrmsg body = { .ifa_family = (uint8_t) family, .ifa_prefixlen = (uint8_t) (size * 8), .ifa_index = (uint32_t) index };
        rtnetlink_begin(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof(body));
        rtnetlink_add(&m, IFA_LOCAL, address, size);
        rtnetlink_add(&m, IFA_ADDRESS, address, size);
        if (family == AF_INET6)
                rtnetlink_add_number(&m, IFA_FLAGS, IFA_F_NODAD | IFA_F_PERMANENT);
        int r = rtnetlink_call(&m, fd);
        return r == -EEXIST ? 0 : r;
}

/* Known for ever: no ARP, no neighbour discovery, no answer to wait for, nothing left over from whoever had the address before. */
static int neighbour_add(int fd, int index, int family, const void* address, size_t size, const uint8_t mac[6]) {
        Rtnetlink m;
        struct ndmsg body = { .ndm_family = (uint8_t) family, .ndm_ifindex = index, .ndm_state = NUD_PERMANENT };
        rtnetlink_begin(&m, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof(body));
        rtnetlink_add(&m, NDA_DST, address, size);
        rtnetlink_add(&m, NDA_LLADDR, mac, 6);
        return rtnetlink_call(&m, fd);
}

typedef struct Route {
        int family;
        const void *to, *via, *source; /* to NULL = everything; via and source NULL = none */
        size_t size;                   /* bytes of an address */
} Route;

static int route_add(int fd, int index, Route route) {
        Rtnetlink m;
        struct rtmsg body = {
                .rtm_family = (uint8_t) route.family,
                .rtm_dst_len = route.to ? (uint8_t) (route.size * 8) : 0,
                .rtm_table = RT_TABLE_MAIN,
                .rtm_protocol = RTPROT_STATIC,
                .rtm_scope = route.via || route.family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
                .rtm_type = RTN_UNICAST,
                .rtm_flags = route.via ? RTNH_F_ONLINK : 0,
        };
        rtnetlink_begin(&m, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof(body));
        if (route.to)
                rtnetlink_add(&m, RTA_DST, route.to, route.size);
        if (route.via)
                rtnetlink_add(&m, RTA_GATEWAY, route.via, route.size);
        if (route.source)
                rtnetlink_add(&m, RTA_PREFSRC, route.source, route.size);
        rtnetlink_add_number(&m, RTA_OIF, (uint32_t) index);
        return rtnetlink_call(&m, fd);
}

/* --- when it is ready --- */

/* Of linux/if.h, which does not bear glibc's net/if.h beside it. */
#define OPERATING 6 /* IF_OPER_UP */

static int link_operates(int fd, int index, const struct in6_addr* unused) {
        Rtnetlink m;
        RtnetlinkAnswer answer;
        rtnetlink_begin(&m, RTM_GETLINK, 0, &(struct ifinfomsg) { .ifi_index = index }, sizeof(struct ifinfomsg));
        int r = rtnetlink_ask(&m, fd, RTM_NEWLINK, sizeof(struct ifinfomsg), &answer);
        if (r < 0)
                return r;
        struct rtattr* a = (struct rtattr*) (answer.bytes + NLMSG_SPACE(sizeof(struct ifinfomsg)));
        for (int left = (int) (answer.header.nlmsg_len - NLMSG_SPACE(sizeof(struct ifinfomsg))); RTA_OK(a, left); a = RTA_NEXT(a, left))
                if (a->rta_type == IFLA_OPERSTATE && RTA_PAYLOAD(a) == 1)
                        return *(uint8_t*) RTA_DATA(a) == OPERATING;
        return -ENODATA;
}

static int address6_is_local(int fd, int index, const struct in6_addr* address) {
        Rtnetlink m;
        RtnetlinkAnswer answer;
        rtnetlink_begin(&m, RTM_GETROUTE, 0, &(struct rtmsg) { .rtm_family = AF_INET6, .rtm_dst_len = 128 }, sizeof(struct rtmsg));
        rtnetlink_add(&m, RTA_DST, address, sizeof(*address));
        int r = rtnetlink_ask(&m, fd, RTM_NEWROUTE, sizeof(struct rtmsg), &answer);
        if (r == -ENETUNREACH || r == -EHOSTUNREACH)
                return 0;
        return r < 0 ? r : ((const struct rtmsg*) NLMSG_DATA(&answer.header))->rtm_type == RTN_LOCAL;
}

/* Two things the kernel does later, in workqueues of its own, and on a busy machine much later; an app that is started before loses its first
 * packets without a word, and its peer tries again after 1, 3, 7 and 15 seconds:
 * a veth sends nothing until linkwatch has seen that the other end is up too, although both are up for everybody who looks at the flags;
 * the route by which an IPv6 address is the machine's own comes with the end of duplicate address detection, also where there is none (nodad). */
static int wait_for(int (*ready)(int fd, int index, const struct in6_addr* address), int fd, int index, const struct in6_addr* address) {
        for (uint64_t end = now_usec(CLOCK_MONOTONIC) + READY_SEC * USEC_PER_SEC;;) {
                int r = ready(fd, index, address);
                if (r != 0)
                        return r;
                if (now_usec(CLOCK_MONOTONIC) > end)
                        return -ETIMEDOUT;
                (void) usleep(200);
        }
}

/* --- both ends --- */

/* Each step of an end, in order; the first failure names itself. */
#define STEP(what, call)                                                                          \
        do {                                                                                      \
                int _r = (call);                                                                  \
                if (_r < 0)                                                                       \
                        return error_errno(reterr, _r, "Cannot %s of the network of %s", what, n->app); \
        } while (false)

static int inside_dress(Network* n, Error* reterr) {
        struct in_addr own = app_network_address4(n->slot), gateway;
        struct in6_addr own6 = app_network_address6(n->slot), gateway6;
        uint8_t mac[6];
        int index = n->index = (int) if_nametoindex(INSIDE);
        (void) inet_pton(AF_INET, APP_GATEWAY4, &gateway);
        (void) inet_pton(AF_INET6, APP_GATEWAY6, &gateway6);
        hardware_address(n->slot, /* inside= */ false, mac);
        if (n->ipv6)
                STEP("set the inner link", link_without_local(n->inner, index));
        STEP("bring up the inner link", link_up(n->inner, index));
        STEP("set the address", address_add(n->inner, index, AF_INET, &own, sizeof(own)));
        STEP("set the neighbour", neighbour_add(n->inner, index, AF_INET, &gateway, sizeof(gateway), mac));
        STEP("set the way out", route_add(n->inner, index, (Route) { .family = AF_INET, .via = &gateway, .size = sizeof(gateway) }));
        if (!n->ipv6)
                return 0;
        STEP("set the IPv6 address", address_add(n->inner, index, AF_INET6, &own6, sizeof(own6)));
        STEP("set the IPv6 neighbour", neighbour_add(n->inner, index, AF_INET6, &gateway6, sizeof(gateway6), mac));
        STEP("set the way to the IPv6 gateway", route_add(n->inner, index, (Route) { .family = AF_INET6, .to = &gateway6, .size = sizeof(gateway6) }));
        STEP("set the IPv6 way out", route_add(n->inner, index, (Route) { .family = AF_INET6, .via = &gateway6, .size = sizeof(gateway6) }));
        return 0;
}

static int outside_dress(const Network* n, int index, Error* reterr) {
        struct in_addr app = app_network_address4(n->slot), own;
        struct in6_addr app6 = app_network_address6(n->slot), own6;
        uint8_t mac[6];
        (void) inet_pton(AF_INET, APP_GATEWAY4, &own);
        (void) inet_pton(AF_INET6, APP_GATEWAY6, &own6);
        hardware_address(n->slot, /* inside= */ true, mac);
        if (n->ipv6)
                STEP("set the outer link", link_without_local(n->host, index));
        STEP("bring up the outer link", link_up(n->host, index));
        STEP("set the gateway's address", address_add(n->host, index, AF_INET, &own, sizeof(own)));
        STEP("set the app's neighbour", neighbour_add(n->host, index, AF_INET, &app, sizeof(app), mac));
        STEP("set the way to the app",
             route_add(n->host, index, (Route) { .family = AF_INET, .to = &app, .source = &own, .size = sizeof(app) }));
        if (!n->ipv6)
                return 0;
        STEP("set the gateway's IPv6 address", address_add(n->host, index, AF_INET6, &own6, sizeof(own6)));
        STEP("set the app's IPv6 neighbour", neighbour_add(n->host, index, AF_INET6, &app6, sizeof(app6), mac));
        STEP("set the IPv6 way to the app",
             route_add(n->host, index, (Route) { .family = AF_INET6, .to = &app6, .source = &own6, .size = sizeof(app6) }));
        return 0;
}

/* Where in the machine's namespace the pair's other end is; 0 = nowhere. Asked from there: names and numbers differ by namespace. */
static int outside_index(const Network* n) {
        if (setns(n->home, CLONE_NEWNET) < 0)
                return -errno;
        return (int) if_nametoindex(n->outside);
}

/* A pair of this slot that is not the app's own is what a namespace left that somebody still holds. */
static int pair_ensure(const Network* n, Error* reterr) {
        int r;
        if (if_nametoindex(INSIDE) > 0)
                return 0;
        r = pair_make(n);
        if (r == -EEXIST) {
                (void) link_remove(n->host, n->outside);
                r = pair_make(n);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot make the network link of %s", n->app) : 0;
}

/* --- the machine --- */

/* The kernel forwards IPv6 for all links or for none (before 6.17), and a router no longer listens to advertisements of others unless a link says
 * so: those that did listen go on (ip-sysctl: accept_ra), or the machine would lose its own way out. */
static int forwarding6_on(void) {
        char path[PATH_BYTES];
        _cleanup_free_ char* now = NULL;
        DIR* d;
        if (file_read(AT_FDCWD, "/proc/sys/net/ipv6/conf/all/forwarding", 16, &now, NULL) >= 0 && *now == '1')
                return 0;
        d = opendir("/proc/sys/net/ipv6/conf");
        for (struct dirent* e; d && (e = readdir(d));) {
                _cleanup_free_ char* value = NULL;
                (void) snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%.32s/accept_ra", e->d_name);
                if (*e->d_name != '.' && file_read(AT_FDCWD, path, 16, &value, NULL) >= 0 && *value == '1')
                        (void) sysctl_write(path, "2");
        }
        if (d)
                (void) closedir(d);
        return sysctl_write("/proc/sys/net/ipv6/conf/all/forwarding", "1");
}

/* What may be forwarded is up to nftables: nothing but what apps are allowed. */
static int forwarding_on(const Network* n) {
        _cleanup_free_ char* now = NULL;
        int r = 0;
        if (file_read(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", 16, &now, NULL) < 0 || *now != '1')
                r = sysctl_write("/proc/sys/net/ipv4/ip_forward", "1");
        return r >= 0 && n->ipv6 ? forwarding6_on() : r;
}

static int inside_build(Network* n, Error* reterr) {
        STEP("make the directory", directory_make(n->directory, 0755));
        STEP("wait for the lock", network_lock(n));
        STEP("make the namespace", namespace_enter(n));
        STEP("set the ports", sysctl_write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"));
        STEP("set who may ping", sysctl_write("/proc/sys/net/ipv4/ping_group_range", "0 2147483647"));
        STEP("bring up the loopback", link_up(n->inner, 1));
        int r = pair_ensure(n, reterr);
        return r < 0 ? r : inside_dress(n, reterr);
}

static int wait_until_ready(const Network* n, int index, Error* reterr) {
        struct in6_addr own = app_network_address6(n->slot), gateway;
        (void) inet_pton(AF_INET6, APP_GATEWAY6, &gateway);
        STEP("wait for the outer link", wait_for(link_operates, n->host, index, NULL));
        STEP("wait for the inner link", wait_for(link_operates, n->inner, n->index, NULL));
        if (!n->ipv6)
                return 0;
        STEP("wait for the gateway's IPv6 address", wait_for(address6_is_local, n->host, index, &gateway));
        STEP("wait for the IPv6 address", wait_for(address6_is_local, n->inner, n->index, &own));
        return 0;
}

static int outside_build(Network* n, Error* reterr) {
        int index = outside_index(n);
        if (index == 0)
                index = -ENODEV;
        STEP("find the outer link", index);
        int r = outside_dress(n, index, reterr);
        if (r < 0)
                return r;
        r = wait_until_ready(n, index, reterr);
        if (r < 0)
                return r;
        STEP("set the forwarding", forwarding_on(n));
        return 0;
}

int app_network_up(const char* app, unsigned slot, Error* reterr) {
        _cleanup_(network_done) Network n = { .lock = -EBADF, .home = -EBADF, .host = -EBADF, .inner = -EBADF, .slot = slot };
        if (slot == 0 || slot > APP_NETWORK_SLOT_MAX)
                return error_field(reterr, ERROR_BAD_FIELD, "slot", "A slot is a number from 1 to %d.", APP_NETWORK_SLOT_MAX);
        (void) snprintf(n.outside, sizeof(n.outside), APP_LINK_PREFIX "%u", slot);
        int r = network_init(&n, app, reterr);
        if (r < 0)
                return r;
        r = inside_build(&n, reterr);
        if (setns(n.home, CLONE_NEWNET) < 0 && r >= 0)
                r = error_errno(reterr, -errno, "Cannot go back to the machine's network");
        return r < 0 ? r : outside_build(&n, reterr);
}

/* The pair first: the namespace itself may live on in a process that does not end, and takes nothing with it then. */
int app_network_down(const char* app, Error* reterr) {
        _cleanup_(network_done) Network n = { .lock = -EBADF, .home = -EBADF, .host = -EBADF, .inner = -EBADF };
        int r = network_init(&n, app, reterr);
        if (r < 0)
                return r;
        bool there = access(n.directory, F_OK) == 0;
        for (unsigned i = 0; i < UNSHARED_MAX; i++) {
                _cleanup_close_ int fd = namespace_open(&n);
                if (fd < 0)
                        break;
                if (setns(fd, CLONE_NEWNET) >= 0) {
                        _cleanup_close_ int inner = rtnetlink_open();
                        (void) link_remove(inner, INSIDE);
                        if (setns(n.home, CLONE_NEWNET) < 0)
                                return error_errno(reterr, -errno, "Cannot go back to the machine's network");
                }
                if (umount2(n.path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
                        return error_errno(reterr, -errno, "Cannot take away the network of %s", app);
        }
        if (unlink(n.path) < 0 && errno != ENOENT)
                return error_errno(reterr, -errno, "Cannot take away the network of %s", app);
        (void) rmdir(n.directory); /* others may keep something there */
        return there;
}
