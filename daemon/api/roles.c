#include "daemon/api/roles.h"
#include "daemon/api/identity.h"
#include "inventory/names.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRY_MAX = 256, TEXT_MAX = 128 };

enum kind { KIND_USER, KIND_GROUP, KIND_NAME, KIND_ALL };

struct entry {
    enum kind kind;
    uid_t uid;
    gid_t gid;
    char name[PRINCIPAL_MAX]; /* of a certificate */
    enum role role;
    bool is_host_proxy, has_quota;
    int64_t quota_chips, quota_slices;
    char host_pod[PRINCIPAL_MAX];
    unsigned host_cube, host;
};

struct roles {
    uid_t own_uid;
    struct entry *entry;
    size_t n;
};

/* One list of the table. */
struct list {
    const char *name;
    const char *text;
    enum role role;
    bool is_host_proxy;
    int (*read_value)(struct entry *entry, const char *value); /* NULL: entries have none */
    const char *value_help;
};

const char *role_name(enum role role) {
    static const char *const names[] = {"none", "host", "viewer", "scheduler", "operator", "admin"};
    return names[role];
}

static int read_host(struct entry *entry, const char *value) {
    struct inventory_name name;
    if (inventory_parse_host(value, &name, NULL) || !*name.pod || strlen(name.pod) >= PRINCIPAL_MAX)
        return -EINVAL;
    snprintf(entry->host_pod, sizeof(entry->host_pod), "%s", name.pod);
    entry->host_cube = name.cube;
    entry->host = name.host;
    return 0;
}

static int read_quota(struct entry *entry, const char *value) {
    int end = 0;
    long long chips, slices;
    if (sscanf(value, "%9lld/%9lld%n", &chips, &slices, &end) != 2 || value[end] || chips < 0 || slices < 0)
        return -EINVAL;
    entry->has_quota = true;
    entry->quota_chips = chips;
    entry->quota_slices = slices;
    return 0;
}

/* "#1001" to a number below the one that stands for no user. */
static bool read_number(const char *text, unsigned long *ret_number) {
    char *end;
    if (*text != '#' || !isdigit((unsigned char)text[1]))
        return false;
    errno = 0;
    *ret_number = strtoul(text + 1, &end, 10);
    return !*end && !errno && *ret_number < UINT32_MAX;
}

static int resolve_user(struct entry *entry, const char *name, char *error) {
    unsigned long number;
    entry->kind = KIND_USER;
    if (*name == '#' ? read_number(name, &number) : false) {
        entry->uid = (uid_t)number;
    } else {
        const struct passwd *user = getpwnam(name);
        if (!user) {
            snprintf(error, ROLES_ERROR_MAX, "there is no user \"%s\"", name);
            return ROLES_REFUSED;
        }
        entry->uid = user->pw_uid;
    }
    if (entry->uid != OVERFLOW_UID)
        return 0;
    snprintf(error, ROLES_ERROR_MAX, "user \"%s\" has the number %d, which stands for users without one",
             name, OVERFLOW_UID);
    return ROLES_REFUSED;
}

static int resolve_group(struct entry *entry, const char *name, char *error) {
    unsigned long number;
    entry->kind = KIND_GROUP;
    if (*name == '#' ? read_number(name, &number) : false) {
        entry->gid = (gid_t)number;
    } else {
        const struct group *group = getgrnam(name);
        if (!group) {
            snprintf(error, ROLES_ERROR_MAX, "there is no group \"%s\"", name);
            return ROLES_REFUSED;
        }
        entry->gid = group->gr_gid;
    }
    if (entry->gid != OVERFLOW_UID)
        return 0;
    snprintf(error, ROLES_ERROR_MAX, "group \"%s\" has the number %d, which stands for groups without one",
             name, OVERFLOW_UID);
    return ROLES_REFUSED;
}

