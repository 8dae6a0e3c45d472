#include "helper/render-app.h"
#include "config.h"
#include "helper/text.h"
#include <stdio.h>

/* Seconds a container may take to be set up, without its waiting to be healthy. */
#define START_SEC 120
#define ONE_SHOT_SEC 3600

/* Swap as much as memory: what lies idle may go there whole, but one app that runs wild does not fill it for all.
 * MemoryHigh= is not below the limit: there the kernel lets an app sleep for every page it takes, minutes to hours
 * before the limit ends it, and nobody is told (cgroup-v2, memory.high: "heavily throttled"). */
static const char slice_text[] =
                "# Written by steadbox-helper from record.json; changes made here are lost.\n"
                "[Slice]\n"
                "CPUWeight=%CPU%\n"
                "IOWeight=%CPU%\n"
                "MemoryHigh=%MAX%\n"
                "MemoryMax=%MAX%\n"
                "MemorySwapMax=%MAX%\n"
                "TasksMax=%TASKS%\n";

/* The program of the container is the unit's main process, and nothing of ours stays beside it. A crash is followed by a start after 1 s, later 60 s; ten
 * of them in ten minutes are enough. What it says goes through steadbox-output.service, which bounds that, too. */
static const char service_text[] =
                "\n[Service]\n"
                "DevicePolicy=closed\n"
                "ExecStart=" STEADBOX_LIBEXECDIR "/steadbox-run start %ID% %CONTAINER%\n"
                "ExecStopPost=-" STEADBOX_LIBEXECDIR "/steadbox-run clean %ID% %CONTAINER%\n"
                "KillMode=mixed\n"
                "KillSignal=%SIGNAL%\n"
                "LimitCORE=0\n"
                "LimitNOFILE=65536\n"
                "LogRateLimitBurst=300\n"
                "LogRateLimitIntervalSec=10s\n"
                "OOMPolicy=kill\n"
                "RestartMaxDelaySec=1min\n"
                "RestartSec=1s\n"
                "RestartSteps=6\n"
                "Slice=steadbox-app-%ID%.slice\n"
                "SuccessExitStatus=%STOPPED%\n"
                "SyslogIdentifier=%ID%-%CONTAINER%\n"
                "TasksMax=%TASKS%\n"
                "TimeoutStartSec=%START%\n"
                "TimeoutStopSec=%STOP%\n";
static const char forking_text[] =
                "PIDFile=" APP_RUN_DIRECTORY "/%ID%/%CONTAINER%.pid\n"
                "Restart=always\n"
                "Type=forking\n";
static const char one_shot_text[] =
                "RemainAfterExit=yes\n"
                "Restart=on-failure\n"
                "Type=oneshot\n";

static const char task_text[] =
                "Requisite=%SERVICE%\n"
                "After=%SERVICE%\n"
                "\n[Service]\n"
                "DevicePolicy=closed\n"
                "ExecStart=" STEADBOX_LIBEXECDIR "/steadbox-run task %ID% %TASK%\n"
                "KillMode=mixed\n"
                "LimitCORE=0\n"
                "LimitNOFILE=65536\n"
                "LogRateLimitBurst=300\n"
                "LogRateLimitIntervalSec=10s\n"
                "OOMPolicy=kill\n"
                "Slice=steadbox-app-%ID%.slice\n"
                "SyslogIdentifier=%ID%-task-%TASK%\n"
                "TasksMax=%TASKS%\n"
                "TimeoutStartSec=6h\n"
                "Type=oneshot\n";
static const char timer_text[] =
                "PartOf=%SERVICE%\n"
                "\n[Timer]\n"
                "AccuracySec=1s\n"
                "OnCalendar=";

void app_units_done(AppUnits* u) {
        for (size_t i = 0; i < u->n; i++)
                free(u->units[i].text);
        u->n = 0;
}

void app_unit_name(int kind, const char* id, const char* name, char ret[static APP_UNIT_NAME_BYTES]) {
        (void) snprintf(ret, APP_UNIT_NAME_BYTES, "steadbox-app-%s-%s%s.%s", id, kind == APP_UNIT_CONTAINER ? "" : "task-", name,
                        kind == APP_UNIT_TIMER ? "timer" : "service");
}

bool app_unit_is_of(const char* file, const char* id) {
        char prefix[APP_UNIT_NAME_BYTES];
        (void) snprintf(prefix, sizeof(prefix), "steadbox-app-%s", id);
        const char* rest = startswith(file, prefix);
        return rest && (*rest == '-' || *rest == '.'); /* ids hold neither */
}

static int unit_end(Text* t, const char* name, AppUnits* units, Error* reterr) {
        AppUnit* u = &units->units[units->n];
        int r = text_take(t, &u->text, reterr);
        if (r < 0)
                return r;
        *t = (Text) {};
        (void) snprintf(u->name, sizeof(u->name), "%s", name);
        units->n++;
        return 0;
}

/* Letters of any language, digits and what separates words; the rest could be a specifier, a quote or an escape. */
static void add_title(Text* t, const char* title) {
        for (const char* p = title; *p; p++) {
                bool fine = (unsigned char) *p >= 0x80 || strchr("-_., ", *p) || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                            (*p >= '0' && *p <= '9');
                text_add(t, (char[]) { fine ? *p : '_', 0 });
        }
}

static void add_head(Text* t, const AppRecord* a, const char* what, const char* name) {
        text_add(t, "# Written by steadbox-helper from record.json; changes made here are lost.\n[Unit]\nDescription=App ");
        text_add_value(t, a->id);
        text_add(t, what);
        text_add_value(t, name);
        text_add(t, " (");
        add_title(t, a->title);
        text_add(t, ")\n");
}

