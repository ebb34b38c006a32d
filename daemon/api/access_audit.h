#pragma once
/* Requests and connections that were refused for want of rights or for a limit, in the audit trail: one row
 * for each that is new, again after an hour, and a bound on all of them. */
#include "daemon/api/roles.h"
#include "daemon/fabric/fabric.h"

struct access_audit;

struct access_audit *access_audit_new(struct fabric *fabric); /* NULL without memory */
void access_audit_free(struct access_audit *audit);           /* NULL is fine */
/* method: "CreateSlice", or "Connect". object: what the request names, or "". True when it was written down.
 */
bool access_audit_note(struct access_audit *audit, const char *principal, const char *method,
                       const char *object, const char *text, int64_t now_us);
