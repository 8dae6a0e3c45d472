#include "app/use.h"
#include "base/json.h"
#include <stdio.h>

void use_day_init(UseDay* d) {
        d->newest = 0;
        for (size_t i = 0; i < USE_SAMPLES; i++)
                d->samples[i] = (UseSample) { .memory_mb = USE_NONE, .disk_mb = USE_NONE };
}

const UseSample* use_day_sample(const UseDay* d, int64_t slot) {
        const UseSample* s = slot > 0 && slot > d->newest - USE_SAMPLES && slot <= d->newest ? &d->samples[slot % USE_SAMPLES] : NULL;
        return s && s->memory_mb != USE_NONE ? s : NULL;
}

UseSample* use_day_make(UseDay* d, int64_t slot) {
        if (slot <= d->newest - USE_SAMPLES)
                use_day_init(d);
        for (int64_t i = MAX(d->newest + 1, slot - USE_SAMPLES + 1); i <= slot; i++)
                if (i > 0)
                        d->samples[i % USE_SAMPLES] = (UseSample) { .memory_mb = USE_NONE, .disk_mb = USE_NONE };
        d->newest = MAX(d->newest, slot);
        return &d->samples[slot % USE_SAMPLES];
}

unsigned use_megabytes(int64_t mb, unsigned unknown) {
        return mb < 0 ? unknown : (unsigned) MIN(mb, (int64_t) USE_NONE - 1);
}

int64_t use_day_disk(const UseDay* d) {
        for (int64_t slot = d->newest; slot > d->newest - USE_SAMPLES; slot--) {
                const UseSample* s = use_day_sample(d, slot);
                if (s && s->disk_mb != USE_NONE)
                        return (int64_t) s->disk_mb << 20;
        }
        return -1;
}

char* use_day_text(const UseDay* d, int64_t now) {
        char* text = NULL;
        size_t size = 0;
        FILE* f = open_memstream(&text, &size);
        bool first = true;
        if (!f)
                return NULL;
        (void) fputc('[', f);
        for (int64_t slot = now / USE_SLOT_SEC - USE_SAMPLES + 1; slot <= now / USE_SLOT_SEC; slot++) {
                const UseSample* s = use_day_sample(d, slot);
                if (!s)
                        continue;
                fprintf(f, "%s[%lld,%u,%u,%d]", first ? "" : ",", (long long) slot, (unsigned) s->memory_mb, (unsigned) s->cpu_permille,
                        s->disk_mb == USE_NONE ? -1 : (int) s->disk_mb);
                first = false;
        }
        (void) fputc(']', f);
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

static bool number_at(const json_t* item, size_t i, int64_t least, int64_t most, int64_t* ret) {
        const json_t* v = json_array_get(item, i);
        *ret = json_integer_value(v);
        return json_is_integer(v) && *ret >= least && *ret <= most;
}

void use_day_parse(UseDay* d, const char* text) {
        _cleanup_json_ json_t* list = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        size_t i;
        json_t* item;
        json_array_foreach(list, i, item) {
                int64_t slot, memory, cpu, disk;
                if (number_at(item, 0, 1, UINT32_MAX, &slot) && number_at(item, 1, 0, UINT32_MAX, &memory) && number_at(item, 2, 0, UINT16_MAX, &cpu) &&
                    number_at(item, 3, -1, INT32_MAX, &disk))
                        *use_day_make(d, slot) = (UseSample) {
                                .memory_mb = use_megabytes(memory, 0), .disk_mb = use_megabytes(disk, USE_NONE), .cpu_permille = (uint16_t) cpu,
                        };
        }
}
