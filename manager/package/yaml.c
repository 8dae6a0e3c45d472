#include "package/yaml.h"
#include "base/validate.h"
#include <yaml.h>

#define ANCHORS_MAX 500

typedef struct Anchor {
        char* name;
        YamlNode* node;
} Anchor;

struct YamlTree {
        YamlNode** nodes;   /* all, so that each is freed once however often it is shared */
        size_t n, room;
        Anchor anchors[ANCHORS_MAX];
        size_t n_anchors;
};

typedef struct Reader {
        yaml_parser_t parser;
        YamlTree* tree;
        Error* reterr;
} Reader;

YamlTree* yaml_tree_free(YamlTree* t) {
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->n; i++) {
                YamlNode* node = t->nodes[i];
                for (size_t k = 0; node->keys && k < node->n; k++)
                        free(node->keys[k]);
                free(node->keys);
                free(node->key_lines);
                free(node->items);
                free(node->text);
                free(node);
        }
        for (size_t i = 0; i < t->n_anchors; i++)
                free(t->anchors[i].name);
        free(t->nodes);
        free(t);
        return NULL;
}

const YamlNode* yaml_node_get(const YamlNode* map, const char* key) {
        for (size_t i = 0; map && map->kind == YAML_MAP && i < map->n; i++)
                if (streq(map->keys[i], key))
                        return map->items[i];
        return NULL;
}

bool yaml_node_is_null(const YamlNode* node) {
        static const char* const nulls[] = { "", "~", "null", "Null", "NULL" };
        for (size_t i = 0; node && i < ELEMENTS(nulls); i++)
                if (node->kind == YAML_TEXT && node->plain && streq(node->text, nulls[i]))
                        return true;
        return !node;
}

static int refuse(Reader* r, size_t line, const char* what) {
        return error_field(r->reterr, ERROR_BAD_FIELD, "compose", "Line %zu: %s", line, what);
}

static int out_of_memory(Reader* r) {
        return error_errno(r->reterr, -ENOMEM, "Cannot read the file");
}

/* --- nodes --- */

static YamlNode* node_new(Reader* r, YamlKind kind, const yaml_event_t* e) {
        YamlTree* t = r->tree;
        if (t->n == t->room) {
                size_t room = t->room ? t->room * 2 : 64;
                YamlNode** more = reallocarray(t->nodes, room, sizeof(YamlNode*));
                if (!more)
                        return NULL;
                t->nodes = more;
                t->room = room;
        }
        YamlNode* node = calloc(1, sizeof(YamlNode));
        if (!node)
                return NULL;
        *node = (YamlNode) { .kind = kind, .line = (unsigned) e->start_mark.line + 1, .weight = 1 };
        t->nodes[t->n++] = node;
        return node;
}

static int add_member(Reader* r, YamlNode* node, char* key, unsigned key_line, YamlNode* item) {
        size_t n = node->n + 1;
        if (node->weight + item->weight > YAML_NODES_MAX) {
                free(key);
                return refuse(r, key_line, "the file is far too large when its aliases are written out.");
        }
        YamlNode** items = reallocarray(node->items, n, sizeof(YamlNode*));
        node->items = items ?: node->items;
        char** keys = key ? reallocarray(node->keys, n, sizeof(char*)) : NULL;
        node->keys = keys ?: node->keys;
        unsigned* lines = key ? reallocarray(node->key_lines, n, sizeof(unsigned)) : NULL;
        node->key_lines = lines ?: node->key_lines;
        if (!items || (key && (!keys || !lines))) {
                free(key);
                return out_of_memory(r);
        }
        node->items[node->n] = item;
        if (key) {
                node->keys[node->n] = key;
                node->key_lines[node->n] = key_line;
        }
        node->n = n;
        node->weight += item->weight;
        return 0;
}

/* --- anchors --- */

static int anchor_set(Reader* r, const yaml_char_t* name, YamlNode* node) {
        YamlTree* t = r->tree;
        if (!name)
                return 0;
        for (size_t i = 0; i < t->n_anchors; i++)
                if (streq(t->anchors[i].name, (const char*) name)) {
                        t->anchors[i].node = node; /* the later one counts from here (YAML 1.2 section 7.1) */
                        return 0;
                }
        if (t->n_anchors == ANCHORS_MAX)
                return refuse(r, node->line, "there are too many anchors.");
        t->anchors[t->n_anchors] = (Anchor) { strdup((const char*) name), node };
        if (!t->anchors[t->n_anchors].name)
                return out_of_memory(r);
        t->n_anchors++;
        return 0;
}

static YamlNode* anchor_get(Reader* r, const yaml_char_t* name) {
        for (size_t i = 0; i < r->tree->n_anchors; i++)
                if (streq(r->tree->anchors[i].name, (const char*) name))
                        return r->tree->anchors[i].node;
        return NULL;
}

