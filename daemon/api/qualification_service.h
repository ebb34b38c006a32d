#pragma once
/* Handlers of MaintenanceService that test cubes. */
#include "daemon/api/service.h"
#include "daemon/fabric/qualify_cube.h"
#include "heliostat/v1/maintenance.pb-c.h"

/* NULL without memory. */
Heliostat__V1__Qualification *convert_qualification(struct arena *arena,
                                                    const struct fabric_qualification *qualification);

void qualify_cube_call(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request);
void get_qualification_call(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request);
