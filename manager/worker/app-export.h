/* Writing an export; a part of the job app-data. */
#pragma once
#include "data/place.h"
#include "worker/worker.h"

typedef struct AppExport {
        Worker* worker;
        Place* place;
        const char* app;
        const char* point;       /* whose tree it is */
        const char* id;
        uint32_t slot;
        TreeWatch watch;
} AppExport;
/* *ret: {"size": bytes}. */
int app_export_write(const AppExport* x, json_t** ret, Error* reterr);
