/* The client against a helper of our own at the other end of a socket pair, no bus between them. */
#include "base/test.h"
#include "daemon/helper-client.h"
#include <sys/socket.h>
#include <systemd/sd-event.h>

typedef struct Scene {
        sd_event* event;
        sd_bus *here, *there;
        HelperClient* client;
        const char* fail_name;   /* the bus error to answer with, NULL = succeed */
        char last[64];           /* the method that was called */
        unsigned done;           /* answers that reached us */
        ErrorName error;         /* of the last answer, _ERROR_INVALID = none */
        char* answer;            /* of the last answer, as JSON; owned */
} Scene;

static int on_call(sd_bus_message* m, void* userdata, sd_bus_error* reterror) {
        Scene* s = userdata;
        const char* method = sd_bus_message_get_member(m);
        (void) snprintf(s->last, sizeof(s->last), "%s", method);
        if (s->fail_name)
                return sd_bus_reply_method_errorf(m, s->fail_name, "because of %s", method);
        if (streq(method, "SshKeyList"))
                return sd_bus_reply_method_return(m, "a(ssssb)", 1, "ff", "ssh-ed25519", "ada", "owner", 1);
        if (streq(method, "SshKeyAdd"))
                return sd_bus_reply_method_return(m, "s", "ff");
        if (streq(method, "FirewallShow"))
                return sd_bus_reply_method_return(m, "s", "{\"nftables\":[]}");
        if (streq(method, "RebootNeeded"))
                return sd_bus_reply_method_return(m, "b", 1);
        if (streq(method, "CertificateList"))
                return sd_bus_reply_method_return(
                                m, "a(sassbbttts)", 1, "box", 2, "a.example", "192.0.2.1", "CN=x", 0, 1, UINT64_C(5), UINT64_C(6), UINT64_C(7), "ee");
        return sd_bus_reply_method_return(m, NULL);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
#define VERB(symbol, method, in, out, sentence) SD_BUS_METHOD(method, in, out, on_call, SD_BUS_VTABLE_UNPRIVILEGED),
#include "tbl/verbs.h"
#undef VERB
        SD_BUS_VTABLE_END,
};

static void scene_open(Scene* s) {
        int fds[2];
        sd_id128_t id;
        *s = (Scene) { .error = _ERROR_INVALID };
        ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds));
        ASSERT_OK(sd_event_new(&s->event));
        ASSERT_OK(sd_id128_randomize(&id));
        ASSERT_OK(sd_bus_new(&s->there));
        ASSERT_OK(sd_bus_set_fd(s->there, fds[0], fds[0]));
        ASSERT_OK(sd_bus_set_server(s->there, 1, id));
        ASSERT_OK(sd_bus_set_anonymous(s->there, 1));
        ASSERT_OK(sd_bus_add_object_vtable(s->there, NULL, "/org/steadbox/Helper1", "org.steadbox.Helper1", vtable, s));
        ASSERT_OK(sd_bus_start(s->there));
        ASSERT_OK(sd_bus_attach_event(s->there, s->event, 0));
        ASSERT_OK(sd_bus_new(&s->here));
        ASSERT_OK(sd_bus_set_fd(s->here, fds[1], fds[1]));
        ASSERT_OK(sd_bus_set_anonymous(s->here, 1));
        ASSERT_OK(sd_bus_start(s->here));
        ASSERT_OK(sd_bus_attach_event(s->here, s->event, 0));
        ASSERT_OK(helper_client_new(s->here, &s->client));
}

static void scene_close(Scene* s) {
        s->client = helper_client_free(s->client);
        (void) sd_bus_close_unref(s->here);
        (void) sd_bus_close_unref(s->there);
        (void) sd_event_unref(s->event);
        free(s->answer);
}

static void on_done(json_t* answer, const Error* error, void* userdata) {
        Scene* s = userdata;
        s->done++;
        s->error = error ? error->name : _ERROR_INVALID;
        free(s->answer);
        s->answer = answer ? json_text(answer, false) : NULL;
        ASSERT_FALSE(error && answer);
}

static void wait_done(Scene* s, unsigned n) {
        for (unsigned i = 0; s->done < n && i < 1000; i++)
                ASSERT_OK(sd_event_run(s->event, USEC_PER_SEC));
        ASSERT_EQ(s->done, n);
}

TEST(answers_are_named_as_the_api_names_them) {
        Scene s;
        scene_open(&s);
        ASSERT_OK(helper_client_ssh_key_list(s.client, on_done, &s, NULL));
        wait_done(&s, 1);
        ASSERT_STREQ(s.answer, "[{\"fingerprint\":\"ff\",\"type\":\"ssh-ed25519\",\"comment\":\"ada\",\"origin\":\"owner\",\"managed\":true}]");
        ASSERT_OK(helper_client_certificate_list(s.client, on_done, &s, NULL));
        wait_done(&s, 2);
        ASSERT_STREQ(
                        s.answer,
                        "[{\"id\":\"box\",\"names\":[\"a.example\",\"192.0.2.1\"],\"issuer\":\"CN=x\",\"self_signed\":false,\"trusted\":true,\"not_before\":5,"
                        "\"not_after\":6,\"switched_at\":7,\"fingerprint\":\"ee\"}]");
        ASSERT_OK(helper_client_firewall_show(s.client, on_done, &s, NULL));
        wait_done(&s, 3);
        ASSERT_STREQ(s.answer, "{\"nftables\":[]}");
        ASSERT_OK(helper_client_reboot_needed(s.client, on_done, &s, NULL));
        wait_done(&s, 4);
        ASSERT_STREQ(s.answer, "true");
        scene_close(&s);
}

