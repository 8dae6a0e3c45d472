/* Texts of Compose files: variables, words, durations, sizes. */
#include "package/compose-internal.h"
#include "base/validate.h"
#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#define NESTING_MAX 4
#define TEXT_MAX 32768

/* --- variables --- */

static bool is_name(char c, bool first) {
        return c == '_' || isalpha((unsigned char) c) || (!first && isdigit((unsigned char) c));
}

static bool is_password(const char* name) {
        static const char* const words[] = { "PASSWORD", "PASSWD", "PASSPHRASE", "SECRET" };
        size_t n = strlen(name);
        for (size_t i = 0; i < ELEMENTS(words); i++)
                if (strcasestr(name, words[i]))
                        return true;
        return n > 4 && strcasecmp(name + n - 5, "_PASS") == 0;
}

/* "DB_PASSWORD" -> "db_password"; two that become the same share a value only when they are the same. */
static void key_of(const char* variable, char ret[static 33]) {
        size_t n = 0;
        if (!isalpha((unsigned char) *variable))
                ret[n++] = 'v';
        for (; *variable && n < 32; variable++)
                ret[n++] = (char) (isalnum((unsigned char) *variable) ? tolower((unsigned char) *variable) : '_');
        ret[n] = 0;
}

static void setting_add(ComposeReader* c, const char* key, const char* variable, const char* value) {
        if (json_object_get(c->answers, key))
                return;
        json_t* setting = json_pack("{s:s, s:s, s:{s:s%}, s:b}", "key", key, "type", "password", "label", "en", variable,
                MIN(strlen(variable), (size_t) 100), "required", 1);
        if (!setting || json_array_append_new(c->settings, setting) < 0 || json_object_set_new(c->answers, key, json_string(value)) < 0)
                c->failed = true;
}

static void secret_add(ComposeReader* c, const char* key) {
        if (list_find(c->secrets, "key", key, NULL))
                return;
        if (json_array_append_new(c->secrets, json_pack("{s:s, s:s, s:i, s:b}", "key", key, "format", "letters", "bytes", 24, "show", 0)) < 0)
                c->failed = true;
}

static void write_plain(FILE* f, const char* text, bool where_text) {
        _cleanup_free_ char* escaped = where_text ? manifest_escape(text) : strdup(text);
        (void) fputs(strempty(escaped), f);
}

typedef struct Piece {
        const char* name;
        char operator;      /* '-', '?', '+', or 0 */
        bool colon;         /* an empty value is none */
        const char* rest;   /* behind the operator; NULL = none */
        unsigned line;
} Piece;

static int expand(ComposeReader* c, FILE* f, const char* text, unsigned line, const char* path, bool where_text, unsigned depth);

/* A password that nobody gave is made by the box, where it can be: the same variable is the same secret in all services. */
static int write_missing(ComposeReader* c, FILE* f, const Piece* p, const char* path, bool where_text) {
        char key[33];
        if (where_text && is_password(p->name)) {
                key_of(p->name, key);
                if (!list_find(c->secrets, "key", key, NULL))
                        compose_say(c, p->line, path, HONOURED, "%s has no value, so the box makes a secret of its own.", p->name);
                secret_add(c, key);
                (void) fprintf(f, "{{secret.%s}}", key);
                return 0;
        }
        if (json_object_set_new(c->missing, p->name, json_true()) < 0)
                c->failed = true;
        if (p->operator == '?') {
                compose_say(c, p->line, path, REFUSED, "%s needs a value%s%.120s; give it among the variables.", p->name, p->rest && *p->rest ? ": " : "",
                        strempty(p->rest));
                return -ENODATA;
        }
        return 0;
}

static int write_value(ComposeReader* c, FILE* f, const Piece* p, const char* path, bool where_text, unsigned depth) {
        const char* value = json_get_string(c->variables, p->name);
        bool there = value && (*value || !p->colon);
        char key[33];
        if (p->operator == '+')
                return there ? expand(c, f, p->rest, p->line, path, where_text, depth + 1) : 0;
        if (!there && p->operator == '-')
                return expand(c, f, p->rest, p->line, path, where_text, depth + 1);
        if (!there)
                return write_missing(c, f, p, path, where_text);
        if (!where_text || !*value) {
                (void) fputs(value, f);
                return 0;
        }
        key_of(p->name, key);
        const char* other = json_get_string(c->answers, key);
        if (other && !streq(other, value)) { /* A_B and a_b: rare, and not worth a scheme */
                compose_say(c, p->line, path, REFUSED, "%s differs from another variable only by its case; rename it.", p->name);
                return -EINVAL;
        }
        setting_add(c, key, p->name, value);
        (void) fprintf(f, "{{setting.%s}}", key);
        return 0;
}

