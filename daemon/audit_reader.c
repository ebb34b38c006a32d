#include "daemon/audit_reader.h"
#include "daemon/worker.h"

#include <errno.h>
#include <stdlib.h>

#define AT_ONCE 4

struct question {
    struct audit_reader *reader;
    bool is_running; /* given to the worker, and not answered */
    struct audit_query query;
    void (*done)(void *userdata, const struct audit_result *result);
    void *userdata;
    struct audit_result result;
};

struct audit_reader {
    const char *db_path;
    struct worker *worker;
    struct question question[AT_ONCE];
};

int audit_reader_new(const char *db_path, struct worker *worker, struct audit_reader **ret_reader) {
    struct audit_reader *reader = calloc(1, sizeof(*reader));
    if (!reader)
        return -ENOMEM;
    reader->db_path = db_path;
    reader->worker = worker;
    *ret_reader = reader;
    return 0;
}

static void run(void *job) {
    struct question *question = job;
    audit_query_run(question->reader->db_path, &question->query, &question->result);
}

static void answer(void *job) {
    struct question *question = job;
    struct audit_result result = question->result;
    question->is_running = false;
    question->result = (struct audit_result){0};
    question->done(question->userdata, &result);
    audit_result_deinit(&result);
}

int audit_reader_ask(struct audit_reader *reader, const struct audit_query *query,
                     void (*done)(void *userdata, const struct audit_result *result), void *userdata) {
    struct question *question = reader->question;
    while (question < reader->question + AT_ONCE && question->is_running)
        question++;
    if (question == reader->question + AT_ONCE)
        return -EBUSY;
    question->reader = reader;
    question->query = *query;
    question->done = done;
    question->userdata = userdata;
    int r = worker_run(reader->worker, run, answer, question);
    question->is_running = r == 0;
    return r;
}

void audit_reader_free(struct audit_reader *reader) {
    free(reader);
}
