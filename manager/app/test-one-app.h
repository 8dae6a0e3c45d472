/* What tests of an app's row and of the jobs on it begin with: a store on disk that has one app, "notes", inside an
 * open transaction. */
#pragma once
#include "app/app.h"
#include "base/seal.h"
#include "base/test.h"
#include "store/test-app-row.h"
#include <stdio.h>

typedef struct Fixture {
        Manager m;
        char directory[32];
        AppRow row;  /* as it was stored */
        Job job;     /* nobody's; its journal is empty */
        int64_t now; /* the test's own clock, seconds */
} Fixture;

static inline void one_app_begin(Fixture* f, const char* state, const char* gate) {
        char path[64];
        *f = (Fixture) { .directory = "/tmp/test-app-XXXXXX", .now = 1000 };
        assert(mkdtemp(f->directory));
        (void) snprintf(path, sizeof(path), "%s/db", f->directory);
        ASSERT_OK(store_open(path, &f->m.store, NULL));
        ASSERT_OK(seal_new((const uint8_t[32]) { 1, 2, 3 }, &f->m.seal));
        ASSERT_OK(store_begin(f->m.store, NULL));
        AppRow row = test_app_row("notes", 1, "notes.example");
        row.title = (char*) "Notes";
        row.settings = (char*) "{\"colour\":\"red\"}";
        row.state = (char*) state;
        row.gate = (char*) gate;
        ASSERT_OK(store_app_add(f->m.store, &row, NULL));
        ASSERT_OK(store_app_get(f->m.store, "notes", &f->row, NULL));
        f->job.journal = json_object();
}

static inline void one_app_end(Fixture* f) {
        char command[64];
        json_decref(f->job.journal);
        app_row_done(&f->row);
        store_rollback(f->m.store);
        f->m.seal = seal_free(f->m.seal);
        f->m.store = store_free(f->m.store);
        (void) snprintf(command, sizeof(command), "rm -r %s", f->directory);
        ASSERT_EQ(system(command), 0);
}
