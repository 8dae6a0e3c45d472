/* The box's own name, at the edge. */
#include "api/handlers.h"

int op_domain_primary(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}
