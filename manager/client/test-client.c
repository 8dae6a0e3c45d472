/* The client against a real libmicrohttpd on a real unix socket, and the event parser cut at every byte. */
#include "base/test.h"
#include "client/client.h"
#include "client/events.h"
#include <microhttpd.h>
#include <sys/socket.h>
#include <sys/un.h>

static const char* const reply_ok = "{\"name\":\"box\"}";
static const char* const reply_bad =
        "{\"error\":{\"name\":\"name-taken\",\"message\":\"Taken.\",\"field\":\"username\",\"hint\":\"Another one.\"}}";
static const char* const stream_text = ": hello\n\nevent: job\ndata: {\"id\":\"a1\"}\n\ndata: {\"n\":\ndata: 2}\n\nevent: changed\ndata: no\n\n";

static enum MHD_Result answer(void* cls, struct MHD_Connection* connection, const char* url, const char* method, const char* version,
                              const char* upload, size_t* upload_size, void** state) {
        static int seen;
        if (!*state) {
                *state = &seen;
                return MHD_YES;
        }
        if (*upload_size > 0) {
                *upload_size = 0;
                return MHD_YES;
        }
        const char* text = streq(url, "/api/v1/ok") ? reply_ok : streq(url, "/api/v1/events") ? stream_text : streq(url, "/api/v1/html") ? "<html>" : reply_bad;
        unsigned status = text == reply_bad ? 409 : 200;
        struct MHD_Response* response = MHD_create_response_from_buffer(strlen(text), (void*) text, MHD_RESPMEM_PERSISTENT);
        (void) MHD_add_response_header(response, "ETag", "\"7\"");
        (void) MHD_add_response_header(response, "Retry-After", "3");
        enum MHD_Result r = MHD_queue_response(connection, status, response);
        MHD_destroy_response(response);
        return r;
}

typedef struct Server {
        struct MHD_Daemon* daemon;
        char directory[64], path[96];
} Server;

static void server_start(Server* s) {
        strcpy(s->directory, "/tmp/test-client-XXXXXX");
        ASSERT_TRUE(mkdtemp(s->directory) != NULL);
        (void) snprintf(s->path, sizeof(s->path), "%s/sock", s->directory);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        union {
                struct sockaddr_un un;
                struct sockaddr any;
        } address = { .un.sun_family = AF_UNIX };
        (void) snprintf(address.un.sun_path, sizeof(address.un.sun_path), "%s", s->path);
        ASSERT_TRUE(bind(fd, &address.any, sizeof(address.un)) == 0 && listen(fd, 8) == 0);
        s->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL, answer, NULL,
                                     MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_END);
        ASSERT_TRUE(s->daemon != NULL);
}

static void server_stop(Server* s) {
        MHD_stop_daemon(s->daemon);
        (void) unlink(s->path);
        (void) rmdir(s->directory);
}
#define _cleanup_server_ _cleanup_(server_stop)

TEST(call_answers) {
        _cleanup_server_ Server server;
        server_start(&server);
        _cleanup_(client_freep) Client* c = NULL;
        _cleanup_(client_reply_done) ClientReply reply = {};
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_OK(client_new(server.path, &c, &e));
        ASSERT_OK(client_call(c, "GET", "/ok", NULL, NULL, &reply, &e));
        ASSERT_EQ(reply.status, 200);
        ASSERT_STREQ(reply.etag, "\"7\"");
        ASSERT_STREQ(json_get_string(reply.body, "name"), "box");

        _cleanup_json_ json_t* body = json_pack("{s:s}", "username", "anna");
        ASSERT_ERROR(client_call(c, "POST", "/users", body, (const char*[]) { "Idempotency-Key: 1", NULL }, NULL, &e), EEXIST);
        ASSERT_TRUE(error_has_name(&e, ERROR_NAME_TAKEN));
        ASSERT_STREQ(e.message, "Taken.");
        ASSERT_STREQ(e.field, "username");
        ASSERT_STREQ(e.hint, "Another one.");
        ASSERT_EQ(e.retry_after, 3);

        _cleanup_error_ Error html = ERROR_NULL;
        ASSERT_ERROR(client_call(c, "GET", "/html", NULL, NULL, NULL, &html), EIO);
}

TEST(nobody_there_is_unreachable) {
        _cleanup_(client_freep) Client* c = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        ASSERT_OK(client_new("/nonexistent/sock", &c, &e));
        ASSERT_ERROR(client_call(c, "GET", "/ok", NULL, NULL, NULL, &e), EHOSTUNREACH);
        ASSERT_TRUE(error_has_name(&e, ERROR_UNREACHABLE));
}

static int count_events(const char* event, json_t* data, void* userdata) {
        int* n = userdata;
        (*n)++;
        if (*n == 1) {
                ASSERT_STREQ(event, "job");
                ASSERT_STREQ(json_get_string(data, "id"), "a1");
        } else if (*n == 2) {
                ASSERT_STREQ(event, "message");
                ASSERT_EQ(json_get_integer(data, "n", 0), 2);
        } else
                ASSERT_TRUE(!data);
        return 0;
}

static int stop_at_once(const char* event, json_t* data, void* userdata) {
        return 1;
}

TEST(stream_delivers_events_until_stopped) {
        _cleanup_server_ Server server;
        server_start(&server);
        _cleanup_(client_freep) Client* c = NULL;
        _cleanup_error_ Error e = ERROR_NULL;
        int n = 0;
        ASSERT_OK(client_new(server.path, &c, &e));
        ASSERT_OK(client_stream(c, "/events", 5, count_events, &n, &e));
        ASSERT_EQ(n, 3);
        ASSERT_EQ(client_stream(c, "/events", 5, stop_at_once, NULL, &e), 1);
        ASSERT_ERROR(client_stream(c, "/refused", 5, stop_at_once, NULL, &e), EEXIST);
}

static int count_texts(const char* event, const char* data, void* userdata) {
        int* n = userdata;
        static const char* const wanted[] = { "{\"id\":\"a1\"}", "{\"n\":\n2}", "no" };
        ASSERT_TRUE(*n < 3);
        ASSERT_STREQ(data, wanted[(*n)++]);
        return 0;
}

TEST(events_may_be_cut_anywhere) {
        size_t size = strlen(stream_text);
        for (size_t cut = 0; cut <= size; cut++) {
                _cleanup_(events_freep) Events* e = NULL;
                int n = 0;
                ASSERT_OK(events_new(1024, &e));
                ASSERT_OK(events_feed(e, stream_text, cut, count_texts, &n));
                ASSERT_OK(events_feed(e, stream_text + cut, size - cut, count_texts, &n));
                ASSERT_EQ(n, 3);
        }
        _cleanup_(events_freep) Events* small = NULL;
        int n = 0;
        ASSERT_OK(events_new(8, &small));
        ASSERT_ERROR(events_feed(small, "data: 123456789\n", 16, count_texts, &n), EMSGSIZE);
}

TEST(escape) {
        _cleanup_free_ char* s = client_escape("a b/ü");
        ASSERT_STREQ(s, "a%20b%2F%C3%BC");
}

TEST_MAIN()
