#pragma once
/* Handlers of MaintenanceService that test cubes. */
#include "daemon/api/service.h"

void qualify_cube_call(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request);
void get_qualification_call(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request);
