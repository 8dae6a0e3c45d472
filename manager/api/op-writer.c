/* Who writes a domain's records, at the edge. */
#include "api/handlers.h"

int op_domain_connect(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_domain_disconnect(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_domain_test(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_domain_write(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}

int op_dns_provider_list(Request* r, Error* reterr) {
        return error_set(reterr, ERROR_WRONG_STATE, "This is being built.");
}
