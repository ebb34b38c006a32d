#include "daemon/audit_reader.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#define AT_ONCE 4

struct question {
    struct audit_reader *reader;
    bool is_running; /* the thread was started and not joined */
    pthread_t thread;
    struct audit_query query;
    void (*done)(void *userdata, const struct audit_result *result);
    void *userdata;
    /* Written by the thread before is_finished. */
    struct audit_result result;
    atomic_bool is_finished;
};

struct audit_reader {
    const char *db_path;
    void (*wake)(void *userdata);
    void *wake_userdata;
    struct question question[AT_ONCE];
};

int audit_reader_new(const char *db_path, void (*wake)(void *userdata), void *userdata,
                     struct audit_reader **ret_reader) {
    struct audit_reader *reader = calloc(1, sizeof(*reader));
    if (!reader)
        return -ENOMEM;
    reader->db_path = db_path;
    reader->wake = wake;
    reader->wake_userdata = userdata;
    *ret_reader = reader;
    return 0;
}

static void *run(void *userdata) {
    struct question *question = userdata;
    struct audit_reader *reader = question->reader;
    audit_query_run(reader->db_path, &question->query, &question->result);
    atomic_store(&question->is_finished, true);
    reader->wake(reader->wake_userdata);
    return NULL;
}

int audit_reader_ask(struct audit_reader *reader, const struct audit_query *query,
                     void (*done)(void *userdata, const struct audit_result *result), void *userdata) {
    struct question *question = reader->question;
    sigset_t all, before;
    while (question < reader->question + AT_ONCE && question->is_running)
        question++;
    if (question == reader->question + AT_ONCE)
        return -EBUSY;
    question->reader = reader;
    question->query = *query;
    question->done = done;
    question->userdata = userdata;
    atomic_store(&question->is_finished, false);
    /* Signals are for the loop's thread. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = -pthread_create(&question->thread, NULL, run, question);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    question->is_running = r == 0;
    return r;
}

static void finish(struct question *question) {
    pthread_join(question->thread, NULL);
    question->is_running = false;
    struct audit_result result = question->result;
    question->result = (struct audit_result){0};
    question->done(question->userdata, &result);
    audit_result_deinit(&result);
}

void audit_reader_dispatch(struct audit_reader *reader) {
    for (unsigned i = 0; i < AT_ONCE; i++)
        if (reader->question[i].is_running && atomic_load(&reader->question[i].is_finished))
            finish(&reader->question[i]);
}

void audit_reader_free(struct audit_reader *reader) {
    if (!reader)
        return;
    for (unsigned i = 0; i < AT_ONCE; i++)
        if (reader->question[i].is_running)
            finish(&reader->question[i]);
    free(reader);
}
