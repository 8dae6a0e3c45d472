/* An app's row as tests want one: whole, valid, and nothing special about it. Its texts are borrowed: change some,
 * store it, and free nothing. */
#pragma once
#include "store/store-app.h"

static inline AppRow test_app_row(const char* id, int64_t slot, const char* name) {
        return (AppRow) {
                .id = (char*) id, .origin = (char*) "image", .version = (char*) "1", .manifest = (char*) "{}",
                .images = (char*) "{}", .title = (char*) id, .name = (char*) name, .shown = (char*) name,
                .extra_names = (char*) "[]", .access = (char*) "public", .state = (char*) "present",
                .wanted = (char*) "running", .gate = (char*) "open", .settings = (char*) "{}",
                .environment = (char*) "{}", .limits = (char*) "{}", .network_out = (char*) "any",
                .open_ports = (char*) "[]", .muted = (char*) "[]", .slot = slot, .installed_at = 1000,
        };
}