/* --- events --- */

static int next_event(Reader* r, yaml_event_t* ret) {
        if (yaml_parser_parse(&r->parser, ret))
                return 0;
        const char* what = r->parser.problem ?: "this is not YAML";
        (void) error_field(r->reterr, ERROR_BAD_FIELD, "compose", "Line %zu: %s.", r->parser.problem_mark.line + 1, what);
        if (strstr(what, "cannot start any token"))
                return error_hint(r->reterr, "YAML is indented with spaces; a tab may stand there.");
        return -EINVAL;
}

static bool tag_known(const yaml_char_t* tag) {
        return !tag || startswith((const char*) tag, "tag:yaml.org,2002:");
}

static int read_node(Reader* r, yaml_event_t* e, unsigned depth, YamlNode** ret);

static int read_text(Reader* r, const yaml_event_t* e, YamlNode** ret) {
        const char* value = (const char*) e->data.scalar.value;
        if (!tag_known(e->data.scalar.tag))
                return refuse(r, e->start_mark.line + 1, "tags as !reset are not known here.");
        if (strlen(value) != e->data.scalar.length || !text_valid(value, true))
                return refuse(r, e->start_mark.line + 1, "there is a control character.");
        YamlNode* node = node_new(r, YAML_TEXT, e);
        if (!node || !(node->text = strdup(value)))
                return out_of_memory(r);
        node->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        *ret = node;
        return anchor_set(r, e->data.scalar.anchor, node);
}

static int read_list(Reader* r, const yaml_event_t* start, unsigned depth, YamlNode** ret) {
        YamlNode* node = node_new(r, YAML_LIST, start);
        if (!node)
                return out_of_memory(r);
        for (;;) {
                yaml_event_t e;
                YamlNode* item = NULL;
                int k = next_event(r, &e);
                if (k < 0)
                        return k;
                bool end = e.type == YAML_SEQUENCE_END_EVENT;
                unsigned line = (unsigned) e.start_mark.line + 1;
                if (!end)
                        k = read_node(r, &e, depth + 1, &item);
                yaml_event_delete(&e);
                if (end)
                        break;
                if (k >= 0)
                        k = add_member(r, node, NULL, line, item);
                if (k < 0)
                        return k;
        }
        *ret = node;
        return anchor_set(r, start->data.sequence_start.anchor, node); /* only now: inside itself it is nothing yet */
}

/* "<<: *a" and "<<: [*a, *b]": keys that are not there are taken over, from the first that has them. */
static int merge(Reader* r, YamlNode* into, const YamlNode* from, unsigned line) {
        if (from->kind == YAML_LIST) {
                for (size_t i = 0; i < from->n; i++) {
                        int k = from->items[i]->kind == YAML_MAP ? merge(r, into, from->items[i], line)
                                                                : refuse(r, line, "only maps can be merged with <<.");
                        if (k < 0)
                                return k;
                }
                return 0;
        }
        if (from->kind != YAML_MAP)
                return refuse(r, line, "only maps can be merged with <<.");
        for (size_t i = 0; i < from->n; i++) {
                if (yaml_node_get(into, from->keys[i]))
                        continue;
                char* key = strdup(from->keys[i]);
                int k = key ? add_member(r, into, key, from->key_lines[i], from->items[i]) : out_of_memory(r);
                if (k < 0)
                        return k;
        }
        return 0;
}

#define MERGES_MAX 16
typedef struct Merges {
        const YamlNode* nodes[MERGES_MAX];
        unsigned lines[MERGES_MAX];
        size_t n;
} Merges;

static int add_pair(Reader* r, YamlNode* map, const YamlNode* key, YamlNode* value, Merges* merges) {
        if (key->kind != YAML_TEXT)
                return refuse(r, key->line, "a key must be a word.");
        if (streq(key->text, "<<") && key->plain) {
                if (merges->n == MERGES_MAX)
                        return refuse(r, key->line, "there are too many merges.");
                merges->lines[merges->n] = key->line;
                merges->nodes[merges->n++] = value;
                return 0;
        }
        if (yaml_node_get(map, key->text))
                return error_field(r->reterr, ERROR_BAD_FIELD, "compose", "Line %u: \"%.60s\" is there a second time; keep one of them.", key->line,
                        key->text);
        char* copy = strdup(key->text);
        return copy ? add_member(r, map, copy, key->line, value) : out_of_memory(r);
}

