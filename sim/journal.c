#include "sim/journal.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_LIMIT (1 << 20)

int sim_journal_init(struct sim_journal *journal, const struct sim_switch *sw, const char *folder) {
    struct text path = {0};

    if (mkdir(folder, 0755) < 0 && errno != EEXIST)
        return -errno;
    text_addf(&path, "%s/", folder);
    if (sw->plant->n_pods > 1)
        text_addf(&path, "%s_", sw->plant->pods[sw->pod].name);
    text_addf(&path, "%s.jsonl", sw->short_name);
    journal->path = path.data;
    journal->fd = open(path.data, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (journal->fd < 0) {
        int error = errno;

        free(journal->path);
        return -error;
    }
    return 0;
}

void sim_journal_deinit(struct sim_journal *journal) {
    close(journal->fd);
    free(journal->path);
}

static void add_moves(struct text *line, const struct sim_move *moves, size_t count) {
    text_add(line, ",\"moves\":[");
    for (size_t i = 0; i < count; i++)
        text_addf(line, "%s{\"a\":%u,\"from\":%u,\"to\":%u,\"settle_us\":%" PRId64 "}", i ? "," : "",
                  moves[i].a, moves[i].from, moves[i].to, moves[i].settle_us);
    text_add(line, "]");
}

static void write_line(struct sim_journal *journal, struct text *line) {
    text_add(line, "\n");
    if (write(journal->fd, line->data, line->len) != (ssize_t)line->len) {
        /* A plant whose journal has a hole proves nothing: stop. */
        fprintf(stderr, "heliosim: %s: cannot write the journal: %s\n", journal->path, strerror(errno));
        exit(EXIT_FAILURE);
    }
    text_deinit(line);
}

void sim_journal_record(struct sim_journal *journal, const struct scpi_record *record) {
    struct text line = {0};

    text_addf(&line,
              "{\"time_us\":%" PRId64 ",\"connection\":%" PRIu64 ",\"number\":%" PRIu64
              ",\"received_us\":%" PRId64 ",\"cause\":\"scpi\",\"request\":\"",
              record->time_us, record->connection, record->number, record->received_us);
    text_add_json(&line, record->request, record->request_len);
    text_add(&line, "\"");
    add_moves(&line, record->moves, record->n_moves);
    if (record->answer) {
        text_add(&line, ",\"answer\":\"");
        text_add_json(&line, record->answer, strlen(record->answer));
        text_add(&line, "\"");
    } else {
        text_add(&line, ",\"answer\":null");
    }
    text_addf(&line, "%s%s}", record->to_be_continued ? ",\"continues\":true" : "",
              record->connection_closed ? ",\"connection_closed\":true" : "");
    write_line(journal, &line);
}

void sim_journal_event(struct sim_journal *journal, const char *cause, const struct sim_move *moves,
                       size_t n_moves, int64_t now_us) {
    struct text line = {0};

    text_addf(&line, "{\"time_us\":%" PRId64 ",\"connection\":0,\"cause\":\"%s\",\"request\":\"\"", now_us,
              cause);
    add_moves(&line, moves, n_moves);
    text_add(&line, ",\"answer\":null}");
    write_line(journal, &line);
}

int sim_journal_read(const struct sim_journal *journal, size_t last, struct text *out) {
    off_t size = lseek(journal->fd, 0, SEEK_END), start = size > READ_LIMIT ? size - READ_LIMIT : 0;
    char *bytes = sim_calloc((size_t)(size - start) + 1, 1);
    ssize_t len = pread(journal->fd, bytes, (size_t)(size - start), start);
    const char *from = bytes;
    size_t lines = 0;

    if (len < 0) {
        free(bytes);
        return -errno;
    }
    for (ssize_t i = len - 1; i >= 0; i--)
        if (bytes[i] == '\n' && lines++ == last) {
            from = bytes + i + 1;
            break;
        }
    if (from == bytes && start > 0)
        from = memchr(bytes, '\n', (size_t)len) ? (char *)memchr(bytes, '\n', (size_t)len) + 1 : bytes + len;
    text_add_bytes(out, from, (size_t)(bytes + len - from));
    free(bytes);
    return 0;
}
