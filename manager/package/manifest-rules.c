/* What a manifest may hold, key by key. docs/packaging.md tells the same story; the JSON Schema is printed from here. */
#include "package/manifest-internal.h"
#include "base/validate.h"
#include <ctype.h>

static const char lower_digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";

static bool only(const char* s, const char* more, size_t max) {
        size_t n = 0;
        for (; s[n]; n++)
                if (n >= max || (!strchr(lower_digits, s[n]) && !strchr(more, s[n])))
                        return false;
        return n > 0;
}

bool container_name_valid(const char* s) {
        return only(s, "-", 32) && s[0] != '-' && s[strlen(s) - 1] != '-';
}

bool key_valid(const char* s) {
        return *s >= 'a' && *s <= 'z' && only(s, "_", 32);
}

static bool plain_file_valid(const char* s) {
        return s[0] != '.' && only(s, "._-", 64);
}

static bool absolute_valid(const char* s) {
        if (*s != '/' || strlen(s) > 255 || strstr(s, "//"))
                return false;
        for (const char* p = s; p; p = strchr(p + 1, '/')) {
                size_t n = strcspn(p + 1, "/");
                if ((n == 1 && p[1] == '.') || (n == 2 && p[1] == '.' && p[2] == '.'))
                        return false;
        }
        return strpbrk(s, "\\\"'{}$%;:,") == NULL;
}

static bool below(const char* s, const char* directory) {
        const char* rest = startswith(s, directory);
        return rest && (*rest == 0 || *rest == '/');
}

bool inside_path_valid(const char* s) {
        static const char* const systems[] = { "/proc", "/sys", "/dev", "/run/steadbox" };
        for (size_t i = 0; i < ELEMENTS(systems); i++)
                if (below(s, systems[i]))
                        return false;
        return absolute_valid(s) && s[1] && s[strlen(s) - 1] != '/';
}

static bool scratch_path_valid(const char* s) {
        return inside_path_valid(s) || (below(s, "/dev/shm") && absolute_valid(s));
}

static bool user_part_valid(const char* s, size_t n) {
        if (n == 0 || n > 32)
                return false;
        bool digits = true;
        for (size_t i = 0; i < n; i++) {
                digits = digits && isdigit((unsigned char) s[i]);
                if (!isalnum((unsigned char) s[i]) && s[i] != '_' && !(i > 0 && (s[i] == '-' || s[i] == '.')))
                        return false;
        }
        return !digits || (n <= 5 && strtoul(s, NULL, 10) < 65536); /* an app has 65536 ids */
}

static bool user_valid(const char* s) {
        size_t n = strcspn(s, ":");
        return user_part_valid(s, n) && (s[n] == 0 || user_part_valid(s + n + 1, strlen(s + n + 1)));
}

static bool image_valid(const char* s) {
        char* whole = NULL;
        int r = image_reference_normalise(s, &whole);
        bool same = r >= 0 && streq(whole, s);
        free(whole);
        return same;
}

static bool web_path_valid(const char* s) {
        if (*s != '/' || strstr(s, "//"))
                return false;
        for (; *s; s++)
                if (!isalnum((unsigned char) *s) && !strchr("/._~-", *s))
                        return false;
        return true;
}

static bool probe_path_valid(const char* s) {
        if (*s != '/')
                return false;
        for (; *s; s++)
                if (!isalnum((unsigned char) *s) && !strchr("/._~-?=&%+:@,", *s))
                        return false;
        return true;
}

static bool user_header_valid(const char* s) {
        if (startswith(s, "X-Forwarded") || startswith(s, "X-Steadbox") || startswith(s, "X-Real") || startswith(s, "X-Accel"))
                return false;
        if (!startswith(s, "Remote-") && !startswith(s, "X-"))
                return false;
        for (const char* p = s; *p; p++)
                if (!isalnum((unsigned char) *p) && *p != '-')
                        return false;
        return true;
}

static bool calendar_valid(const char* s) {
        for (; *s; s++)
                if (!isalnum((unsigned char) *s) && !strchr("*,./:~ -", *s))
                        return false;
        return true;
}

