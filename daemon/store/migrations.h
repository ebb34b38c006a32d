#pragma once
/* The schema, as a list of steps that only ever grows at its end. docs/schema.md describes the result. */
#include <sqlite3.h>
#include <stdint.h>

#define STORE_APPLICATION_ID 0x48656c69 /* "Heli" */

/* Brings a database from schema version `from` (0: empty) to STORE_SCHEMA_VERSION. The caller has a
 * transaction open. 0 or negative errno. */
__attribute__((warn_unused_result)) int migrations_run(sqlite3 *db, int64_t from);
