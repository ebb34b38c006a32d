#include "daemon/api/methods.h"

#include <string.h>

#define RULE(service, method, role)                                                                          \
    { "/heliostat.v1." #service "/" #method, ROLE_##role, false }

const struct method_rule method_rules[] = {
    RULE(HostService, ReportHost, HOST),
    RULE(HostService, ListLinks, VIEWER),
    RULE(HostService, ListHosts, VIEWER),
    RULE(HostService, ListFibers, VIEWER),

    RULE(PodService, ListPods, VIEWER),
    RULE(PodService, GetPod, VIEWER),
    RULE(PodService, GetCapacity, VIEWER),
    RULE(PodService, DiffPod, VIEWER),
    RULE(PodService, ThawPod, OPERATOR),
    RULE(PodService, FreezePod, OPERATOR),
    RULE(PodService, MarkCube, OPERATOR),

    RULE(CubeService, CordonCube, OPERATOR),
    RULE(CubeService, UncordonCube, OPERATOR),
    RULE(CubeService, DrainCube, OPERATOR),
    RULE(CubeService, CancelDrain, OPERATOR),
    RULE(CubeService, ReleaseCube, OPERATOR),
    RULE(CubeService, SetSpares, OPERATOR),

    RULE(OcsService, ListOcses, VIEWER),
    RULE(OcsService, ListPorts, VIEWER),
    RULE(OcsService, ConfirmOcses, OPERATOR),
    RULE(OcsService, SetOcsAddresses, OPERATOR),
    RULE(OcsService, SetTestPort, OPERATOR),

    RULE(MaintenanceService, BeginMaintenance, OPERATOR),
    RULE(MaintenanceService, AllowMaintenance, SCHEDULER),
    RULE(MaintenanceService, EndMaintenance, OPERATOR),
    {"/heliostat.v1.MaintenanceService/ListMaintenance", ROLE_VIEWER, true},
    RULE(MaintenanceService, ReplaceCube, OPERATOR),
    RULE(MaintenanceService, ReplaceHost, OPERATOR),
    RULE(MaintenanceService, ReplaceOcs, OPERATOR),
    RULE(MaintenanceService, FinishPortMove, OPERATOR),
    RULE(MaintenanceService, QualifyCube, OPERATOR),
    RULE(MaintenanceService, GetQualification, VIEWER),

    RULE(CircuitService, ListCircuits, VIEWER),
    RULE(CircuitService, ClearCircuit, OPERATOR),

    RULE(SliceService, GetSlice, VIEWER),
    RULE(SliceService, ListSlices, VIEWER),
    RULE(SliceService, CreateSlice, SCHEDULER),
    RULE(SliceService, CreateSlices, SCHEDULER),
    RULE(SliceService, ActivateSlice, SCHEDULER),
    RULE(SliceService, ExtendReservation, SCHEDULER),
    RULE(SliceService, DeleteSlice, SCHEDULER),
    RULE(SliceService, SwapSlice, SCHEDULER),
    RULE(SliceService, ReshapeSlice, SCHEDULER),
    RULE(SliceService, AcceptDisruption, SCHEDULER),
    RULE(SliceService, RenewSlice, SCHEDULER),
    RULE(SliceService, ReleaseHold, OPERATOR),
    RULE(SliceService, AdoptSlice, OPERATOR),

    RULE(OperationService, GetOperation, VIEWER),
    RULE(OperationService, ListOperations, VIEWER),
    RULE(OperationService, WaitOperation, VIEWER),
    RULE(OperationService, CancelOperation, SCHEDULER),

    RULE(EventService, Watch, VIEWER),
    RULE(AlarmService, ListAlarms, VIEWER),

    {"/heliostat.v1.SnapshotService/GetSnapshot", ROLE_VIEWER, true},
    RULE(InventoryService, ExportInventory, VIEWER),
    RULE(InventoryService, CreatePod, OPERATOR),
    RULE(InventoryService, ImportInventory, OPERATOR),
    RULE(InventoryService, ImportFibers, OPERATOR),

    RULE(AuditService, ListAudit, OPERATOR),
    RULE(AuditService, VerifyAudit, OPERATOR),
    RULE(StoreService, BackupStore, ADMIN),
    {0},
};

struct method_rule method_rule_of(const char *path) {
    for (const struct method_rule *rule = method_rules; rule->path; rule++)
        if (!strcmp(rule->path, path))
            return *rule;
    return (struct method_rule){.path = path, .least = ROLE_ADMIN};
}
