/* Names at the edge. */
#include "api/handlers.h"

int op_name_list(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_name_add(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_name_update(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_name_remove(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}
