/* The text of each file of migrations/, oldest first: entry n moves schema n + 1 to n + 2. */
#pragma once
static const char migration_2[] =
#include "store/migration-2.inc"
                ;
static const char migration_3[] =
#include "store/migration-3.inc"
                ;
static const char* const store_migrations[] = { migration_2, migration_3, NULL };