TEST(every_verb_goes_out_with_its_signature) {
        Scene s;
        unsigned n = 0;
        scene_open(&s);
#define SENT(call, method)                      \
        do {                                    \
                ASSERT_OK(call);                \
                wait_done(&s, ++n);             \
                ASSERT_STREQ(s.last, method);   \
                ASSERT_EQ(s.error, _ERROR_INVALID); \
        } while (0)
        SENT(helper_client_job_start(s.client, "certificate", "a1", on_done, &s, NULL), "JobStart");
        SENT(helper_client_job_stop(s.client, "certificate", "a1", on_done, &s, NULL), "JobStop");
        SENT(helper_client_hostname_set(s.client, "boxy", on_done, &s, NULL), "HostnameSet");
        SENT(helper_client_timezone_set(s.client, "UTC", on_done, &s, NULL), "TimezoneSet");
        SENT(helper_client_power(s.client, "reboot", on_done, &s, NULL), "Power");
        SENT(helper_client_ssh_key_add(s.client, "ssh-ed25519", "AAAA", "", "owner", on_done, &s, NULL), "SshKeyAdd");
        SENT(helper_client_ssh_key_remove(s.client, "ff", on_done, &s, NULL), "SshKeyRemove");
        SENT(helper_client_firewall_apply(s.client, &(HelperPort) { "tcp", 443, "web", "world", NULL }, 1, on_done, &s, NULL), "FirewallApply");
        SENT(helper_client_nginx_apply(s.client, &(HelperName) { "*", "box", NULL, "box" }, 1, on_done, &s, NULL), "NginxApply");
        SENT(helper_client_certificate_self_sign(s.client, "box", "a.example", on_done, &s, NULL), "CertificateSelfSign");
        SENT(helper_client_certificate_adopt(s.client, "box", "j1", (const char*[]) { "a.example", NULL }, on_done, &s, NULL), "CertificateAdopt");
        AppRecord record = { .id = "a1", .slot = 1, .containers = &(AppContainerRecord) { .name = "main" }, .containers_n = 1 };
        SENT(helper_client_app_apply(s.client, &record, on_done, &s, NULL), "AppApply");
        SENT(helper_client_app_start(s.client, "a1", on_done, &s, NULL), "AppStart");
        SENT(helper_client_app_stop(s.client, "a1", on_done, &s, NULL), "AppStop");
        SENT(helper_client_app_kill(s.client, "a1", on_done, &s, NULL), "AppKill");
        SENT(helper_client_app_remove(s.client, "a1", on_done, &s, NULL), "AppRemove");
        SENT(helper_client_app_task_run(s.client, "a1", "t", on_done, &s, NULL), "AppTaskRun");
        scene_close(&s);
}

TEST(refusals_keep_what_matters) {
        static const struct {
                const char* bus;
                ErrorName name;
        } cases[] = {
                { "org.steadbox.Error.NOT_FOUND", ERROR_NOT_FOUND },
                { "org.steadbox.Error.NOT_ALLOWED", ERROR_NOT_ALLOWED },
                { "org.steadbox.Error.STORE_BROKEN", ERROR_HELPER_FAILED },
                { "org.steadbox.Error.NONSENSE", ERROR_HELPER_FAILED },
                { "org.freedesktop.DBus.Error.ServiceUnknown", ERROR_HELPER_FAILED },
        };
        Scene s;
        scene_open(&s);
        for (unsigned i = 0; i < ELEMENTS(cases); i++) {
                s.fail_name = cases[i].bus;
                ASSERT_OK(helper_client_power(s.client, "reboot", on_done, &s, NULL));
                wait_done(&s, i + 1);
                ASSERT_EQ(s.error, cases[i].name);
        }
        ASSERT_OK(helper_client_power(s.client, "reboot", /* done= */ NULL, NULL, NULL)); /* only logged */
        ASSERT_OK(sd_event_run(s.event, USEC_PER_SEC));
        scene_close(&s);
}

TEST(calls_are_limited_and_all_are_answered) {
        Scene s;
        _cleanup_error_ Error e = ERROR_NULL;
        scene_open(&s);
        for (unsigned i = 0; i < HELPER_CALLS_MAX; i++)
                ASSERT_OK(helper_client_reboot_needed(s.client, on_done, &s, NULL));
        ASSERT_TRUE(helper_client_reboot_needed(s.client, on_done, &s, &e) < 0);
        ASSERT_TRUE(error_has_name(&e, ERROR_BUSY));
        s.client = helper_client_free(s.client);
        ASSERT_EQ(s.done, HELPER_CALLS_MAX);
        ASSERT_EQ(s.error, ERROR_BUSY);
        scene_close(&s);
}

TEST(without_a_bus_there_is_no_helper) {
        _cleanup_(helper_client_freep) HelperClient* c = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_OK(helper_client_new(NULL, &c));
        ASSERT_TRUE(helper_client_power(c, "reboot", NULL, NULL, &e) < 0);
        ASSERT_TRUE(error_has_name(&e, ERROR_HELPER_FAILED));
}

TEST_MAIN()
