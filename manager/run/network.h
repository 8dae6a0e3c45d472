/* An app's network: a namespace of its own at /run/steadbox-apps/<app>/netns, joined to the machine by
 * one routed veth pair, "eth0" inside and "sb-<slot>" outside, without a bridge. Every app has one IPv4
 * and one IPv6 address by its slot; the host's end has the same two addresses on every pair, and is the
 * app's way out and its resolver. What may pass is nftables' affair, which knows the links by their name. */
#pragma once
#include "base/error.h"
#include <netinet/in.h>

#define APP_NETWORK_DIRECTORY "/run/steadbox-apps" /* <app>/netns */
#define APP_NETWORK_SLOT_MAX 4095
#define APP_GATEWAY4 "198.18.255.254"              /* RFC 2544: on no real network */
#define APP_GATEWAY6 "fd53:7465:6164::ffff:fffe"

/* 198.18.(slot >> 8).(slot & 255), and fd53:7465:6164::(slot). */
struct in_addr app_network_address4(unsigned slot);
struct in6_addr app_network_address6(unsigned slot);

/* Makes what is missing of it; what is there and in use stays. slot 1 to APP_NETWORK_SLOT_MAX. Needs
 * CAP_NET_ADMIN, CAP_SYS_ADMIN and the mount namespace of the machine. Killed anywhere, it may be called
 * again; where several of its containers start together, one waits for the other. */
int app_network_up(const char* app, unsigned slot, Error* reterr);
/* Takes it away, also half of one; containers must be gone. 1 = there was one, 0 = none. */
int app_network_down(const char* app, Error* reterr);
