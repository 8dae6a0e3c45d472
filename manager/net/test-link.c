#include "base/test.h"
#include "net/link.h"
#include <poll.h>
#include <sched.h>
#include <stdio.h>

/* In a network of its own, where we may make links. Only root can. */
TEST(links_addresses_and_routes_are_seen) {
        if (unshare(CLONE_NEWNET) < 0) {
                printf("# no permission for a network namespace, skipping\n");
                return;
        }
        _cleanup_(link_monitor_freep) LinkMonitor* monitor = NULL;
        ASSERT_OK(link_monitor_new(&monitor));
        if (system("ip link add d0 type dummy && ip addr add 192.0.2.7/24 dev d0 && ip link set d0 up && "
                   "ip route add default via 192.0.2.1 && ip -6 addr add 2001:db8::7/64 dev d0 nodad && "
                   "ip link add sb-12 type dummy && ip addr add 198.18.255.254/32 dev sb-12 && ip link set sb-12 up") != 0) {
                printf("# the kernel has no dummy links, skipping\n");
                return;
        }
        _cleanup_json_ json_t *links = NULL, *addresses = NULL;
        ASSERT_OK(link_list(&links));
        ASSERT_EQ(json_array_size(links), 1);
        json_t* d0 = json_array_get(links, 0);
        ASSERT_STREQ(json_get_string(d0, "interface"), "d0");
        ASSERT_STREQ(json_get_string(d0, "gateway"), "192.0.2.1");
        ASSERT_TRUE(json_get_boolean(d0, "up", false));
        ASSERT_STREQ(json_string_value(json_array_get(json_object_get(d0, "addresses"), 0)), "192.0.2.7/24");
        ASSERT_OK(link_addresses(&addresses));
        ASSERT_STREQ(json_string_value(json_array_get(addresses, 0)), "192.0.2.7");
        ASSERT_STREQ(json_string_value(json_array_get(addresses, 1)), "2001:db8::7");
        ASSERT_EQ(json_array_size(addresses), 2); /* the app's link is not among them */

        struct pollfd p = { .fd = link_monitor_fd(monitor), .events = POLLIN };
        ASSERT_EQ(poll(&p, 1, 1000), 1);
        link_monitor_drain(monitor);
        ASSERT_EQ(poll(&p, 1, 0), 0);
}

TEST_MAIN()
