/* The kernel's ruleset in words: reads what `nft --json list ruleset` prints (libnftables-json(5)) and makes of it a Firewall of
 * tbl/types.h. Pure; unknown expressions stay as text, never as a guess. */
#pragma once
#include "base/json.h"

json_t* firewall_describe(const json_t* ruleset); /* owned; ruleset may be anything */