/* The end of "${...}", braces inside counted; NULL where there is none. */
static const char* closing(const char* p) {
        unsigned depth = 1;
        for (; *p; p++) {
                if (p[0] == '$' && p[1] == '{')
                        depth++, p++;
                else if (*p == '}' && --depth == 0)
                        return p;
        }
        return NULL;
}

static int expand_braces(ComposeReader* c, FILE* f, const char* inside, unsigned line, const char* path, bool where_text, unsigned depth,
        const char** ret_end) {
        const char* end = closing(inside);
        _cleanup_free_ char* all = end ? strndup(inside, (size_t) (end - inside)) : NULL;
        size_t n = 0;
        if (!all) {
                compose_say(c, line, path, REFUSED, "${ has no }; write $$ for a dollar.");
                return -EINVAL;
        }
        while (is_name(all[n], n == 0))
                n++;
        _cleanup_free_ char* name = strndup(all, n);
        const char* p = all + n;
        Piece piece = { .name = name, .line = line, .colon = *p == ':' };
        p += piece.colon;
        piece.operator = *p && strchr("-?+", *p) ? *p : 0;
        piece.rest = piece.operator ? p + 1 : NULL;
        if (n == 0 || !name || n > 128 || (!piece.operator && (*p || piece.colon))) {
                compose_say(c, line, path, REFUSED, "${%.60s} is not understood; there are ${A}, ${A:-b}, ${A-b}, ${A:?why}, ${A?why}, ${A:+b}, ${A+b}.", all);
                return -EINVAL;
        }
        *ret_end = end + 1;
        return write_value(c, f, &piece, path, where_text, depth);
}

