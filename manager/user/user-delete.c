/* Off-boarding: each stage is one short transaction and may be repeated after a kill without harm. Nouns that come later take part by
 * their erase(). */
#include "daemon/nouns.h"
#include "store/store-group.h"
#include "store/store-session.h"
#include "user/user.h"

enum { STAGE_SESSIONS, STAGE_TOKENS, STAGE_GROUPS, STAGE_PERSON };

static int end_sessions(Manager* m, int64_t id, Error* reterr) {
        int r = user_sessions_end(m, id, NULL, reterr);
        return r < 0 ? r : store_link_remove_of(m->store, id, reterr);
}

/* The person is deactivated already, so this only goes on when nobody changed that: somebody frozen meanwhile stays. */
static int still_wanted(Manager* m, int64_t id, Error* reterr) {
        _cleanup_(user_freep) User* u = NULL;
        int r = store_user_by_id(m->store, id, &u, reterr);
        if (r <= 0)
                return r; /* gone: a repeated last stage */
        r = user_check_thawed(u, reterr);
        if (r >= 0)
                r = user_check_last_owner(m, u, reterr);
        return r < 0 ? r : 1;
}

/* Every noun forgets; people themselves come last, because the others may still want to look them up. */
static int erase(Manager* m, int64_t id, Error* reterr) {
        int r = 0;
        for (size_t i = 0; noun_table[i] && r >= 0; i++)
                if (noun_table[i]->erase && noun_table[i] != &user_noun)
                        r = noun_table[i]->erase(m, id, reterr);
        return r < 0 ? r : user_noun.erase(m, id, reterr);
}

static int delete_step(Manager* m, Job* job, Error* reterr) {
        int64_t id = json_get_integer(job->request, "user_id", 0);
        int r = still_wanted(m, id, reterr);
        if (r < 0)
                return r;
        if (r == 0)
                return 1;
        switch (job->stage) {
        case STAGE_SESSIONS:
                r = end_sessions(m, id, reterr);
                break;
        case STAGE_TOKENS:
                r = store_token_remove_all(m->store, id, reterr);
                break;
        case STAGE_GROUPS:
                r = store_group_leave_all(m->store, id, reterr);
                break;
        case STAGE_PERSON:
                r = erase(m, id, reterr);
                break;
        default:
                return error_set(reterr, ERROR_INTERNAL, "Deleting a person has no stage %u.", job->stage);
        }
        job->percent = 25 * (job->stage + 1);
        return r < 0 ? r : 1;
}

const JobClass user_delete_job = { .step = delete_step };
