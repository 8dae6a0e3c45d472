#include "provider/plan.h"
#include "provider/record.h"
#include <stdio.h>
#include <strings.h>

/* One wanted record while it is judged; values are in our form. */
typedef struct Wanted {
        const char* id;
        const char* part;
        char owner[RECORD_NAME_BYTES];
        const char* type;
        json_t* values; /* owned */
        json_t* ours;   /* owned */
        bool hold, waits;
} Wanted;

static void wanted_done(Wanted* w) {
        json_decref(w->values);
        json_decref(w->ours);
}

static int values_parse(const char* type, const json_t* from, json_t** ret) {
        _cleanup_json_ json_t* out = json_array();
        size_t i;
        json_t* v;
        if (json_array_size(from) > RECORD_VALUES_MAX)
                return -EBADMSG;
        json_array_foreach(from, i, v) {
                _cleanup_free_ char* value = NULL;
                if (!json_is_string(v) || record_value_parse(type, json_string_value(v), NULL, &value) < 0)
                        return -EBADMSG;
                if (!json_list_has(out, value) && json_array_append_new(out, json_string(value)) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(out);
        return 0;
}

static int wanted_take(const json_t* record, Wanted* ret, Error* reterr) {
        const char* owner = json_get_string(record, "owner");
        Wanted w = {
                .id = json_get_string(record, "id"),
                .part = strempty(json_get_string(record, "part")),
                .type = json_get_string(record, "type"),
                .hold = json_get_boolean(record, "hold", false),
                .waits = json_get_boolean(record, "waits", false),
        };
        if (isempty(w.id) || !owner || !w.type || !record_type_valid(w.type) || !record_name_parse(owner, w.owner) ||
            values_parse(w.type, json_object_get(record, "values"), &w.values) < 0 ||
            values_parse(w.type, json_object_get(record, "ours"), &w.ours) < 0) {
                wanted_done(&w);
                return error_set(reterr, ERROR_BAD_REQUEST, "The record %.200s cannot be written: it is not well formed.", strempty(w.id));
        }
        *ret = w;
        return 0;
}

/* --- what is in the way --- */

/* The words that tell kinds of TXT apart (RFC 7208 4.5, 7489 6.3, 6376 3.6.1, 8461 3.1, 8460 3). */
static const char* const txt_kinds[] = { "v=spf1", "v=DMARC1", "v=DKIM1", "v=STSv1", "v=TLSRPTv1" };

static const char* txt_kind(const char* value) {
        for (size_t i = 0; i < ELEMENTS(txt_kinds); i++) {
                size_t n = strlen(txt_kinds[i]);
                if (strncasecmp(value, txt_kinds[i], n) == 0 && (!value[n] || value[n] == ' ' || value[n] == ';'))
                        return txt_kinds[i];
        }
        return NULL;
}

static bool txt_in_the_way(const Wanted* w, const char* value) {
        size_t i;
        json_t* v;
        const char* kind = txt_kind(value);
        if (strstr(w->owner, "._domainkey."))
                return true; /* one key a selector, whatever it begins with */
        json_array_foreach(w->values, i, v) {
                const char* wanted = txt_kind(json_string_value(v));
                if (wanted && wanted == kind)
                        return true;
        }
        return false;
}

static bool mx_in_the_way(const Wanted* w, const char* value) {
        size_t i;
        json_t* v;
        unsigned long least = 0;
        json_array_foreach(w->values, i, v)
                least = MAX(least, strtoul(json_string_value(v), NULL, 10));
        return strtoul(value, NULL, 10) <= least;
}

static bool in_the_way(const Wanted* w, const char* value) {
        if (json_list_has(w->values, value))
                return false;
        if (streq(w->type, "TXT"))
                return txt_in_the_way(w, value) || json_list_has(w->ours, value);
        if (streq(w->type, "MX"))
                return mx_in_the_way(w, value) || json_list_has(w->ours, value);
        if (streq(w->type, "A") || streq(w->type, "AAAA") || streq(w->type, "CNAME") || streq(w->type, "SRV"))
                return true;
        return json_list_has(w->ours, value);
}

/* Other sets at the same owner that cannot stand beside ours: a CNAME, or for a CNAME everything else. */
static int neighbours(const Wanted* w, const json_t* present, json_t** ret_types, json_t* now) {
        size_t i, k;
        json_t *set, *value;
        json_t* types = json_array();
        json_array_foreach(present, i, set) {
                const char* type = json_get_string(set, "type");
                if (!type || !streq_ptr(json_get_string(set, "owner"), w->owner) || streq(type, w->type) ||
                    json_array_size(json_object_get(set, "values")) == 0 || json_array_size(w->values) == 0)
                        continue;
                if (!streq(type, "CNAME") && !streq(w->type, "CNAME"))
                        continue;
                if (streq(type, "RRSIG") || streq(type, "NSEC") || streq(type, "NSEC3"))
                        continue; /* the signer's own */
                (void) json_array_append_new(types, json_string(type));
                json_array_foreach(json_object_get(set, "values"), k, value) {
                        char* text = NULL;
                        if (asprintf(&text, "%s %s", type, json_string_value(value)) < 0)
                                return json_decref(types), -ENOMEM;
                        (void) json_array_append_new(now, json_string(text));
                        free(text);
                }
        }
        *ret_types = types;
        return 0;
}

/* --- one record --- */

typedef struct Judgement {
        json_t* now;     /* what stands where ours should be */
        json_t* set;     /* the whole set as it would be written */
        json_t* drop;    /* types */
        bool foreign;    /* something that is not ours is in the way */
        bool differs;
} Judgement;

static void judgement_done(Judgement* j) {
        json_decref(j->now);
        json_decref(j->set);
        json_decref(j->drop);
}

static int judge(const Wanted* w, const json_t* present, Judgement* ret) {
        Judgement j = { .now = json_array(), .set = json_array() };
        const json_t* values = record_sets_find(present, w->owner, w->type);
        size_t i;
        json_t* v;
        json_array_foreach(values, i, v) {
                const char* value = json_string_value(v);
                bool obstacle = in_the_way(w, value);
                if (obstacle || json_list_has(w->values, value))
                        (void) json_array_append(j.now, v);
                if (!obstacle)
                        (void) json_array_append(j.set, v);
                j.differs = j.differs || obstacle;
                j.foreign = j.foreign || (obstacle && !json_list_has(w->ours, value));
        }
        json_array_foreach(w->values, i, v) {
                if (json_list_has(j.set, json_string_value(v)))
                        continue;
                (void) json_array_append(j.set, v);
                j.differs = true;
        }
        int r = neighbours(w, present, &j.drop, j.now);
        if (r < 0) {
                judgement_done(&j);
                return r;
        }
        if (json_array_size(j.drop) > 0)
                j.foreign = j.differs = true;
        *ret = j;
        return 0;
}

static const char* action_of(const Wanted* w, const Judgement* j, bool consent, bool part_waits) {
        if (!j->differs)
                return "same";
        if (w->waits || (w->hold && (part_waits || j->foreign)))
                return "waits";
        if (j->foreign && !consent)
                return "foreign";
        return json_array_size(j->now) == 0 ? "create" : "replace";
}

/* Later records of the same set build on this one. */
static void present_follow(json_t* present, const Wanted* w, const Judgement* j) {
        size_t i;
        json_t *set, *type;
        json_t* values = record_sets_find(present, w->owner, w->type);
        if (!values)
                (void) json_array_append_new(
                        present, json_pack("{s:s, s:s, s:O, s:i}", "owner", w->owner, "type", w->type, "values", j->set, "ttl", 0));
        else {
                (void) json_array_clear(values);
                (void) json_array_extend(values, j->set);
        }
        json_array_foreach(j->drop, i, type) {
                set = record_sets_find(present, w->owner, json_string_value(type));
                (void) json_array_clear(set);
        }
}

static int plan_one(const Wanted* w, json_t* present, const json_t* replace, bool part_waits, json_t* changes) {
        Judgement j = {};
        int r = judge(w, present, &j);
        if (r < 0)
                return r;
        const char* action = action_of(w, &j, json_list_has(replace, w->id), part_waits);
        bool writes = streq(action, "create") || streq(action, "replace");
        json_t* change = json_pack(
                "{s:s, s:s, s:s, s:s, s:O, s:O, s:b, s:n}", "id", w->id, "action", action, "owner", w->owner, "type", w->type, "now", j.now,
                "wanted", w->values, "done", 0, "error");
        if (change) {
                (void) json_object_set_new(change, "write", writes ? json_deep_copy(j.set) : json_null());
                (void) json_object_set_new(change, "drop", writes ? json_incref(j.drop) : json_array());
        }
        if (writes)
                present_follow(present, w, &j);
        judgement_done(&j);
        return change && json_array_append_new(changes, change) >= 0 ? 0 : -ENOMEM;
}

/* What waits for a switch waits as a whole: half a website or half of mail would be worse than none. */
static int parts_that_wait(const Wanted* wanted, size_t n, const json_t* present, json_t** ret) {
        json_t* parts = json_array();
        for (size_t i = 0; i < n; i++) {
                Judgement j = {};
                if (!wanted[i].hold)
                        continue;
                int r = judge(&wanted[i], present, &j);
                if (r < 0) {
                        json_decref(parts);
                        return r;
                }
                if (j.foreign && !json_list_has(parts, wanted[i].part))
                        (void) json_array_append_new(parts, json_string(wanted[i].part));
                judgement_done(&j);
        }
        *ret = parts;
        return 0;
}

static int plan_all(const Wanted* wanted, size_t n, const json_t* present, const json_t* replace, json_t** ret) {
        _cleanup_json_ json_t* parts = NULL;
        _cleanup_json_ json_t* working = json_deep_copy(present);
        _cleanup_json_ json_t* changes = json_array();
        if (!working || !changes)
                return -ENOMEM;
        int r = parts_that_wait(wanted, n, present, &parts);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = plan_one(&wanted[i], working, replace, wanted[i].hold && json_list_has(parts, wanted[i].part), changes);
        if (r >= 0)
                *ret = TAKE_PTR(changes);
        return r;
}

int plan_make(const json_t* wanted, const json_t* present, const json_t* replace, json_t** ret, Error* reterr) {
        size_t n = json_array_size(wanted), taken = 0;
        int r = 0;
        if (!json_is_array(wanted) || n > PLAN_RECORDS_MAX)
                return error_set(reterr, ERROR_BAD_REQUEST, "At most %d records are written at a time.", PLAN_RECORDS_MAX);
        Wanted* list = calloc(n + 1, sizeof(Wanted));
        if (!list)
                return error_errno(reterr, -ENOMEM, "Cannot compare");
        for (; r >= 0 && taken < n; taken += r >= 0)
                r = wanted_take(json_array_get(wanted, taken), &list[taken], reterr);
        if (r >= 0) {
                r = plan_all(list, n, present, replace, ret);
                if (r < 0)
                        (void) error_errno(reterr, r, "Cannot compare");
        }
        for (size_t i = 0; i < taken; i++)
                wanted_done(&list[i]);
        free(list);
        return r;
}

size_t plan_count(const json_t* changes) {
        size_t i, n = 0;
        json_t* change;
        json_array_foreach(changes, i, change)
                n += json_is_array(json_object_get(change, "write"));
        return n;
}

static unsigned actions(const json_t* changes, const char* action) {
        size_t i;
        unsigned n = 0;
        json_t* change;
        json_array_foreach(changes, i, change)
                n += streq_ptr(json_get_string(change, "action"), action);
        return n;
}

void plan_sentence(const json_t* changes, char* to, size_t size) {
        static const struct {
                const char *action, *one, *many;
        } words[] = {
                { "create", "record to create", "records to create" },
                { "replace", "record to replace", "records to replace" },
                { "foreign", "that somebody else wrote", "that somebody else wrote" },
                { "waits", "that waits for the switch", "that wait for the switch" },
                { "same", "as it should be", "as they should be" },
        };
        size_t used = 0;
        *to = 0;
        for (size_t i = 0; i < ELEMENTS(words); i++) {
                unsigned n = actions(changes, words[i].action);
                if (n == 0 || used >= size)
                        continue;
                int k = snprintf(to + used, size - used, "%s%u %s", used ? ", " : "", n, n == 1 ? words[i].one : words[i].many);
                used += k > 0 ? (size_t) k : 0;
        }
        if (!*to)
                (void) snprintf(to, size, "nothing is wanted");
}