static int resolve(const struct list *list, struct entry *entry, const char *who, char *error) {
    if (!strncmp(who, "user:", 5))
        return resolve_user(entry, who + 5, error);
    if (!strncmp(who, "group:", 6))
        return resolve_group(entry, who + 6, error);
    if (!strcmp(who, "*") && list->read_value == read_quota) {
        entry->kind = KIND_ALL;
        return 0;
    }
    bool is_name = (!strncmp(who, "URI:", 4) || !strncmp(who, "DNS:", 4)) && who[4];
    if (!is_name || list->is_host_proxy) {
        snprintf(error, ROLES_ERROR_MAX, "\"%s\": write %s", who,
                 list->is_host_proxy ? "user:NAME or group:NAME"
                                     : "user:NAME, group:NAME, URI:... or DNS:...");
        return ROLES_REFUSED;
    }
    if (strlen(who) >= sizeof(entry->name)) {
        snprintf(error, ROLES_ERROR_MAX, "\"%.40s...\" has more than %d characters", who, PRINCIPAL_MAX - 1);
        return ROLES_REFUSED;
    }
    entry->kind = KIND_NAME;
    strcpy(entry->name, who);
    return 0;
}

static int read_entry(struct roles *roles, const struct list *list, char *word, char *error) {
    struct entry entry = {.role = list->role, .is_host_proxy = list->is_host_proxy};
    char why[ROLES_ERROR_MAX] = "";
    char *value = list->read_value ? strrchr(word, '=') : NULL;
    if (list->read_value && !value) {
        snprintf(error, ROLES_ERROR_MAX, "roles.%s: \"%s\": write ENTRY=%s", list->name, word,
                 list->value_help);
        return ROLES_REFUSED;
    }
    if (value)
        *value++ = '\0';
    int r = resolve(list, &entry, word, why);
    if (r == 0 && value && list->read_value(&entry, value)) {
        snprintf(why, sizeof(why), "\"%s\" is not %s", value, list->value_help);
        r = ROLES_REFUSED;
    }
    if (r) {
        snprintf(error, ROLES_ERROR_MAX, "roles.%s: %.240s", list->name, why);
        return r;
    }
    struct entry *entries = realloc(roles->entry, (roles->n + 1) * sizeof(*entries));
    if (!entries)
        return -ENOMEM;
    roles->entry = entries;
    entries[roles->n++] = entry;
    return 0;
}

static int read_list(struct roles *roles, const struct list *list, char *error) {
    char word[TEXT_MAX];
    const char *at = list->text;
    while (at && *(at += strspn(at, ", \t"))) {
        size_t len = strcspn(at, ", \t");
        if (len >= sizeof(word)) {
            snprintf(error, ROLES_ERROR_MAX, "roles.%s: an entry has more than %d characters: \"%.40s...\"",
                     list->name, TEXT_MAX - 1, at);
            return ROLES_REFUSED;
        }
        if (roles->n >= ENTRY_MAX) {
            snprintf(error, ROLES_ERROR_MAX, "roles.%s: there are more than %d entries in all", list->name,
                     ENTRY_MAX);
            return ROLES_REFUSED;
        }
        memcpy(word, at, len);
        word[len] = '\0';
        at += len;
        int r = read_entry(roles, list, word, error);
        if (r)
            return r;
    }
    return 0;
}

int roles_new(const struct roles_text *text, uid_t own_uid, struct roles **ret_roles,
              char error[ROLES_ERROR_MAX]) {
    const struct list lists[] = {
        {.name = "viewer", .text = text->viewer, .role = ROLE_VIEWER},
        {.name = "scheduler", .text = text->scheduler, .role = ROLE_SCHEDULER},
        {.name = "operator", .text = text->operator_, .role = ROLE_OPERATOR},
        {.name = "admin", .text = text->admin, .role = ROLE_ADMIN},
        {.name = "host_proxy", .text = text->host_proxy, .role = ROLE_HOST, .is_host_proxy = true},
        {.name = "host",
         .text = text->host,
         .role = ROLE_HOST,
         .read_value = read_host,
         .value_help = "POD/cube-07/host-03"},
        {.name = "quota", .text = text->quota, .read_value = read_quota, .value_help = "CHIPS/SLICES"},
    };
    struct roles *roles = calloc(1, sizeof(*roles));
    if (!roles)
        return -ENOMEM;
    roles->own_uid = own_uid;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        int r = read_list(roles, &lists[i], error);
        if (r) {
            roles_free(roles);
            return r;
        }
    }
    *ret_roles = roles;
    return 0;
}

