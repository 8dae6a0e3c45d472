/* The text of each file of migrations/, oldest first: entry n moves schema n + 1 to n + 2. None is needed while the schema is 1. */
#pragma once
static const char* const store_migrations[] = { NULL };