static bool licence_valid(const char* s) {
        for (; *s; s++)
                if (!isalnum((unsigned char) *s) && !strchr(".+-() ", *s))
                        return false;
        return true;
}

static bool date_valid(const char* s) {
        unsigned year, month, day;
        static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        if (strlen(s) != 10 || s[4] != '-' || s[7] != '-' || s[strspn(s, "0123456789-")])
                return false;
        year = (unsigned) atoi(s), month = (unsigned) atoi(s + 5), day = (unsigned) atoi(s + 8);
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        return strchr(s + 5, '-') == s + 7 && !strchr(s + 8, '-') && year >= 2000 && month >= 1 && month <= 12 && day >= 1
                && day <= days[month - 1] + (leap && month == 2 ? 1u : 0u);
}

#define NAME_MUST "1 to 32 of a-z, 0-9 and -, with no - at its ends"
#define NAME_PATTERN "^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$"
#define KEY_MUST "a letter, then at most 31 of a-z, 0-9 and _"
#define KEY_PATTERN "^[a-z][a-z0-9_]{0,31}$"
#define PATH_MUST "an absolute path in the container, without .., //, quotes, not / and not in /proc, /sys or /dev"
#define PATH_PATTERN "^/[^/].*$"
#define NAME(k, t) { k, RULE_STRING, NULL, 1, 32, .valid = container_name_valid, .must = NAME_MUST, .pattern = NAME_PATTERN, .about = t }
#define KEY(k, t) { k, RULE_STRING, NULL, 1, 32, .valid = key_valid, .must = KEY_MUST, .pattern = KEY_PATTERN, .about = t }
#define PATH(k, otherwise, t) { k, RULE_STRING, otherwise, 1, 255, .valid = inside_path_valid, .must = PATH_MUST, .pattern = PATH_PATTERN, .about = t }
#define CHOICE(k, otherwise, c, t) { k, RULE_STRING, otherwise, 1, 32, .choices = c, .about = t }
#define NUMBER(k, otherwise, low, high, t) { k, RULE_INTEGER, otherwise, low, high, .about = t }
#define YES_NO(k, otherwise, t) { k, RULE_BOOLEAN, otherwise, .about = t }
#define COMMAND(k, otherwise, t) { k, RULE_STRINGS, otherwise, 1, 256, 32768, .lines = true, .about = t }
#define TEXTS(k, otherwise, size, l, t) { k, RULE_TEXTS, otherwise, 1, size, .lines = l, .about = t }
#define ONE(k, otherwise, r, t) { k, RULE_OBJECT, otherwise, .rules = r, .about = t }
#define MANY(k, otherwise, low, high, r, t) { k, RULE_OBJECTS, otherwise, low, high, .rules = r, .about = t }