static int read_pair(Reader* r, yaml_event_t* key_event, YamlNode* map, unsigned depth, Merges* merges) {
        yaml_event_t e;
        YamlNode *key = NULL, *value = NULL;
        int k = read_node(r, key_event, depth + 1, &key);
        if (k >= 0)
                k = next_event(r, &e);
        if (k < 0)
                return k;
        k = read_node(r, &e, depth + 1, &value);
        yaml_event_delete(&e);
        return k < 0 ? k : add_pair(r, map, key, value, merges);
}

static int read_map(Reader* r, const yaml_event_t* start, unsigned depth, YamlNode** ret) {
        YamlNode* node = node_new(r, YAML_MAP, start);
        Merges merges = {};
        if (!node)
                return out_of_memory(r);
        for (;;) {
                yaml_event_t e;
                int k = next_event(r, &e);
                if (k < 0)
                        return k;
                bool end = e.type == YAML_MAPPING_END_EVENT;
                if (!end)
                        k = read_pair(r, &e, node, depth, &merges);
                yaml_event_delete(&e);
                if (k < 0)
                        return k;
                if (end)
                        break;
        }
        for (size_t i = 0; i < merges.n; i++) { /* what stands in the map itself goes before */
                int k = merge(r, node, merges.nodes[i], merges.lines[i]);
                if (k < 0)
                        return k;
        }
        *ret = node;
        return anchor_set(r, start->data.mapping_start.anchor, node);
}

static int read_node(Reader* r, yaml_event_t* e, unsigned depth, YamlNode** ret) {
        size_t line = e->start_mark.line + 1;
        if (depth > YAML_DEPTH_MAX)
                return refuse(r, line, "the file nests too deeply.");
        if (r->tree->n >= YAML_NODES_MAX)
                return refuse(r, line, "the file has far too many parts.");
        switch (e->type) {
        case YAML_SCALAR_EVENT:
                return read_text(r, e, ret);
        case YAML_SEQUENCE_START_EVENT:
                return tag_known(e->data.sequence_start.tag) ? read_list(r, e, depth, ret) : refuse(r, line, "tags as !reset are not known here.");
        case YAML_MAPPING_START_EVENT:
                return tag_known(e->data.mapping_start.tag) ? read_map(r, e, depth, ret) : refuse(r, line, "tags as !reset are not known here.");
        case YAML_ALIAS_EVENT:
                *ret = anchor_get(r, e->data.alias.anchor);
                return *ret ? 0 : refuse(r, line, "an alias names an anchor that is not there, or itself.");
        default:
                return refuse(r, line, "this is not a map, a list or a text.");
        }
}

/* Stream start, document start, one node, document end, stream end. */
static int read_document(Reader* r, const YamlNode** ret) {
        static const yaml_event_type_t frame[] = { YAML_STREAM_START_EVENT, YAML_DOCUMENT_START_EVENT };
        yaml_event_t e;
        YamlNode* root = NULL;
        int k = 0;
        for (size_t i = 0; i < ELEMENTS(frame); i++) {
                k = next_event(r, &e);
                if (k < 0)
                        return k;
                bool good = e.type == frame[i];
                yaml_event_delete(&e);
                if (!good)
                        return refuse(r, 1, "the file is empty.");
        }
        k = next_event(r, &e);
        if (k < 0)
                return k;
        k = read_node(r, &e, 0, &root);
        yaml_event_delete(&e);
        if (k >= 0)
                k = next_event(r, &e); /* the document's end */
        if (k < 0)
                return k;
        yaml_event_delete(&e);
        k = next_event(r, &e);
        if (k < 0)
                return k;
        bool more = e.type != YAML_STREAM_END_EVENT;
        size_t line = e.start_mark.line + 1;
        yaml_event_delete(&e);
        if (more)
                return refuse(r, line, "a second document begins; only one can be in the file.");
        *ret = root;
        return 0;
}

int yaml_tree_read(const char* text, size_t size, YamlTree** ret, const YamlNode** ret_root, Error* reterr) {
        Reader r = { .reterr = reterr };
        if (size > YAML_BYTES_MAX)
                return error_field(reterr, ERROR_TOO_LARGE, "compose", "The file has more than %u KiB.", YAML_BYTES_MAX / 1024);
        if (!utf8_valid(text, size))
                return error_field(reterr, ERROR_BAD_FIELD, "compose", "The file is not UTF-8.");
        _cleanup_(yaml_tree_freep) YamlTree* tree = calloc(1, sizeof(YamlTree));
        if (!tree || !yaml_parser_initialize(&r.parser))
                return error_errno(reterr, -ENOMEM, "Cannot read the file");
        r.tree = tree;
        yaml_parser_set_input_string(&r.parser, (const unsigned char*) text, size);
        yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
        int k = read_document(&r, ret_root);
        yaml_parser_delete(&r.parser);
        if (k >= 0)
                *ret = TAKE_PTR(tree);
        return k;
}
