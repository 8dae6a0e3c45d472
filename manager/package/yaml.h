/* YAML as a tree with line numbers, by libyaml's events: one document of maps, lists and texts. Anchors,
 * aliases and merges ("<<") are resolved; a node that is named often is shared, and counted as often as
 * it is named, so a small file cannot become a large tree. */
#pragma once
#include "base/error.h"

#define YAML_BYTES_MAX (256u * 1024)
#define YAML_DEPTH_MAX 24
#define YAML_NODES_MAX 8000u /* as if aliases were written out */

typedef enum YamlKind { YAML_TEXT, YAML_LIST, YAML_MAP } YamlKind;

typedef struct YamlNode {
        YamlKind kind;
        unsigned line;            /* from 1 */
        unsigned weight;          /* nodes in it, itself counted */
        bool plain;               /* a text without quotes: null, true and numbers may be meant */
        char* text;               /* of a text */
        size_t n;                 /* of members */
        struct YamlNode** items;  /* borrowed from the tree, as all nodes are */
        char** keys;              /* of a map */
        unsigned* key_lines;      /* of a map */
} YamlNode;

typedef struct YamlTree YamlTree;
/* The error names the line. *ret_root lives as long as the tree. */
int yaml_tree_read(const char* text, size_t size, YamlTree** ret, const YamlNode** ret_root, Error* reterr);
YamlTree* yaml_tree_free(YamlTree* t);
DEFINE_CLEANUP(YamlTree*, yaml_tree_free);
const YamlNode* yaml_node_get(const YamlNode* map, const char* key); /* NULL where there is none */
bool yaml_node_is_null(const YamlNode* node);                        /* nothing, ~ or null; NULL too */
