#include "app/disk-room.h"
#include "store/store-setting.h"

#define KEPT "app_disk_bases" /* {app: [own, files, free, inodes_free, at]}, as in DiskBase */

static json_t* bases_json(const Apps* a) {
        json_t* all = json_object();
        for (size_t i = 0; i < a->live_n; i++) {
                const DiskBase* b = &a->live[i]->disk_base;
                if (b->at > 0)
                        (void) json_object_set_new(all, a->live[i]->id, json_pack("[I, I, I, I, I]", (json_int_t) b->own, (json_int_t) b->files, (json_int_t) b->free,
                                                                                  (json_int_t) b->inodes_free, (json_int_t) b->at));
        }
        return all;
}

int disk_bases_save(Manager* m, Error* reterr) {
        _cleanup_json_ json_t* all = bases_json(m->apps);
        _cleanup_free_ char* text = json_text(all, /* canonical= */ true);
        if (!text)
                return error_errno(reterr, -ENOMEM, "Cannot keep how the disk stood");
        return store_setting_save(m->store, KEPT, text, reterr);
}

void disk_bases_load(Manager* m) {
        _cleanup_free_ char* text = NULL;
        if (store_setting_get(m->store, KEPT, &text, NULL) <= 0)
                return;
        _cleanup_json_ json_t* all = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        for (size_t i = 0; i < m->apps->live_n; i++) {
                AppLive* live = m->apps->live[i];
                json_int_t own, files, room, inodes, at;
                json_t* one = json_object_get(all, live->id);
                if (live->disk_base.at == 0 && one && json_unpack(one, "[I, I, I, I, I]", &own, &files, &room, &inodes, &at) >= 0)
                        live->disk_base = (DiskBase) { .own = own, .files = files, .free = room, .inodes_free = inodes, .at = at };
        }
}
