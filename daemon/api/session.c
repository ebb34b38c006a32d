#include "daemon/api/session.h"
#include "daemon/api/identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024
#define SECOND_US INT64_C(1000000)

/* Lets `rate` through in a second, and as many at once after a pause. */
struct bucket {
    int64_t filled_us; /* 0: full */
    int64_t credit;    /* requests times SECOND_US */
};

/* One principal. Kept while it has connections, and then until its buckets are full again, so that connecting
 * anew gives nothing. */
struct client {
    struct client *next;
    char principal[PRINCIPAL_MAX];
    int64_t connections, streams;
    struct bucket requests, reports;
};

struct session {
    struct sessions *sessions;
    struct client *client;
    uint64_t epoch; /* of the table that rights come from */
    struct rights rights;
};

struct sessions {
    struct sessions_options options;
    uint64_t epoch;
    struct client *bucket[BUCKETS];
    struct bucket total;
};

static int64_t now_us(const struct sessions *sessions) {
    return sessions->options.clock.now_us(sessions->options.clock.userdata);
}

static bool take(struct bucket *bucket, int64_t rate, int64_t at_us) {
    if (rate <= 0)
        return true;
    int64_t most = rate * SECOND_US, passed_us = at_us - bucket->filled_us;
    if (bucket->filled_us == 0 || passed_us >= SECOND_US)
        bucket->credit = most;
    else
        bucket->credit += passed_us * rate;
    if (bucket->credit > most)
        bucket->credit = most;
    bucket->filled_us = at_us;
    if (bucket->credit < SECOND_US)
        return false;
    bucket->credit -= SECOND_US;
    return true;
}

static void find_rights(const struct sessions *sessions, const struct grpcx_peer *peer,
                        struct rights *ret_rights) {
    roles_find(sessions->options.roles, peer, ret_rights);
    if (peer->listener != sessions->options.read_only_listener)
        return;
    /* Whoever may open that socket may look. */
    if (!peer->is_tls && peer->uid != OVERFLOW_UID && ret_rights->role < ROLE_VIEWER)
        ret_rights->role = ROLE_VIEWER;
    if (ret_rights->role > ROLE_VIEWER)
        ret_rights->role = ROLE_VIEWER;
    ret_rights->is_host_proxy = false;
    ret_rights->host_pod[0] = '\0';
}

