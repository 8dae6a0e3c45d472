/* In a network and mount namespace of the test's own, so only as root; the kernel is the real one. */
#include "base/test.h"
#include "run/network.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define PORT 80

static bool ready(void) {
        static int state = -1;
        if (state >= 0)
                return state;
        state = geteuid() == 0 && unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                mount("tmpfs", "/run", "tmpfs", 0, NULL) == 0;
        if (!state)
                printf("# not as root, or not allowed to have namespaces: nothing is tried\n");
        return state;
}

typedef union Address {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
} Address;

static Address address_of(unsigned slot, int family) {
        return family == AF_INET ? (Address) { .four = { .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = app_network_address4(slot) } }
                                 : (Address) { .six = { .sin6_family = AF_INET6, .sin6_port = htons(PORT), .sin6_addr = app_network_address6(slot) } };
}

/* A socket of the app's: made while we are inside, ours to use ever after. */
static int listen_inside(const char* app, unsigned slot, int family) {
        char path[128];
        Address a = address_of(slot, family);
        _cleanup_close_ int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
        (void) snprintf(path, sizeof(path), APP_NETWORK_DIRECTORY "/%s/netns", app);
        _cleanup_close_ int ns = open(path, O_RDONLY | O_CLOEXEC);
        ASSERT_OK(setns(ns, CLONE_NEWNET));
        int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ASSERT_OK(fd);
        ASSERT_OK(bind(fd, &a.any, sizeof(a)));
        ASSERT_OK(listen(fd, 16));
        ASSERT_OK(setns(home, CLONE_NEWNET));
        return fd;
}

/* One connection at once, without a SYN that is sent again: that would take a second. */
static bool connects(unsigned slot, int family) {
        Address a = address_of(slot, family);
        _cleanup_close_ int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ASSERT_OK(fd);
        ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval) { .tv_sec = 30 }, sizeof(struct timeval)));
        return connect(fd, &a.any, sizeof(a)) == 0;
}

static bool ipv6(void) {
        return access("/proc/net/if_inet6", F_OK) == 0;
}

static void up(const char* app, unsigned slot) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (app_network_up(app, slot, &e) < 0)
                TEST_FAIL("up: %s", e.message);
}

static void down(const char* app) {
        _cleanup_error_ Error e = ERROR_NULL;
        if (app_network_down(app, &e) < 0)
                TEST_FAIL("down: %s", e.message);
}

TEST(addresses_follow_from_the_slot) {
        char text[INET6_ADDRSTRLEN];
        struct in_addr four = app_network_address4(0x0abc);
        struct in6_addr six = app_network_address6(0x0abc);
        ASSERT_STREQ(inet_ntop(AF_INET, &four, text, sizeof(text)), "198.18.10.188");
        ASSERT_STREQ(inet_ntop(AF_INET6, &six, text, sizeof(text)), "fd53:7465:6164::abc");
}

TEST(bad_names_and_slots_are_refused) {
        static const char* const names[] = { "", "..", "a/b", "A", "a b", "x\n", "0123456789012345678901234567890123" };
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                _cleanup_error_ Error e = ERROR_NULL, e2 = ERROR_NULL;
                ASSERT_TRUE(app_network_up(names[i], 1, &e) < 0);
                ASSERT_TRUE(app_network_down(names[i], &e2) < 0);
        }
        _cleanup_error_ Error zero = ERROR_NULL, high = ERROR_NULL;
        ASSERT_TRUE(app_network_up("a", 0, &zero) < 0);
        ASSERT_TRUE(app_network_up("a", APP_NETWORK_SLOT_MAX + 1, &high) < 0);
}

TEST(reached_at_once_again_and_again) {
        if (!ready())
                return;
        for (unsigned i = 0; i < 40; i++) {
                unsigned slot = 5 + i % 2; /* the same addresses come back with other links */
                const char* app = i % 3 ? "one" : "other";
                up(app, slot);
                up(app, slot); /* changes nothing */
                _cleanup_close_ int four = listen_inside(app, slot, AF_INET), six = ipv6() ? listen_inside(app, slot, AF_INET6) : -EBADF;
                ASSERT_TRUE(four >= 0 && connects(slot, AF_INET));
                ASSERT_TRUE(six < 0 || connects(slot, AF_INET6));
                up(app, slot); /* nor under a listening app */
                ASSERT_TRUE(connects(slot, AF_INET));
                down(app);
        }
        ASSERT_TRUE(access(APP_NETWORK_DIRECTORY "/one", F_OK) < 0);
}

TEST(nothing_stays_behind) {
        if (!ready())
                return;
        up("one", 7);
        ASSERT_TRUE(if_nametoindex("sb-7") > 0);
        down("one");
        ASSERT_TRUE(if_nametoindex("sb-7") == 0);
        ASSERT_TRUE(access(APP_NETWORK_DIRECTORY "/one", F_OK) < 0);
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_TRUE(app_network_down("one", &e) == 0);
}

/* A process that does not end holds the namespace; the link goes all the same, and the slot's next network works. */
TEST(a_held_namespace_takes_nothing_with_it) {
        if (!ready())
                return;
        up("held", 8);
        _cleanup_close_ int ns = open(APP_NETWORK_DIRECTORY "/held/netns", O_RDONLY | O_CLOEXEC);
        ASSERT_OK(ns);
        ASSERT_OK(umount2(APP_NETWORK_DIRECTORY "/held/netns", MNT_DETACH)); /* as after a crash: only the holder has it */
        up("held", 8);
        _cleanup_close_ int four = listen_inside("held", 8, AF_INET);
        ASSERT_TRUE(four >= 0 && connects(8, AF_INET));
        down("held");
        ASSERT_TRUE(if_nametoindex("sb-8") == 0);
}

static void ipv6_switch(const char* off) {
        _cleanup_close_ int fd = open("/proc/sys/net/ipv6/conf/all/disable_ipv6", O_WRONLY | O_CLOEXEC);
        ASSERT_OK(fd);
        ASSERT_EQ(write(fd, off, 1), 1);
}

TEST(a_machine_that_switched_ipv6_off_has_apps_without_it) {
        if (!ready() || !ipv6())
                return;
        ipv6_switch("1");
        up("four", 44);
        _cleanup_close_ int fd = listen_inside("four", 44, AF_INET);
        ASSERT_TRUE(fd >= 0);
        ASSERT_TRUE(connects(44, AF_INET));
        ASSERT_FALSE(connects(44, AF_INET6));
        down("four");
        ipv6_switch("0");
        up("six", 45);
        _cleanup_close_ int also = listen_inside("six", 45, AF_INET6);
        ASSERT_TRUE(also >= 0);
        ASSERT_TRUE(connects(45, AF_INET6));
        down("six");
}

TEST(killed_anywhere_it_is_finished_by_the_next) {
        if (!ready())
                return;
        for (unsigned i = 0; i < 60; i++) {
                pid_t pid = fork();
                ASSERT_OK(pid);
                if (pid == 0) {
                        for (;;) {
                                (void) app_network_up("killed", 9, NULL);
                                (void) app_network_down("killed", NULL);
                        }
                }
                (void) usleep(500 + 397 * i % 9000); /* anywhere in one or the other */
                (void) kill(pid, SIGKILL);
                (void) waitpid(pid, NULL, 0);
                up("killed", 9);
                _cleanup_close_ int four = listen_inside("killed", 9, AF_INET);
                ASSERT_TRUE(four >= 0 && connects(9, AF_INET));
                down("killed");
                ASSERT_TRUE(if_nametoindex("sb-9") == 0);
        }
}

TEST_MAIN()
