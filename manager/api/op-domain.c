/* Domains at the edge. */
#include "api/handlers.h"

int op_domain_look(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_domain_list(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_domain_add(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_domain_check_all(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_domain_show(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_domain_update(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_domain_remove(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_domain_records(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_domain_zone(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_domain_history(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_domain_check(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_domain_ignore(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_domain_switch(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}
