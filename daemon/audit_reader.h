#pragma once
/* Questions to the audit trail, each answered by a thread of its own. Loop thread. */
#include "daemon/store/audit_query.h"

struct audit_reader;
struct worker;

/* db_path and worker live as long as this. 0 or -ENOMEM. */
__attribute__((warn_unused_result)) int audit_reader_new(const char *db_path, struct worker *worker,
                                                         struct audit_reader **ret_reader);
/* After worker_free(), which answers what is under way. NULL is fine. */
void audit_reader_free(struct audit_reader *reader);
/* done is called by worker_dispatch(). 0, -EBUSY while as many as are allowed are under way, or another
 * negative errno. */
__attribute__((warn_unused_result)) int
audit_reader_ask(struct audit_reader *reader, const struct audit_query *query,
                 void (*done)(void *userdata, const struct audit_result *result), void *userdata);
