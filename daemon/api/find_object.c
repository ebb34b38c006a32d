#include "daemon/api/find_object.h"
#include "daemon/api/find.h"
#include "daemon/api/refusal.h"
#include "inventory/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse_shape(struct fabric_refusal *refusal, const char *field, const char *name) {
    return refuse_invalid(
        refusal, field, "\"%.90s\" is none of cube-07, cube-07/host-03, cube-07/+x/5, ocs-x-05/A17, ocs-x-05",
        name);
}

static int find_part_of_cube(const struct fabric_cube *cube, const char *rest, const char *field,
                             const char *name, struct found_object *found, struct fabric_refusal *refusal) {
    struct inventory_name parsed;
    unsigned face;
    char text[96];
    found->object.cube = cube->index;
    if (!*rest) {
        found->object.kind = MAINTENANCE_CUBE;
        snprintf(found->name, sizeof(found->name), "%s", cube->name);
        return 0;
    }
    snprintf(text, sizeof(text), "%s/%.40s", cube->name, rest);
    if (inventory_parse_host(text, &parsed, NULL) == 0) {
        found->object.kind = MAINTENANCE_HOST;
        found->object.host = (uint8_t)parsed.host;
        snprintf(found->name, sizeof(found->name), "%s/host-%02u", cube->name, parsed.host);
        return 0;
    }
    char *end;
    const char *slash = strchr(rest, '/');
    unsigned long index = slash ? strtoul(slash + 1, &end, 10) : 0;
    snprintf(text, sizeof(text), "%.*s", slash ? (int)(slash - rest) : 0, rest);
    if (!slash || slash[1] < '0' || slash[1] > '9' || *end || index >= TOPO_INDICES ||
        inventory_parse_face(text, &face, NULL))
        return refuse_shape(refusal, field, name);
    found->object.kind = MAINTENANCE_FIBER;
    found->object.face = (uint8_t)face;
    found->object.index = (uint8_t)index;
    snprintf(found->name, sizeof(found->name), "%s/%s/%lu", cube->name, topo_face_name(face), index);
    return 0;
}

static int find_part_of_ocs(const struct fabric_ocs *ocs, const char *rest, const char *field,
                            struct found_object *found, struct fabric_refusal *refusal) {
    unsigned side, port;
    char error[INVENTORY_ERROR_MAX];
    found->object.ocs = ocs->index;
    if (!*rest) {
        found->object.kind = MAINTENANCE_OCS;
        snprintf(found->name, sizeof(found->name), "%s", ocs->name);
        return 0;
    }
    if (inventory_parse_port(rest, &side, &port, error))
        return refuse_invalid(refusal, field, "%s", error);
    found->object.kind = MAINTENANCE_PORT;
    found->object.side = (uint8_t)side;
    found->object.port = (uint16_t)port;
    snprintf(found->name, sizeof(found->name), "%s/%c%u", ocs->name, side ? 'B' : 'A', port);
    return 0;
}

int find_object(const struct fabric *fabric, const char *name, const char *field,
                struct found_object *ret_found, struct fabric_refusal *refusal) {
    struct found_object found = {0};
    const char *rest = name;
    char pod[64] = "", head[64];
    const char *slash = strchr(name, '/');
    if (strncmp(name, "cube-", 5) != 0 && strncmp(name, "ocs-", 4) != 0 && slash) {
        if ((size_t)(slash - name) >= sizeof(pod))
            return refuse_shape(refusal, field, name);
        memcpy(pod, name, (size_t)(slash - name));
        rest = slash + 1;
    }
    if (find_pod(fabric, pod, field, &found.pod, refusal))
        return FABRIC_REFUSED;
    size_t length = strcspn(rest, "/");
    if (length >= sizeof(head))
        return refuse_shape(refusal, field, name);
    memcpy(head, rest, length);
    head[length] = '\0';
    const char *part = rest[length] ? rest + length + 1 : "";
    const struct fabric_cube *cube;
    const struct fabric_ocs *ocs;
    int r;
    if (rest[length] && !*part)
        r = refuse_shape(refusal, field, name);
    else if (strncmp(head, "cube-", 5) == 0)
        r = find_cube(fabric, found.pod, head, field, REASON_NONE, &cube, refusal)
                ? FABRIC_REFUSED
                : find_part_of_cube(cube, part, field, name, &found, refusal);
    else if (strncmp(head, "ocs-", 4) == 0)
        r = find_ocs(fabric, found.pod, head, field, &ocs, refusal)
                ? FABRIC_REFUSED
                : find_part_of_ocs(ocs, part, field, &found, refusal);
    else
        r = refuse_shape(refusal, field, name);
    if (r)
        return r;
    if (!maintenance_exists(found.pod, &found.object))
        return refuse_not_found(refusal, field, "there is no %s/%s", found.pod->name, found.name);
    *ret_found = found;
    return 0;
}

int find_move_to(struct found_object *found, const char *port, const char *field,
                 struct fabric_refusal *refusal) {
    unsigned side, number;
    char error[INVENTORY_ERROR_MAX];
    if (found->object.kind != MAINTENANCE_PORT)
        return refuse_invalid(refusal, field, "only the fiber of a port is moved; %s is none", found->name);
    if (inventory_parse_port(port, &side, &number, error))
        return refuse_invalid(refusal, field, "%s", error);
    if (side != found->object.side)
        return refuse_invalid(refusal, field, "%s is on the other side than %s", port, found->name);
    found->object.move_to = (uint16_t)number;
    if (!maintenance_exists(found->pod, &found->object))
        return refuse_not_found(refusal, field, "%s has no port %s", found->pod->ocs[found->object.ocs].name,
                                port);
    return 0;
}