static const Rule power_rules[] = {
        CHOICE("power", NULL, "NET_RAW|NET_BIND_SERVICE|SYS_NICE|IPC_LOCK|SYS_PTRACE", "The capability."),
        { "reason", RULE_STRING, NULL, 1, 200, .about = "Why it is needed; people read this." },
        {},
};
static const Rule container_health_rules[] = {
        COMMAND("command", NULL, "Run inside; 0 is healthy."),
        NUMBER("interval", "10", 1, 3600, "Seconds between runs."),
        NUMBER("timeout", "5", 1, 600, "Seconds a run may take."),
        NUMBER("retries", "3", 1, 100, "Failures in a row that make it unhealthy."),
        NUMBER("start", "30", 0, 3600, "Seconds in which failures do not count."),
        {},
};
static const Rule mount_rules[] = {
        NAME("data", "The data, by its name in `data`."),
        PATH("path", NULL, "Where the container has it."),
        YES_NO("read_only", "false", "Whether the container may only read it."),
        {},
};
static const Rule container_rules[] = {
        NAME("name", "Its name; the other containers reach it under it."),
        { "image", RULE_STRING, NULL, 3, 512, .valid = image_valid, .must = "an image as host/name@sha256:<64 hex digits>",
          .about = "The image, with its digest." },
        COMMAND("args", "null", "What is executed, instead of the image's entrypoint and command."),
        COMMAND("command", "null", "What the image's entrypoint gets, instead of the image's command."),
        { "env", RULE_VARIABLES, "{}", 0, 256, 32768, .lines = true, .about = "Variables; may hold {{..}}." },
        { "user", RULE_STRING, "null", 1, 65, .valid = user_valid, .must = "a user of the image, as www-data or 1000:1000 (below 65536)",
          .about = "Who it runs as; the image's user unless told." },
        { "working_directory", RULE_STRING, "null", 1, 255, .valid = absolute_valid, .must = "an absolute path without .. and //",
          .pattern = "^/", .about = "Where it starts; the image's unless told." },
        YES_NO("read_only", "false", "Whether its root is read-only; name `scratch` where it must write."),
        { "scratch", RULE_STRINGS, "[]", 0, 16, 255, .valid = scratch_path_valid, .must = PATH_MUST,
          .about = "Directories in memory, empty at each start." },
        MANY("mounts", "[]", 0, 16, mount_rules, "Data it uses."),
        { "after", RULE_STRINGS, "[]", 0, 15, 32, .valid = container_name_valid, .must = NAME_MUST,
          .about = "Containers that must be healthy (or done, where they are one-shot) before it starts." },
        YES_NO("one_shot", "false", "Whether it runs once at each start and ends."),
        YES_NO("init", "false", "Whether a small init reaps its children."),
        NUMBER("shm_mb", "64", 1, 4096, "Size of /dev/shm."),
        CHOICE("stop_signal", "null", "SIGTERM|SIGINT|SIGQUIT|SIGHUP|SIGUSR1|SIGUSR2|SIGWINCH|SIGKILL|SIGRTMIN+3",
               "What asks it to stop; the image's unless told."),
        NUMBER("stop_seconds", "10", 1, 600, "How long it may take to stop."),
        NUMBER("memory_mb", "null", 4, 1048576, "Its own limit below the app's."),
        MANY("powers", "[]", 0, 5, power_rules, "Capabilities beyond the usual set."),
        ONE("health", "null", container_health_rules, "How it is asked whether it works; nobody asks unless told."),
        {},
};
static const Rule command_rules[] = {
        NAME("container", "Where it runs."),
        COMMAND("command", NULL, "What runs."),
        {},
};
static const Rule data_rules[] = {
        NAME("name", "Its name."),
        CHOICE("class", "\"precious\"", "precious|rebuildable|cache|media",
               "precious is always backed up; rebuildable and cache need not be; media is large and changes little."),
        CHOICE("consistency", "\"plain\"", "plain|sqlite|dump", "How it is copied while the app runs."),
        ONE("dump", "null", command_rules, "Writes all of it to its standard output, as text that `restore` reads."),
        ONE("restore", "null", command_rules, "Reads what `dump` wrote from its standard input."),
        { "file", RULE_STRING, "\"dump.sql\"", 1, 64, .valid = plain_file_valid, .must = "a file name of a-z, 0-9, ., _ and -",
          .about = "What the dump is called in exports." },
        {},
};
static const Rule addon_rules[] = {
        CHOICE("kind", NULL, "postgresql|mariadb|redis", "Which database."),
        NAME("name", "Its host name; db, say."),
        { "image", RULE_STRING, NULL, 3, 512, .valid = image_valid, .must = "an image as host/name@sha256:<64 hex digits>",
          .about = "Its image; entrypoint and variables as in the engine's own images." },
        CHOICE("class", "\"precious\"", "precious|rebuildable|cache", "What its data is worth."),
        YES_NO("expanded", "false", "Written by the box, where container, data and secret are written out."),
        {},
};
static const Rule http_rules[] = {
        NAME("container", "Which container answers."),
        NUMBER("port", "80", 1, 65535, "On which port, in plain HTTP."),
        NUMBER("max_upload_mb", "64", 1, 102400, "The largest request."),
        { "public_paths", RULE_STRINGS, "[]", 0, 16, 128, .valid = web_path_valid, .must = "a path of letters, digits, /, ., _, ~ and -",
          .pattern = "^/", .about = "Prefixes that need no sign-in where the app is for people only, as for feeds and calendar clients." },
        { "user_header", RULE_STRING, "null", 1, 64, .valid = user_header_valid,
          .must = "a header as Remote-User or X-WebAuth-User, not one the box sets itself", .pattern = "^(Remote-|X-)[A-Za-z0-9-]+$",
          .about = "Which header tells the app who signed in, with sign_in proxy." },
        {},
};
static const Rule port_rules[] = {
        NAME("name", "Its name."),
        CHOICE("protocol", "\"tcp\"", "tcp|udp", "Its protocol."),
        NAME("container", "Which container answers."),
        NUMBER("port", NULL, 1, 65535, "On which port."),
        NUMBER("host_port", NULL, 1024, 65535, "Where the world would reach it."),
        TEXTS("purpose", NULL, 200, false, "What it is for; people read this before they open it."),
        {},
};
static const Rule secret_rules[] = {
        KEY("key", "Its name in {{secret.KEY}}."),
        CHOICE("format", "\"letters\"", "hex|base64|letters|password", "How it is written."),
        NUMBER("bytes", "24", 8, 64, "How much chance is in it."),
        YES_NO("show", "false", "Whether people may see it, as a first password."),
        {},
};
static const Rule setting_rules[] = {
        KEY("key", "Its name in {{setting.KEY}}."),
        CHOICE("type", "\"string\"", "string|text|integer|boolean|enum|email|password|url", "What is asked."),
        TEXTS("label", NULL, 100, false, "The question."),
        TEXTS("help", "{}", 500, true, "More about it."),
        YES_NO("required", "false", "Whether it must be answered."),
        { "initial", RULE_STRING, "null", 0, 1000, .lines = true, .about = "What stands there at first." },
        { "choices", RULE_STRINGS, "[]", 0, 32, 64, .about = "What an enum may be." },
        {},
};
static const Rule mail_rules[] = {
        YES_NO("send", "false", "Whether it sends mail."),
        {},
};
static const Rule task_rules[] = {
        { "id", RULE_STRING, NULL, 1, 32, .valid = id_valid, .must = "1 to 32 of a-z and 0-9", .pattern = "^[a-z0-9]{1,32}$", .about = "Its name." },
        NAME("container", "Where it runs."),
        { "calendar", RULE_STRING, NULL, 1, 64, .valid = calendar_valid, .must = "a calendar event of systemd.time(7), as *:0/15 or daily",
          .about = "When, as in systemd.time(7)." },
        COMMAND("command", NULL, "What runs."),
        {},
};
static const Rule resource_rules[] = {
        NUMBER("memory_mb", "128", 1, 1048576, "What it needs to work well."),
        NUMBER("memory_max_mb", "512", 4, 1048576, "The most it may take."),
        NUMBER("cpu_weight", "100", 1, 10000, "Its share of the processor beside others."),
        NUMBER("tasks", "512", 16, 32768, "How many processes and threads it may have."),
        NUMBER("disk_mb", "0", 0, 16777216, "What its images take, unpacked."),
        NUMBER("disk_max_mb", "0", 0, 16777216, "The most it may write, data and else; beyond it is stopped. 0 = no limit of its own."),
        NUMBER("download_mb", "0", 0, 16777216, "What is fetched if nothing of it is here yet."),
        {},
};
static const Rule host_network_rules[] = {
        { "reason", RULE_STRING, NULL, 1, 200, .about = "Why it needs the machine's own network; people read this." },
        {},
};
static const Rule health_rules[] = {
        { "path", RULE_STRING, "\"/\"", 1, 512, .valid = probe_path_valid, .must = "a path, with a query where needed", .pattern = "^/",
          .about = "What is asked for." },
        { "expect", RULE_INTEGERS, "[200, 204, 301, 302, 303, 307, 308, 401, 403]", 1, 16, 599, .about = "Statuses that are well." },
        NUMBER("start_seconds", "60", 5, 1800, "How long it may take until the first good answer."),
        NUMBER("soak_seconds", "600", 0, 86400, "How long an update is watched closely."),
        {},
};
static const Rule hook_rules[] = {
        ONE("before_update", "null", command_rules, "Runs in the old version."),
        ONE("after_update", "null", command_rules, "Runs in the new version, before anybody sees it."),
        ONE("after_clone", "null", command_rules, "Runs in the copy, before anybody sees it."),
        {},
};
static const Rule clone_rules[] = {
        CHOICE("mail", "\"mute\"", "mute|keep", "Whether a copy sends mail."),
        CHOICE("schedule", "\"mute\"", "mute|keep", "Whether a copy works by the clock."),
        { "keep_secrets", RULE_STRINGS, "[]", 0, 64, 32, .valid = key_valid, .must = KEY_MUST,
          .about = "Secrets without which the data cannot be read; all others are made anew." },
        {},
};