void roles_free(struct roles *roles) {
    if (!roles)
        return;
    free(roles->entry);
    free(roles);
}

static bool matches(const struct entry *entry, const struct grpcx_peer *peer) {
    switch (entry->kind) {
    case KIND_ALL:
        return true;
    case KIND_USER:
        return !peer->is_tls && entry->uid == peer->uid;
    case KIND_GROUP:
        if (peer->is_tls)
            return false;
        for (size_t i = 0; i < peer->n_groups; i++)
            if (peer->groups[i] == entry->gid)
                return true;
        return entry->gid == peer->gid;
    case KIND_NAME:
        for (size_t i = 0; i < peer->n_names; i++)
            if (!strcmp(peer->names[i], entry->name))
                return true;
    }
    return false;
}

/* A certificate that names a host makes its owner that host. */
static void find_host_name(const struct grpcx_peer *peer, struct rights *rights) {
    static const char prefix[] = "URI:heliostat:host/";
    for (size_t i = 0; i < peer->n_names; i++) {
        struct entry host = {0};
        if (strncmp(peer->names[i], prefix, sizeof(prefix) - 1) ||
            read_host(&host, peer->names[i] + sizeof(prefix) - 1))
            continue;
        memcpy(rights->host_pod, host.host_pod, sizeof(rights->host_pod));
        rights->host_cube = host.host_cube;
        rights->host = host.host;
        if (rights->role < ROLE_HOST) {
            rights->role = ROLE_HOST;
            snprintf(rights->principal, sizeof(rights->principal), "%.63s", peer->names[i]);
        }
        return;
    }
}

void roles_find(const struct roles *roles, const struct grpcx_peer *peer, struct rights *ret_rights) {
    struct rights rights = {.quota_chips = -1, .quota_slices = -1};
    bool is_viewer = false, has_quota = false;
    if (peer->is_tls)
        snprintf(rights.principal, sizeof(rights.principal), "%.63s",
                 peer->n_names ? peer->names[0] : "certificate without a name");
    if (peer->is_tls)
        inventory_make_printable(rights.principal);
    else
        identity_principal(peer->uid, rights.principal, sizeof(rights.principal));
    if (!peer->is_tls && peer->uid == OVERFLOW_UID) {
        *ret_rights = rights;
        return;
    }
    if (!peer->is_tls && (peer->uid == 0 || peer->uid == roles->own_uid)) {
        rights.role = ROLE_ADMIN;
        rights.is_host_proxy = true;
    }
    for (size_t i = 0; i < roles->n; i++) {
        const struct entry *entry = &roles->entry[i];
        if (!matches(entry, peer))
            continue;
        if (entry->has_quota && !has_quota) {
            has_quota = true;
            rights.quota_chips = entry->quota_chips;
            rights.quota_slices = entry->quota_slices;
        }
        if (entry->role > rights.role) {
            rights.role = entry->role;
            if (entry->kind == KIND_NAME)
                strcpy(rights.principal, entry->name);
        }
        is_viewer = is_viewer || entry->role == ROLE_VIEWER;
        rights.is_host_proxy = rights.is_host_proxy || entry->is_host_proxy;
        if (*entry->host_pod) {
            memcpy(rights.host_pod, entry->host_pod, sizeof(rights.host_pod));
            rights.host_cube = entry->host_cube;
            rights.host = entry->host;
        }
    }
    find_host_name(peer, &rights);
    if (rights.role >= ROLE_OPERATOR)
        rights.quota_chips = rights.quota_slices = -1;
    rights.is_scoped = rights.role == ROLE_SCHEDULER && !is_viewer;
    *ret_rights = rights;
}
