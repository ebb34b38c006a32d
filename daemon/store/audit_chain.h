#pragma once
/* The hash chain over the audit trail.
 *
 * hash = SHA-256 in lower-case hex over these fields in this order, each written as "LENGTH:BYTES": the hash
 * of the row before (the first row: 64 zeros), audit_id and time_us in decimal, actor, method, object,
 * request, outcome. Row order is the order of commit, which is the order of audit_id.
 *
 * Table meta holds audit_head_id and audit_head_hash of the last row written, and after pruning
 * audit_anchor_id and audit_anchor_hash of the last row removed. */
#include "daemon/store/record.h"

#include <sqlite3.h>

#define AUDIT_HASH_SIZE 65

struct audit_chain {
    int64_t head_id; /* 0: no row yet */
    char head_hash[AUDIT_HASH_SIZE];
};

void audit_hash(const char *previous, const struct store_audit *row, char ret_hash[AUDIT_HASH_SIZE]);
/* All return 0 or negative errno. */
__attribute__((warn_unused_result)) int audit_chain_load(sqlite3 *db, struct audit_chain *ret_chain);
__attribute__((warn_unused_result)) int audit_chain_save(sqlite3 *db, const struct audit_chain *chain);
/* Moves the anchor to the last row with audit_id <= last_id; called before those rows are deleted. */
__attribute__((warn_unused_result)) int audit_chain_anchor(sqlite3 *db, int64_t last_id);
