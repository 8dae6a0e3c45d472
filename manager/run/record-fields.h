/* The record's fields as data, so that its forms (JSON in the file, a typed message on the bus) are walked and not written out twice. */
#pragma once
#include "run/record.h"

typedef enum RecordKind {
        RECORD_STRING,
        RECORD_BOOLEAN,
        RECORD_U16,
        RECORD_U32,
        RECORD_U64,
        RECORD_STRINGS, /* NULL-ended */
        RECORD_NUMBERS, /* uint32_t, counted */
        RECORD_LIST,    /* of structs, counted */
        RECORD_STRUCT,
} RecordKind;

typedef struct RecordType RecordType;
typedef struct RecordField {
        const char* name;
        RecordKind kind;
        size_t offset, n_offset; /* of the value; of the count of NUMBERS and LIST */
        size_t max;              /* items at most */
        const RecordType* type;  /* of LIST and STRUCT */
} RecordField;
struct RecordType {
        const char* signature; /* of its members on the bus, without brackets */
        size_t size;
        const RecordField* fields;
        size_t n;
};
extern const RecordType app_record_type;

/* Memory of one record, behind the AppRecord that is its first member. */
typedef struct RecordBlock RecordBlock;
typedef struct RecordMemory {
        AppRecord record;
        RecordBlock* blocks;
} RecordMemory;
RecordMemory* record_memory_new(void);
void* record_memory_take(RecordMemory* m, size_t n, size_t size); /* zeroed; NULL when out of memory */

/* A pointer member whatever it points to. */
static inline const void* record_pointer(const void* at) {
        const void* p;
        memcpy(&p, at, sizeof(p));
        return p;
}
static inline void record_pointer_put(void* at, const void* p) {
        memcpy(at, &p, sizeof(p));
}
