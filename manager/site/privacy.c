#include "site/privacy.h"
#include "base/secret.h"
#include "site/site.h"
#include "store/store-setting.h"
#include <stdio.h>

#define RETENTION_DAYS 365
#define NOTICE_KEYS "[\"controller\",\"contact\",\"authority\",\"retention_days\"]" /* settings that the notice speaks of */

typedef struct Facts {
        char *controller, *contact, *authority, *retention;
        int64_t changed_at;
} Facts;

static void facts_done(Facts* f) {
        free(f->controller);
        free(f->contact);
        free(f->authority);
        free(f->retention);
}

static int facts_read(Manager* m, Facts* f, Error* reterr) {
        int r = store_setting_get(m->store, "controller", &f->controller, reterr);
        if (r >= 0)
                r = store_setting_get(m->store, "contact", &f->contact, reterr);
        if (r >= 0)
                r = store_setting_get(m->store, "authority", &f->authority, reterr);
        if (r >= 0)
                r = store_setting_get(m->store, "retention_days", &f->retention, reterr);
        if (r >= 0)
                r = store_setting_changed_at(m->store, NOTICE_KEYS, &f->changed_at, reterr);
        return r;
}

static char* text_english(const Facts* f, int days) {
        char* text = NULL;
        int n = asprintf(&text,
                         "# Privacy notice\n\n"
                         "This box is a server of its own. What you keep here stays on this machine; it leaves only inside encrypted "
                         "backups or when you send it yourself.\n\n"
                         "## Who is responsible\n\n%s\n\n%s%s%s"
                         "## What is kept, and why\n\n"
                         "- Your name, user name, e-mail address, language, role and groups, so that you can be let in and found by the people of this box.\n"
                         "- A hash of your password, and the sealed secret of your authenticator if you set one up.\n"
                         "- Where you are signed in: browser, address, first and last use, so that you can end it.\n"
                         "- A log of what was changed, by whom, when and from which address, so that mistakes and break-ins can be found.\n\n"
                         "What you read is not recorded. Nobody is profiled; nothing decides about you by itself.\n\n"
                         "## For how long\n\n"
                         "Your data is kept as long as you have an account here. Personal detail in the log is removed after %d days. "
                         "Sign-ins end after two weeks without use.\n\n"
                         "## Who else sees it\n\n"
                         "The administrators of this box. The company that runs the machine could technically look into its memory and disk; "
                         "nothing is sent to them from here that names you.\n\n"
                         "## Your rights\n\n"
                         "You may see, correct, take with you (Account, *Export my data*), restrict and erase what is kept about you. Ask the "
                         "people named above. %s%s\n",
                         isempty(f->controller) ? "*The owner of this box has not filled this in yet.*" : f->controller,
                         isempty(f->contact) ? "" : "Contact: ", strempty(f->contact), isempty(f->contact) ? "" : "\n\n", days,
                         isempty(f->authority) ? "You may also complain to your data protection authority." : "You may also complain to: ",
                         strempty(f->authority));
        return n < 0 ? NULL : text;
}

static char* text_german(const Facts* f, int days) {
        char* text = NULL;
        int n = asprintf(&text,
                         "# Datenschutzhinweise\n\n"
                         "Diese Box ist ein eigener Server. Was Sie hier ablegen, bleibt auf dieser Maschine; es verlässt sie nur in "
                         "verschlüsselten Sicherungen oder wenn Sie selbst es versenden.\n\n"
                         "## Wer verantwortlich ist\n\n%s\n\n%s%s%s"
                         "## Was gespeichert wird, und warum\n\n"
                         "- Ihr Name, Benutzername, Ihre E-Mail-Adresse, Sprache, Rolle und Gruppen, damit Sie eingelassen und von den Menschen dieser Box gefunden werden.\n"
                         "- Ein Hashwert Ihres Passworts und, falls eingerichtet, das versiegelte Geheimnis Ihrer Authenticator-App.\n"
                         "- Wo Sie angemeldet sind: Browser, Adresse, erste und letzte Benutzung, damit Sie es beenden können.\n"
                         "- Ein Protokoll, was von wem, wann und von welcher Adresse aus geändert wurde, damit Fehler und Einbrüche gefunden werden.\n\n"
                         "Was Sie lesen, wird nicht aufgezeichnet. Niemand wird bewertet; nichts entscheidet selbsttätig über Sie.\n\n"
                         "## Wie lange\n\n"
                         "Ihre Daten bleiben, solange Sie hier ein Konto haben. Persönliche Einzelheiten im Protokoll werden nach %d Tagen entfernt. "
                         "Anmeldungen enden nach zwei Wochen ohne Benutzung.\n\n"
                         "## Wer sie noch sieht\n\n"
                         "Die Verwalter dieser Box. Die Firma, die die Maschine betreibt, könnte technisch in Arbeitsspeicher und Festplatte sehen; "
                         "von hier wird ihr nichts gesendet, das Sie nennt.\n\n"
                         "## Ihre Rechte\n\n"
                         "Sie dürfen sehen, berichtigen, mitnehmen (Konto, *Meine Daten exportieren*), einschränken und löschen lassen, was über Sie "
                         "gespeichert ist. Wenden Sie sich an die oben Genannten. %s%s\n",
                         isempty(f->controller) ? "*Der Eigentümer dieser Box hat dies noch nicht ausgefüllt.*" : f->controller,
                         isempty(f->contact) ? "" : "Kontakt: ", strempty(f->contact), isempty(f->contact) ? "" : "\n\n", days,
                         isempty(f->authority) ? "Sie können sich auch bei Ihrer Datenschutzbehörde beschweren." : "Sie können sich auch beschweren bei: ",
                         strempty(f->authority));
        return n < 0 ? NULL : text;
}

json_t* privacy_notice(Manager* m, const char* language, Error* reterr) {
        _cleanup_(facts_done) Facts f = {};
        int r = facts_read(m, &f, reterr);
        if (r < 0)
                return NULL;
        const char* in = language ?: site_language(m);
        bool german = startswith(in, "de");
        int days = f.retention ? atoi(f.retention) : RETENTION_DAYS;
        _cleanup_free_ char* text = german ? text_german(&f, days) : text_english(&f, days);
        if (!text) {
                (void) error_errno(reterr, -ENOMEM, "Cannot write the privacy notice");
                return NULL;
        }
        return json_pack("{s:s,s:I,s:b,s:s}", "language", german ? "de" : "en", "updated_at", (json_int_t) f.changed_at, "complete",
                         !isempty(f.controller) && !isempty(f.contact), "text", text);
}

bool privacy_complete(Manager* m) {
        _cleanup_(facts_done) Facts f = {};
        return facts_read(m, &f, NULL) >= 0 && !isempty(f.controller) && !isempty(f.contact);
}

char* privacy_version(Manager* m) {
        _cleanup_json_ json_t* notice = privacy_notice(m, "en", NULL);
        const char* text = strempty(json_get_string(notice, "text"));
        uint8_t digest[DIGEST_BYTES];
        char hex[17];
        digest_sha256(text, strlen(text), digest);
        hex_encode(digest, 8, hex);
        return strdup(hex);
}