typedef char Number[24];
static const char* number(uint64_t n, Number buffer) {
        (void) snprintf(buffer, sizeof(Number), "%llu", (unsigned long long) n);
        return buffer;
}

static int render_slice(const AppRecord* a, AppUnits* units, Error* reterr) {
        _cleanup_(text_done) Text t = {};
        Number cpu, max, tasks;
        char name[APP_UNIT_NAME_BYTES];
        const char* const values[] = { "CPU",   number(a->cpu_weight, cpu), "MAX", number(a->memory_max, max),
                                       "TASKS", number(a->tasks_max, tasks), NULL };
        text_add_template(&t, slice_text, values);
        (void) snprintf(name, sizeof(name), "steadbox-app-%s.slice", a->id);
        return unit_end(&t, name, units, reterr);
}

static bool is_awaited(const AppRecord* a, const AppContainerRecord* c) {
        for (size_t i = 0; i < a->containers_n; i++)
                for (const char* const* p = a->containers[i].after; p && *p; p++)
                        if (streq(*p, c->name))
                                return true;
        return false;
}

static bool has_health(const AppContainerRecord* c) {
        return !c->one_shot && c->health.command && c->health.command[0];
}

static void add_order(Text* t, const AppRecord* a, const AppContainerRecord* c, const char* key) {
        char name[APP_UNIT_NAME_BYTES];
        text_add(t, key);
        if (!a->host_network) {
                text_add(t, "steadbox-appnet@");
                text_add_value(t, a->id);
                text_add(t, ".service");
        }
        for (const char* const* p = c->after; p && *p; p++) {
                app_unit_name(APP_UNIT_CONTAINER, a->id, *p, name);
                text_add(t, " ");
                text_add_value(t, name);
        }
        text_add(t, "\n");
}

static uint64_t start_sec(const AppRecord* a, const AppContainerRecord* c) {
        const AppHealth* h = &c->health;
        if (c->one_shot)
                return ONE_SHOT_SEC;
        if (!has_health(c) || !is_awaited(a, c))
                return START_SEC;
        return START_SEC + h->start_sec + (uint64_t) h->retries * (h->interval_sec + h->timeout_sec);
}

static int render_container(const AppRecord* a, const AppContainerRecord* c, AppUnits* units, Error* reterr) {
        _cleanup_(text_done) Text t = {};
        Number signal, stopped, start, stop, tasks, max;
        char name[APP_UNIT_NAME_BYTES];
        const char* const values[] = {
                "ID", a->id, "CONTAINER", c->name, "SIGNAL", number(c->stop_signal, signal), "STOPPED", number(128 + c->stop_signal, stopped), "START", number(start_sec(a, c), start),
                "STOP", number(c->stop_sec, stop), "TASKS", number(a->tasks_max, tasks), NULL };
        add_head(&t, a, ", container ", c->name);
        add_order(&t, a, c, "After=");
        add_order(&t, a, c, "Requires=");
        text_add(&t, "Wants=steadbox-output.service\n");
        text_add(&t, "StartLimitBurst=10\nStartLimitIntervalSec=10min\n");
        text_add_template(&t, service_text, values);
        text_add_template(&t, c->one_shot ? one_shot_text : forking_text, values);
        if (has_health(c) && is_awaited(a, c))
                text_add_template(&t, "ExecStartPost=" STEADBOX_LIBEXECDIR "/steadbox-run wait %ID% %CONTAINER%\n", values);
        if (c->memory_max > 0)
                text_add_template(&t, "MemoryMax=%MAX%\n", (const char*[]) { "MAX", number(c->memory_max, max), NULL });
        app_unit_name(APP_UNIT_CONTAINER, a->id, c->name, name);
        return unit_end(&t, name, units, reterr);
}

static int render_task(const AppRecord* a, const AppTaskRecord* task, AppUnits* units, Error* reterr) {
        _cleanup_(text_done) Text t = {};
        Number tasks;
        char name[APP_UNIT_NAME_BYTES], service[APP_UNIT_NAME_BYTES];
        app_unit_name(APP_UNIT_CONTAINER, a->id, task->container, service);
        const char* const values[] = { "ID", a->id, "TASK", task->id, "SERVICE", service, "TASKS", number(a->tasks_max, tasks), NULL };
        add_head(&t, a, ", task ", task->id);
        text_add_template(&t, task_text, values);
        app_unit_name(APP_UNIT_TASK, a->id, task->id, name);
        int r = unit_end(&t, name, units, reterr);
        if (r < 0 || !task->active)
                return r;
        add_head(&t, a, ", timer of task ", task->id);
        text_add_template(&t, timer_text, values);
        text_add(&t, task->calendar); /* app_record_check() knows its bytes */
        text_add(&t, "\n");
        app_unit_name(APP_UNIT_TIMER, a->id, task->id, name);
        return unit_end(&t, name, units, reterr);
}

int render_app(const AppRecord* a, AppUnits* ret, Error* reterr) {
        ret->n = 0;
        int r = app_record_check(a, reterr);
        if (r >= 0)
                r = render_slice(a, ret, reterr);
        for (size_t i = 0; i < a->containers_n && r >= 0; i++)
                r = render_container(a, &a->containers[i], ret, reterr);
        for (size_t i = 0; i < a->tasks_n && r >= 0; i++)
                r = render_task(a, &a->tasks[i], ret, reterr);
        if (r < 0)
                app_units_done(ret);
        return r;
}
