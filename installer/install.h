/* The installer: a table of steps over one machine. A step's check looks without touching, its apply may be killed anywhere and be
 * called again, its undo takes back what it can. */
#pragma once
#include "base/error.h"
#include "base/json.h"
#include "client/client.h"
#include "install-json.h"
#include "journal.h"
#include "machine.h"
#include "progress.h"

#define STEADBOX_ETC "/etc/steadbox"
#define CREDENTIALS_DIRECTORY STEADBOX_ETC "/credentials"
#define SETTINGS_PATH STEADBOX_ETC "/steadbox.json"
#define STORE_PATH "/var/lib/steadbox/steadbox.db"
/* There while an installation has begun and not come to its end; holds the path of its install.json, or nothing. */
#define UNFINISHED_PATH "/var/lib/steadbox-install/unfinished"
#define INSTALL_JSON_PATH STEADBOX_ETC "/install.json"

typedef struct Install {
        Config* config;
        bool config_wanted;    /* this is an installation, and whoever follows it wants to know how it ends */
        char* config_path;     /* NULL where nothing was given: all defaults */
        Machine machine;
        Journal* journal;
        Progress* progress;    /* NULL in a dry run and while undoing */
        Client* client;        /* made at the first call */
        bool packages_tried;   /* what is only wanted was tried in this run; once is enough */
        bool presets_sealed;   /* the secrets for later are in their credential, by this run */
        bool ssh_keys_added;   /* by this run */
        bool owner_told;       /* the manager made the link, or the owner, in this run */
        bool secrets_erased;   /* by this run */
        char* note;            /* what apply wants its undo to know; taken by the journal */
        char* owner_link;      /* made in this run or known from an earlier one of this boot */
        char* closing;         /* the last sentence, where a step has one */
        const char* stop_after;/* tests only: this step is followed by SIGKILL, before the journal knows */
} Install;
void install_done(Install* i);

typedef struct Step {
        const char* id;        /* in the journal, the status file and --stop-after */
        const char* title;
        /* 1 = in place, 0 = apply has work, negative = this machine is refused. Changes nothing. */
        int (*check)(Install* i, Error* reterr);
        int (*apply)(Install* i, Error* reterr);
        int (*undo)(Install* i, Error* reterr); /* NULL = nothing to take back */
        bool soft;             /* apply may succeed while check still sees work: it said why, and a later run tries again */
} Step;

extern const Step step_table[];
extern const size_t step_count;

int install_run(Install* i, Error* reterr);
int install_plan(Install* i, Error* reterr);  /* prints what install_run() would do */
int install_undo(Install* i, Error* reterr);
char* install_unfinished(void); /* the content of that file, owned by the caller; NULL where it is not there */

/* ---- for steps ---- */
void install_say(Install* i, const char* format, ...) _printf_(2, 3);
void install_note(Install* i, const char* format, ...) _printf_(2, 3);
bool install_finished_before(const Install* i); /* a run got as far as starting the manager */
/* API calls over the admin socket; the first waits for nothing. */
int install_call(Install* i, const char* method, const char* path, const json_t* body, ClientReply* ret, Error* reterr);
/* Whether this path exists and is not a directory. */
bool file_exists(const char* path);

/* step-machine.c */
int preflight_check(Install* i, Error* reterr);
int grow_check(Install* i, Error* reterr);
int grow_apply(Install* i, Error* reterr);
int swap_check(Install* i, Error* reterr);
int swap_apply(Install* i, Error* reterr);
int swap_undo(Install* i, Error* reterr);
/* step-packages.c */
int packages_check(Install* i, Error* reterr);
int packages_apply(Install* i, Error* reterr);
int packages_undo(Install* i, Error* reterr);
/* step-system.c */
int accounts_check(Install* i, Error* reterr);
int accounts_apply(Install* i, Error* reterr);
int directories_check(Install* i, Error* reterr);
int directories_apply(Install* i, Error* reterr);
int keys_check(Install* i, Error* reterr);
int keys_apply(Install* i, Error* reterr);
int keys_undo(Install* i, Error* reterr);
int settings_check(Install* i, Error* reterr);
int settings_apply(Install* i, Error* reterr);
int settings_undo(Install* i, Error* reterr);
int units_check(Install* i, Error* reterr);
int units_apply(Install* i, Error* reterr);
int units_undo(Install* i, Error* reterr);
/* step-box.c */
int store_check(Install* i, Error* reterr);
int store_apply(Install* i, Error* reterr);
int presets_check(Install* i, Error* reterr);
int presets_apply(Install* i, Error* reterr);
int ssh_keys_check(Install* i, Error* reterr);
int ssh_keys_apply(Install* i, Error* reterr);
int ssh_keys_undo(Install* i, Error* reterr);
int web_check(Install* i, Error* reterr);
int web_apply(Install* i, Error* reterr);
int firewall_check(Install* i, Error* reterr);
int firewall_apply(Install* i, Error* reterr);
int certificate_check(Install* i, Error* reterr);
int certificate_apply(Install* i, Error* reterr);
int owner_check(Install* i, Error* reterr);
int owner_apply(Install* i, Error* reterr);
/* step-secrets.c */
int secrets_check(Install* i, Error* reterr);
int secrets_apply(Install* i, Error* reterr);