static struct client **place_of(struct sessions *sessions, const char *principal) {
    uint32_t hash = 2166136261u;
    for (const char *c = principal; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    struct client **at = &sessions->bucket[hash % BUCKETS];
    while (*at && strcmp((*at)->principal, principal))
        at = &(*at)->next;
    return at;
}

/* Forgets the clients of a bucket that are gone and have nothing left to pay. */
static void forget_idle(struct sessions *sessions, struct client **at) {
    int64_t at_us = now_us(sessions);
    while (*at) {
        struct client *client = *at;
        bool is_idle = !client->connections && at_us - client->requests.filled_us > SECOND_US &&
                       at_us - client->reports.filled_us > SECOND_US;
        if (is_idle) {
            *at = client->next;
            free(client);
        } else {
            at = &client->next;
        }
    }
}

static struct client *join(struct sessions *sessions, const char *principal) {
    struct client **at = place_of(sessions, principal);
    if (*at)
        return *at;
    struct client *client = calloc(1, sizeof(*client));
    if (!client)
        return NULL;
    snprintf(client->principal, sizeof(client->principal), "%s", principal);
    *at = client;
    return client;
}

static bool admit(void *userdata, const struct grpcx_peer *peer, void **ret_session) {
    struct sessions *sessions = userdata;
    struct session *session = calloc(1, sizeof(*session));
    if (!session)
        return false;
    session->sessions = sessions;
    session->epoch = sessions->epoch;
    find_rights(sessions, peer, &session->rights);
    session->client = join(sessions, session->rights.principal);
    int64_t most = sessions->options.limits.connections;
    bool is_one_too_many = session->client && most > 0 && session->rights.role < ROLE_ADMIN &&
                           session->client->connections >= most;
    if (is_one_too_many) {
        char text[120];
        snprintf(text, sizeof(text), "it has %lld connections; that is the most (limits.connections)",
                 (long long)most);
        sessions->options.turned_away(sessions->options.userdata, session->rights.principal, text);
    }
    if (!session->client || is_one_too_many) {
        free(session);
        return false;
    }
    session->client->connections++;
    *ret_session = session;
    return true;
}

static void leave(void *userdata, void *ended) {
    struct sessions *sessions = userdata;
    struct session *session = ended;
    struct client *client = session->client;
    client->connections--;
    free(session);
    forget_idle(sessions, place_of(sessions, client->principal));
}

static void call_ended(void *userdata, void *of) {
    struct session *session = of;
    session->client->streams--;
}

static void turned_away(void *userdata, const struct grpcx_peer *peer, const char *text) {
    const struct sessions *sessions = userdata;
    char who[PRINCIPAL_MAX];
    snprintf(who, sizeof(who), "tls:%s", peer->address);
    sessions->options.turned_away(sessions->options.userdata, who, text);
}

int sessions_new(const struct sessions_options *options, struct sessions **ret_sessions) {
    struct sessions *sessions = calloc(1, sizeof(*sessions));
    if (!sessions)
        return -ENOMEM;
    sessions->options = *options;
    sessions->epoch = 1;
    grpcx_server_set_admission(options->server, &(struct grpcx_admission){.admit = admit,
                                                                          .leave = leave,
                                                                          .call_ended = call_ended,
                                                                          .turned_away = turned_away,
                                                                          .userdata = sessions});
    *ret_sessions = sessions;
    return 0;
}

void sessions_free(struct sessions *sessions) {
    for (unsigned i = 0; sessions && i < BUCKETS; i++)
        while (sessions->bucket[i]) {
            struct client *client = sessions->bucket[i];
            sessions->bucket[i] = client->next;
            free(client);
        }
    free(sessions);
}

static bool has_ended(void *userdata, const struct grpcx_peer *peer) {
    const struct sessions *sessions = userdata;
    int64_t wall_s = sessions->options.wall_clock.now_us(sessions->options.wall_clock.userdata) / SECOND_US;
    return peer->is_tls && peer->expires_s < wall_s;
}

static bool has_no_role(void *userdata, const struct grpcx_peer *peer) {
    struct rights rights;
    find_rights(userdata, peer, &rights);
    return rights.role == ROLE_NONE;
}

void sessions_set_roles(struct sessions *sessions, const struct roles *roles) {
    sessions->options.roles = roles;
    sessions->epoch++;
    grpcx_server_review(sessions->options.server, has_no_role, sessions);
    sessions_review(sessions);
}

void sessions_set_limits(struct sessions *sessions, const struct session_limits *limits) {
    sessions->options.limits = *limits;
}

void sessions_review(struct sessions *sessions) {
    grpcx_server_review(sessions->options.server, has_ended, sessions);
}

static struct session *session_of(const struct grpcx_call *call) {
    struct session *session = grpcx_call_session(call);
    struct sessions *sessions = session->sessions;
    if (session->epoch == sessions->epoch)
        return session;
    session->epoch = sessions->epoch;
    find_rights(sessions, grpcx_call_peer(call), &session->rights);
    return session;
}

const struct rights *session_rights(const struct grpcx_call *call) {
    return &session_of(call)->rights;
}

bool session_begin_call(const struct grpcx_call *call, bool is_report, char *text, size_t text_size) {
    struct session *session = session_of(call);
    struct sessions *sessions = session->sessions;
    const struct session_limits *limits = &sessions->options.limits;
    struct client *client = session->client;
    int64_t at_us = now_us(sessions);
    client->streams++;
    if (session->rights.role == ROLE_ADMIN)
        return true;
    if (limits->streams > 0 && client->streams > limits->streams) {
        snprintf(text, text_size, "%s has %lld calls under way; that is the most (limits.streams)",
                 client->principal, (long long)limits->streams);
        return false;
    }
    if (is_report && session->rights.role == ROLE_HOST && !session->rights.is_host_proxy &&
        !take(&client->reports, limits->host_reports_per_s, at_us)) {
        snprintf(text, text_size, "%s reports more than %lld times a second (limits.host_reports_per_s)",
                 client->principal, (long long)limits->host_reports_per_s);
        return false;
    }
    if (!take(&client->requests, limits->requests_per_s, at_us)) {
        snprintf(text, text_size, "%s asks more than %lld times a second (limits.requests_per_s)",
                 client->principal, (long long)limits->requests_per_s);
        return false;
    }
    if (!take(&sessions->total, limits->total_requests_per_s, at_us)) {
        snprintf(text, text_size, "more than %lld requests came in a second (limits.total_requests_per_s)",
                 (long long)limits->total_requests_per_s);
        return false;
    }
    return true;
}

uint64_t sessions_epoch(const struct sessions *sessions) {
    return sessions->epoch;
}