static int expand(ComposeReader* c, FILE* f, const char* text, unsigned line, const char* path, bool where_text, unsigned depth) {
        if (depth > NESTING_MAX) {
                compose_say(c, line, path, REFUSED, "${..} nests too deeply.");
                return -EINVAL;
        }
        while (*text) {
                size_t n = strcspn(text, "$");
                _cleanup_free_ char* plain = strndup(text, n);
                int r = 0;
                if (ftell(f) > TEXT_MAX) { /* checked on the way: a short file may name a long value often */
                        compose_say(c, line, path, REFUSED, "The text has more than %d bytes.", TEXT_MAX);
                        return -E2BIG;
                }
                write_plain(f, strempty(plain), where_text);
                text += n;
                if (!*text)
                        break;
                if (text[1] == '$') {
                        (void) fputc('$', f);
                        text += 2;
                } else if (text[1] == '{')
                        r = expand_braces(c, f, text + 2, line, path, where_text, depth, &text);
                else if (is_name(text[1], true)) {
                        for (n = 1; is_name(text[n], n == 1) && n < 128; n++)
                                ;
                        _cleanup_free_ char* name = strndup(text + 1, n - 1);
                        const Piece piece = { .name = strempty(name), .line = line, .colon = true };
                        r = write_value(c, f, &piece, path, where_text, depth);
                        text += n;
                } else {
                        compose_say(c, line, path, REFUSED, "A lone $ stands there; write $$ for a dollar.");
                        r = -EINVAL;
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

char* compose_text(ComposeReader* c, const YamlNode* node, const char* path, bool where_text) {
        char* text = NULL;
        size_t size = 0;
        if (node->kind != YAML_TEXT) {
                compose_say(c, node->line, path, REFUSED, "A text is expected here.");
                return NULL;
        }
        if (strlen(node->text) <= TEXT_MAX && !strchr(node->text, '$')) /* as most are */
                return where_text ? manifest_escape(node->text) : strdup(node->text);
        FILE* f = open_memstream(&text, &size);
        if (!f) {
                c->failed = true;
                return NULL;
        }
        int r = expand(c, f, node->text, node->line, path, where_text, 0);
        if (fclose(f) != 0)
                r = -ENOMEM, c->failed = true;
        if (r >= 0 && size > TEXT_MAX) {
                compose_say(c, node->line, path, REFUSED, "The text has more than %d bytes.", TEXT_MAX);
                r = -E2BIG;
        }
        if (r < 0) {
                free(text);
                return NULL;
        }
        return text;
}

/* As Compose reads its .env: in single quotes \' is a quote and nothing else is special; in double ones \ stands before what is. */
static void unquote(char* value, char quote) {
        char* to = value;
        for (const char* p = value; *p; p++) {
                if (*p == '\\' && p[1] && (quote == '\'' ? p[1] == '\'' : strchr("\"\\$n", p[1]) != NULL)) {
                        p++;
                        *to++ = quote == '"' && *p == 'n' ? '\n' : *p;
                } else
                        *to++ = *p;
        }
        *to = 0;
}

int compose_variables(const char* text, json_t** ret, Error* reterr) {
        _cleanup_json_ json_t* all = json_object();
        unsigned line = 0;
        for (const char* p = strempty(text); *p;) {
                size_t n = strcspn(p, "\n"), size = n > 0 && p[n - 1] == '\r' ? n - 1 : n;
                _cleanup_free_ char* copy = strndup(p, size);
                p += n + (p[n] == '\n');
                line++;
                char* key = copy ? copy + strspn(copy, " \t") : NULL;
                char* equals = key ? strchr(key, '=') : NULL;
                if (key && (!*key || *key == '#'))
                        continue;
                if (key && startswith(key, "export "))
                        key += 7;
                size_t name = 0;
                while (key && is_name(key[name], name == 0))
                        name++;
                if (!equals || name == 0 || key + name != equals)
                        return error_field(reterr, ERROR_BAD_FIELD, "variables", "Line %u of the variables is not KEY=value.", line);
                *equals = 0;
                char* value = equals + 1;
                size_t length = strlen(value);
                if (length >= 2 && (*value == '"' || *value == '\'') && value[length - 1] == *value) {
                        value[length - 1] = 0;
                        unquote(value + 1, *value);
                        value++;
                }
                if (!text_valid(value, true) || json_object_set_new(all, key, json_string(value)) < 0)
                        return error_field(reterr, ERROR_BAD_FIELD, "variables", "Line %u of the variables has a control character.", line);
        }
        *ret = TAKE_PTR(all);
        return 0;
}

/* --- words --- */

typedef struct Words {
        json_t* list;
        char* word;  /* as large as the text */
        size_t n;
        bool begun;  /* '' is a word too */
} Words;

static void end_word(Words* w) {
        if (w->begun)
                (void) json_array_append_new(w->list, json_stringn(w->word, w->n));
        w->n = 0;
        w->begun = false;
}

json_t* compose_words(const char* text) {
        Words w = { .list = json_array(), .word = malloc(strlen(text) + 1) };
        char quote = 0;
        for (const char* p = text; w.word && *p; p++) {
                if (quote) {
                        if (*p == quote)
                                quote = 0;
                        else if (quote == '"' && *p == '\\' && p[1] && strchr("\"\\$`", p[1]))
                                w.word[w.n++] = *++p;
                        else
                                w.word[w.n++] = *p;
                } else if (*p == '\'' || *p == '"') {
                        quote = *p;
                        w.begun = true;
                } else if (isspace((unsigned char) *p))
                        end_word(&w);
                else {
                        if (*p == '\\' && p[1])
                                p++;
                        w.word[w.n++] = *p;
                        w.begun = true;
                }
        }
        if (w.word)
                end_word(&w);
        free(w.word);
        if (!quote)
                return w.list;
        json_decref(w.list);
        return NULL;
}

/* --- numbers --- */

int compose_seconds(const char* text, int64_t* ret) {
        static const struct {
                const char* unit;
                double seconds;
        } units[] = { { "ms", 1e-3 }, { "us", 1e-6 }, { "ns", 1e-9 }, { "h", 3600 }, { "m", 60 }, { "s", 1 } };
        double all = 0;
        bool any = false;
        for (const char* p = text; *p;) {
                char* end = NULL;
                double n = isdigit((unsigned char) *p) ? strtod(p, &end) : -1;
                if (n < 0 || n > 1e9 || end == p)
                        return -EINVAL;
                size_t u = 0;
                while (u < ELEMENTS(units) && !startswith(end, units[u].unit))
                        u++;
                if (u == ELEMENTS(units) && (*end || any))
                        return -EINVAL;
                all += n * (u < ELEMENTS(units) ? units[u].seconds : 1);
                p = u < ELEMENTS(units) ? end + strlen(units[u].unit) : end;
                any = true;
        }
        if (!any || all > 1e9)
                return -EINVAL;
        *ret = (int64_t) all + (all > (double) (int64_t) all);
        return 0;
}

int compose_megabytes(const char* text, int64_t* ret) {
        char* end = NULL;
        double n = isdigit((unsigned char) *text) ? strtod(text, &end) : -1;
        static const struct {
                const char* unit;
                double bytes;
        } units[] = { { "", 1 }, { "b", 1 }, { "k", 1024 }, { "kb", 1024 }, { "kib", 1024 }, { "m", 1048576 }, { "mb", 1048576 }, { "mib", 1048576 },
                { "g", 1073741824 }, { "gb", 1073741824 }, { "gib", 1073741824 } };
        if (n < 0 || n > 1e15)
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTS(units); i++)
                if (strcasecmp(end, units[i].unit) == 0) {
                        double mib = n * units[i].bytes / 1048576;
                        if (mib > 1e7)
                                return -ERANGE;
                        *ret = (int64_t) mib + (mib > (double) (int64_t) mib);
                        return 0;
                }
        return -EINVAL;
}

bool compose_boolean(const char* text, bool* ret) {
        static const char* const yes[] = { "true", "yes", "on", "1" }, * const no[] = { "false", "no", "off", "0" };
        for (size_t i = 0; i < ELEMENTS(yes); i++)
                if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
                        *ret = strcasecmp(text, yes[i]) == 0;
                        return true;
                }
        return false;
}