#define VERSION_MUST "a digit, then at most 63 of letters, digits and . + ~ -"
#define VERSION_PATTERN "^[0-9][0-9A-Za-z.+~-]{0,63}$"
const Rule manifest_rules[] = {
        NUMBER("format", NULL, 1, MANIFEST_VERSION, "The form of the manifest: 1."),
        { "id", RULE_STRING, NULL, 1, 32, .valid = id_valid, .must = "1 to 32 of a-z and 0-9", .pattern = "^[a-z0-9]{1,32}$",
          .about = "The package's name." },
        { "version", RULE_STRING, NULL, 1, 64, .valid = manifest_version_valid, .must = VERSION_MUST, .pattern = VERSION_PATTERN,
          .about = "The app's version and, behind a dash, the package's." },
        { "upgradable_from", RULE_STRING, "null", 1, 64, .valid = manifest_version_valid, .must = VERSION_MUST, .pattern = VERSION_PATTERN,
          .about = "The oldest version whose data this one takes over; any unless told." },
        YES_NO("downgrade_data_safe", "false", "Whether the version before bears data that this one has written."),
        TEXTS("title", NULL, 64, false, "What it is called."),
        TEXTS("summary", NULL, 160, false, "One line about it."),
        TEXTS("description", "{}", 20000, true, "About it, in Markdown."),
        TEXTS("notes", "{}", 20000, true, "What is new in this version, in Markdown."),
        { "licence", RULE_STRING, "\"\"", 0, 128, .valid = licence_valid, .must = "an SPDX expression", .about = "Its licence, as SPDX expression." },
        { "homepage", RULE_STRING, "null", 9, 500, .valid = url_https_valid, .must = "an https address", .pattern = "^https://",
          .about = "Its home page." },
        { "categories", RULE_STRINGS, "[]", 0, 8, 32, .valid = container_name_valid, .must = NAME_MUST, .about = "Where it belongs." },
        { "end_of_life", RULE_STRING, "null", 10, 10, .valid = date_valid, .must = "a date, as 2027-06-30", .pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
          .about = "Until when it is cared for." },
        MANY("containers", NULL, 1, MANIFEST_CONTAINERS_MAX, container_rules, "What runs."),
        MANY("data", "[]", 0, 16, data_rules, "What it keeps."),
        MANY("addons", "[]", 0, 3, addon_rules, "Databases that come with it."),
        ONE("http", "null", http_rules, "What people open."),
        MANY("ports", "[]", 0, 16, port_rules, "Raw ports that can be opened with consent."),
        MANY("secrets", "[]", 0, 64, secret_rules, "Secrets that the box makes, different for each installation."),
        MANY("settings", "[]", 0, 64, setting_rules, "What is asked before it is installed."),
        CHOICE("sign_in", "\"own\"", "none|own|proxy|oidc|ldap", "How one signs in."),
        CHOICE("access", "\"everyone\"", "public|everyone", "Who may open it, as a suggestion."),
        ONE("mail", "{}", mail_rules, "Mail."),
        MANY("schedule", "[]", 0, 16, task_rules, "What it does by the clock."),
        ONE("resources", "{}", resource_rules, "What it takes."),
        CHOICE("network_out", "\"any\"", "none|any", "Whether it may call the world."),
        ONE("host_network", "null", host_network_rules, "Set where it needs the machine's own network; an administrator is asked."),
        ONE("health", "{}", health_rules, "How the box finds out whether it answers."),
        ONE("hooks", "{}", hook_rules, "Commands around updates and copies."),
        ONE("clone", "{}", clone_rules, "What becomes of a copy."),
        {},
};
