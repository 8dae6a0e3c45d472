/* Redirects, aliases and headers of names. */
#include "domain/domain-internal.h"

int served_names_nginx(Manager* m, NginxNames* list, Error* reterr) {
        return 0;
}

int served_names_wanted(Manager* m, const DomainView* domain, WantedRecords* list, Error* reterr) {
        return 0;
}
