/* The machine at the edge. What helper or PID 1 must say first is waited for; nothing blocks the loop. */
#include "api/handlers.h"
#include "api/op-helper.h"
#include "store/store-start.h"
#include "system/firewall.h"
#include "system/service.h"
#include "system/setting.h"
#include "system/system.h"

#define STARTS_SHOWN 100

int op_system_show(Request* request, Error* reterr) {
        json_t* system = system_show(request_manager(request), reterr);
        return system ? request_reply(request, system) : -EIO;
}

int op_system_starts(Request* request, Error* reterr) {
        json_t* starts = NULL;
        int r = store_start_list(request_manager(request)->store, STARTS_SHOWN, &starts, reterr);
        return r < 0 ? r : request_reply_items(request, starts);
}

static int then_items(Request* request, void* state, Error* reterr) {
        return request_reply_items(request, json_incref(waiting_answer(state)));
}

static int then_empty(Request* request, void* state, Error* reterr) {
        return request_reply_empty(request);
}

static void on_services(int r, json_t* services, void* userdata) {
        waiting_done(userdata, r, services);
}

int op_system_services(Request* request, Error* reterr) {
        Waiting* w = waiting_new(request);
        if (!w)
                return error_errno(reterr, -ENOMEM, "Cannot list the services");
        return waiting_begin(w, services_ask(request_manager(request), on_services, w, reterr), then_items);
}

static int power(Request* request, const char* action, Error* reterr) {
        Waiting* w = waiting_new(request);
        if (!w)
                return error_errno(reterr, -ENOMEM, "Cannot ask for a %s", action);
        request_audit_object(request, "machine");
        return waiting_begin(
                        w, helper_client_power(request_manager(request)->helper, action, waiting_helper_done, w, reterr), then_empty);
}

int op_system_reboot(Request* request, Error* reterr) {
        return power(request, "reboot", reterr);
}

int op_system_shutdown(Request* request, Error* reterr) {
        return power(request, "poweroff", reterr);
}

static int then_firewall(Request* request, void* state, Error* reterr) {
        return request_reply(request, firewall_describe(waiting_answer(state)));
}

int op_firewall_show(Request* request, Error* reterr) {
        Waiting* w = waiting_new(request);
        if (!w)
                return error_errno(reterr, -ENOMEM, "Cannot show the firewall");
        return waiting_begin(
                        w, helper_client_firewall_show(request_manager(request)->helper, waiting_helper_done, w, reterr), then_firewall);
}

int op_timezone_list(Request* request, Error* reterr) {
        return request_reply_items(request, timezone_list(ZONEINFO_DIRECTORY, request_string(request, "q")));
}
