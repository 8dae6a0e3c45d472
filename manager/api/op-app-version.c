/* Versions, copies, archives and exports of apps at the edge. */
#include "api/handlers.h"
#include "app/own.h"
#include "app/update.h"
#include <stdio.h>

static void about(Request* r, const char* app) {
        char object[64];
        (void) snprintf(object, sizeof(object), "app:%s", app);
        request_audit_object(r, object);
}

/* The app the address names, where the actor may operate it; the log's line is about it. */
static int named(Request* r, AppRow* ret, Error* reterr) {
        const char* app = request_string(r, "app");
        about(r, app);
        return app_authorise(request_manager(r), request_actor(r), app, ret, reterr);
}

static int reply(Request* r, int k, const char* job) {
        return k < 0 ? k : request_reply_job(r, job);
}

int op_app_versions(Request* r, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        json_t* items = NULL;
        int k = named(r, &row, reterr);
        if (k >= 0)
                k = app_versions(request_manager(r), &row, request_language(r), &items, reterr);
        return k < 0 ? k : request_reply_items(r, items);
}

int op_app_update(Request* r, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        char job[JOB_ID_BYTES];
        int k = named(r, &row, reterr);
        if (k >= 0)
                k = app_update(request_manager(r), request_actor(r), row.id, request_string(r, "version"), job, reterr);
        return reply(r, k, job);
}

int op_app_look(Request* r, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        char job[JOB_ID_BYTES];
        int k = named(r, &row, reterr);
        if (k >= 0)
                k = app_look(request_manager(r), request_actor(r), &row, job, reterr);
        return reply(r, k, job);
}

int op_app_update_all(Request* r, Error* reterr) {
        char job[JOB_ID_BYTES];
        request_audit_object(r, "app:all");
        int k = app_update_all(request_manager(r), request_actor(r), job, reterr);
        return reply(r, k, job);
}

int op_app_rollback(Request* r, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        char job[JOB_ID_BYTES];
        const char* version = request_string(r, "version");
        int k = named(r, &row, reterr);
        request_audit_detail(r, "version", json_string(version));
        if (k >= 0)
                k = app_rollback(request_manager(r), request_actor(r), row.id, version, request_boolean(r, "data", false), /* point= */ NULL, /* why= */ NULL, job, reterr);
        return reply(r, k, job);
}

int op_app_clone(Request* r, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        char job[JOB_ID_BYTES];
        const char* name = request_string(r, "name");
        int k = named(r, &row, reterr);
        request_audit_detail(r, "name", json_string(name));
        if (k >= 0)
                k = app_clone(request_manager(r), request_actor(r), row.id, name, request_string(r, "id"), request_string(r, "title"), job, reterr);
        return reply(r, k, job);
}

int op_app_archives(Request* r, Error* reterr) {
        json_t* items = NULL;
        int k = app_archives(request_manager(r), &items, reterr);
        return k < 0 ? k : request_reply_items(r, items);
}

static const char* archive(Request* r) {
        char object[64];
        const char* id = request_string(r, "archive");
        (void) snprintf(object, sizeof(object), "archive:%s", id);
        request_audit_object(r, object);
        return id;
}

int op_app_archive_restore(Request* r, Error* reterr) {
        char job[JOB_ID_BYTES];
        int k = app_archive_restore(request_manager(r), request_actor(r), archive(r), request_string(r, "name"), job, reterr);
        return reply(r, k, job);
}

int op_app_archive_remove(Request* r, Error* reterr) {
        char job[JOB_ID_BYTES];
        int k = app_archive_remove(request_manager(r), request_actor(r), archive(r), job, reterr);
        return reply(r, k, job);
}

int op_app_export(Request* r, Error* reterr) {
        _cleanup_app_row_ AppRow row = {};
        char job[JOB_ID_BYTES];
        bool secrets = request_boolean(r, "secrets", false);
        int k = named(r, &row, reterr);
        request_audit_detail(r, "secrets", json_boolean(secrets));
        if (k >= 0)
                k = app_export(request_manager(r), request_actor(r), row.id, request_boolean(r, "compose", true), secrets, job, reterr);
        return reply(r, k, job);
}

int op_app_export_read(Request* r, Error* reterr) {
        char object[64];
        json_t* chunk = NULL;
        const char* id = request_string(r, "export");
        (void) snprintf(object, sizeof(object), "export:%s", id);
        request_audit_object(r, object);
        int k = app_export_read(request_manager(r), id, request_integer(r, "offset", 0), &chunk, reterr);
        return k < 0 ? k : request_reply(r, chunk);
}
