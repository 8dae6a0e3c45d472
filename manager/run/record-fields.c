#include "run/record-fields.h"

#define AT(type, field) offsetof(type, field)
#define STRING(type, field) { #field, RECORD_STRING, AT(type, field), 0, 0, NULL }
#define BOOLEAN(type, field) { #field, RECORD_BOOLEAN, AT(type, field), 0, 0, NULL }
#define U16(type, field) { #field, RECORD_U16, AT(type, field), 0, 0, NULL }
#define U32(type, field) { #field, RECORD_U32, AT(type, field), 0, 0, NULL }
#define U64(type, field) { #field, RECORD_U64, AT(type, field), 0, 0, NULL }
#define STRINGS(type, field, max) { #field, RECORD_STRINGS, AT(type, field), 0, max, NULL }
#define NUMBERS(type, field, max) { #field, RECORD_NUMBERS, AT(type, field), AT(type, field##_n), max, NULL }
#define LIST(type, field, max, of) { #field, RECORD_LIST, AT(type, field), AT(type, field##_n), max, of }
#define STRUCT(type, field, of) { #field, RECORD_STRUCT, AT(type, field), 0, 0, of }
#define TYPE(name, c_type, members, fields) static const RecordType name = { members, sizeof(c_type), fields, ELEMENTS(fields) }

static const RecordField mount_fields[] = { STRING(AppMount, data), STRING(AppMount, path), BOOLEAN(AppMount, read_only) };
TYPE(mount_type, AppMount, "ssb", mount_fields);

static const RecordField health_fields[] = {
        STRINGS(AppHealth, command, APP_ARGS_MAX), U32(AppHealth, interval_sec), U32(AppHealth, timeout_sec),
        U32(AppHealth, retries),                   U32(AppHealth, start_sec),
};
TYPE(health_type, AppHealth, "asuuuu", health_fields);

#define C AppContainerRecord
static const RecordField container_fields[] = {
        STRING(C, name),
        STRINGS(C, layers, APP_LAYERS_MAX),
        STRINGS(C, args, APP_ARGS_MAX),
        STRINGS(C, env, APP_ENV_MAX),
        U32(C, uid),
        U32(C, gid),
        NUMBERS(C, groups, APP_WORDS_MAX),
        STRING(C, cwd),
        BOOLEAN(C, read_only),
        BOOLEAN(C, init),
        BOOLEAN(C, one_shot),
        STRINGS(C, after, APP_CONTAINERS_MAX),
        STRINGS(C, scratch, APP_WORDS_MAX),
        LIST(C, mounts, APP_MOUNTS_MAX, &mount_type),
        STRINGS(C, powers, APP_WORDS_MAX),
        U32(C, stop_signal),
        U32(C, stop_sec),
        U64(C, memory_max),
        U64(C, shm_bytes),
        STRUCT(C, health, &health_type),
};
#undef C
TYPE(container_type, AppContainerRecord, "sasasasuuausbbbasasa(ssb)asuutt(asuuuu)", container_fields);

static const RecordField task_fields[] = {
        STRING(AppTaskRecord, id), STRING(AppTaskRecord, container), STRING(AppTaskRecord, calendar),
        STRINGS(AppTaskRecord, command, APP_ARGS_MAX), BOOLEAN(AppTaskRecord, active),
};
TYPE(task_type, AppTaskRecord, "sssasb", task_fields);

static const RecordField port_fields[] = { STRING(AppPortRecord, protocol), U16(AppPortRecord, host_port), U16(AppPortRecord, port) };
TYPE(port_type, AppPortRecord, "suu", port_fields);

#define A AppRecord
static const RecordField app_fields[] = {
        STRING(A, id),
        U32(A, slot),
        STRING(A, title),
        STRING(A, network_out),
        BOOLEAN(A, host_network),
        STRING(A, gate),
        STRING(A, access),
        U16(A, http_port),
        U32(A, max_upload_mb),
        STRINGS(A, public_paths, APP_WORDS_MAX),
        STRING(A, user_header),
        U64(A, memory_max),
        U32(A, cpu_weight),
        U32(A, tasks_max),
        BOOLEAN(A, enabled),
        LIST(A, containers, APP_CONTAINERS_MAX, &container_type),
        LIST(A, tasks, APP_TASKS_MAX, &task_type),
        LIST(A, ports, APP_PORTS_MAX, &port_type),
        STRING(A, note),
};
#undef A
const RecordType app_record_type = {
        "sussbssuuasstuuba(sasasasuuausbbbasasa(ssb)asuutt(asuuuu))a(sssasb)a(suu)s",
        sizeof(AppRecord),
        app_fields,
        ELEMENTS(app_fields),
};

struct RecordBlock {
        RecordBlock* next;
        size_t size;
        max_align_t bytes[];
};

RecordMemory* record_memory_new(void) {
        RecordMemory* m = malloc(sizeof(*m));
        if (m)
                *m = (RecordMemory) {};
        return m;
}

void* record_memory_take(RecordMemory* m, size_t n, size_t size) {
        size_t bytes;
        if (__builtin_mul_overflow(n, size, &bytes) || bytes > APP_RECORD_BYTES)
                return NULL;
        RecordBlock* b = calloc(1, sizeof(*b) + bytes);
        if (!b)
                return NULL;
        b->size = bytes;
        b->next = m->blocks;
        m->blocks = b;
        return b->bytes;
}

AppRecord* app_record_free(AppRecord* a) {
        RecordMemory* m = (RecordMemory*) a; /* its first member */
        while (m && m->blocks) {
                RecordBlock* b = m->blocks;
                m->blocks = b->next;
                explicit_bzero(b->bytes, b->size); /* environments hold passwords */
                free(b);
        }
        free(m);
        return NULL;
}
