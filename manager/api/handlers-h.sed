# ops.h -> the prototypes of all handlers.
1i\
/* Generated from include/tbl/ops.h: one handler for each row. */\
#pragma once\
#include "api/request.h"
/^OP(/!d
s/^OP(\([A-Z_0-9]*\),.*/int op_\L\1\E(Request* request, Error* reterr);/
