/* Answers of the API for people: tables for collections, label and value for objects, as types.h describes them. */
#pragma once
#include "base/json.h"
#include "ops.h"
#include <stdio.h>

typedef struct Printer {
        FILE* file;
        size_t width; /* of the terminal; 0 = unlimited */
        int64_t now;  /* seconds since 1970 */
} Printer;

int print_items(const Printer* p, const Type* type, const json_t* items);
int print_object(const Printer* p, const Type* type, const json_t* object);
/* "What is new in 1.4:" and the text, of an AppVersion that says it. */
void print_news(const Printer* p, const json_t* version);
/* A free-form object: its keys are the labels. depth counts indentation. */
int print_free(const Printer* p, const json_t* object, unsigned depth);
