#pragma once
/* From a host's report to the fabric's own. */
#include "daemon/fabric/fabric.h"
#include "heliostat/v1/host.pb-c.h"

#define CHIPS_PER_HOST 4
#define REPORT_LINKS_MAX 24 /* four chips of six faces */

/* The face index of the chip at x, y, z of its cube on a face; -1 where the chip is not at that face. */
int report_face_index(unsigned face, const unsigned chip[3]);
/* 0 or FABRIC_REFUSED, with fields "report.links[3].index" and so on. A far end outside the pod is no place
 * of this pod: TOPO_NO_END. */
__attribute__((warn_unused_result)) int report_read(const struct fabric *fabric,
                                                    const Heliostat__V1__HostReport *message,
                                                    struct fabric_report *ret_report,
                                                    struct fabric_refusal *refusal);
