/* What needs attention: asked of every noun, worst first, with what people put aside. */
#pragma once
#include "api/request.h"

typedef struct FindingMemory FindingMemory; /* since when each stands */
FindingMemory* finding_memory_free(FindingMemory* f);

/* Array of Finding of types.h, owned; NULL with an error. */
json_t* finding_list(Manager* m, Error* reterr);
/* NOT_FOUND unless it stands. days 0 shows it again. */
int finding_ignore(Manager* m, const char* id, int64_t days, const char* reason, const Actor* actor, Error* reterr);
/* Hourly: writes down since when each stands, drops what is over. Inside a transaction. */
int finding_remember(Manager* m, Error* reterr);
