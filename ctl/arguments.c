#include "ctl/arguments.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 64
#define WORD_MAX 48

static unsigned smaller(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* Edits (insert, delete, replace, exchange of neighbours) that turn one word into the other. */
static unsigned distance(const char *a, const char *b) {
    size_t na = strlen(a), nb = strlen(b);
    unsigned row[3][WORD_MAX + 1];
    if (na > WORD_MAX || nb > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= nb; j++)
        row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        unsigned *before = row[(i - 1) % 3], *now = row[i % 3], *earlier = row[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            now[j] = smaller(before[j - 1] + (a[i - 1] != b[j - 1]), smaller(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = smaller(now[j], earlier[j - 2] + 1);
        }
    }
    return row[na % 3][nb];
}

const char *ctl_nearest(const char *word, const char *const *candidates, size_t n) {
    const char *best = NULL;
    unsigned best_distance = 1 + (unsigned)smaller(2, (unsigned)(strlen(word) + 1) / 2);
    for (size_t i = 0; i < n; i++) {
        unsigned d = strlen(word) >= 3 && strncmp(word, candidates[i], strlen(word)) == 0
                         ? 1
                         : distance(word, candidates[i]);
        if (d < best_distance) {
            best_distance = d;
            best = candidates[i];
        }
    }
    return best;
}

bool ctl_parse_number(const char *text, int64_t *ret_number) {
    int64_t number = 0;
    if (!*text)
        return false;
    for (; *text; text++)
        if (!isdigit((unsigned char)*text) || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, *text - '0', &number))
            return false;
    *ret_number = number;
    return true;
}

bool ctl_parse_seconds(const char *text, int64_t *ret_ms) {
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}};
    char digits[24];
    size_t length = strlen(text);
    int64_t factor = 1, number;
    if (length == 0 || length >= sizeof(digits))
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (text[length - 1] == units[i].unit) {
            factor = units[i].seconds;
            length--;
            break;
        }
    memcpy(digits, text, length);
    digits[length] = 0;
    if (!ctl_parse_number(digits, &number) || number > 30 * 86400 / factor)
        return false;
    *ret_ms = number * factor * 1000;
    return true;
}

struct lookup {
    const char *name;
    size_t length;
    char letter;
    const struct ctl_flag *found;
    const char *names[NAMES_MAX];
    size_t n_names;
};

static void look(const struct ctl_flag *flag, void *userdata) {
    struct lookup *lookup = userdata;
    if (lookup->n_names < NAMES_MAX)
        lookup->names[lookup->n_names++] = flag->name;
    if (lookup->letter
            ? flag->letter == lookup->letter
            : strlen(flag->name) == lookup->length && strncmp(flag->name, lookup->name, lookup->length) == 0)
        if (!lookup->found)
            lookup->found = flag;
}

static bool is_choice(const char *choices, const char *text) {
    size_t length = strlen(text);
    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (length && strncmp(at, text, length) == 0 && (at[length] == 0 || at[length] == '|'))
            return true;
    return false;
}

struct parser {
    const struct ctl_noun *const *nouns;
    int argc, at;
    char *const *argv;
    struct ctl_arguments *a;
    char *error;
    size_t error_size;
};

#define USAGE(p, ...) (snprintf((p)->error, (p)->error_size, __VA_ARGS__), CTL_PARSE_USAGE)

static enum ctl_parse unknown(struct parser *p, const char *what, const char *word, const char *prefix,
                              const char *const *names, size_t n_names) {
    const char *nearest = ctl_nearest(word, names, n_names);
    if (nearest)
        return USAGE(p, "unknown %s \"%s%s\"; did you mean \"%s%s\"?", what, prefix, word, prefix, nearest);
    return USAGE(p, "unknown %s \"%s%s\"", what, prefix, word);
}

static enum ctl_parse check_value(struct parser *p, const struct ctl_flag *flag, const char *text) {
    const char *more = flag == ctl_global_flags && p->a->command ? p->a->command->formats : NULL;
    int64_t number;
    if (flag->value == CTL_VALUE_NUMBER && !ctl_parse_number(text, &number))
        return USAGE(p, "--%s: \"%s\" is not a whole number", flag->name, text);
    if (flag->value == CTL_VALUE_SECONDS && !ctl_parse_seconds(text, &number))
        return USAGE(p, "--%s: \"%s\" is no time; write 30s, 5m or 1h", flag->name, text);
    if (flag->choices && !is_choice(flag->choices, text) && !is_choice(more, text))
        return USAGE(p, "--%s: \"%s\" is not one of %s%s%s", flag->name, text, flag->choices, more ? "|" : "",
                     more ? more : "");
    if ((flag->value == CTL_VALUE_TEXT || flag->value == CTL_VALUE_LIST) && !*text)
        return USAGE(p, "--%s needs a value: --%s %s", flag->name, flag->name, flag->value_name);
    return CTL_PARSE_OK;
}

static enum ctl_parse parse_flag(struct parser *p) {
    const char *word = p->argv[p->at];
    const char *name = word[1] == '-' ? word + 2 : word + 1, *equals = strchr(name, '=');
    struct lookup lookup = {.name = name, .length = equals ? (size_t)(equals - name) : strlen(name)};
    if (word[1] != '-')
        lookup.letter = word[1];
    ctl_each_flag(p->a->command, look, &lookup);
    const struct ctl_flag *flag = lookup.found;
    if (!flag) {
        char shown[WORD_MAX];
        snprintf(shown, sizeof(shown), "%.*s", (int)smaller((unsigned)lookup.length, WORD_MAX - 1), name);
        return unknown(p, p->a->command ? "flag" : "flag before the command", shown,
                       word[1] == '-' ? "--" : "-", lookup.names, lookup.letter ? 0 : lookup.n_names);
    }
    const char *text = "";
    if (lookup.letter && name[1]) /* -ojson */
        text = name[1] == '=' ? name + 2 : name + 1;
    else if (equals)
        text = equals + 1;
    bool attached = lookup.letter ? name[1] != 0 : equals != NULL;
    if (flag->value == CTL_VALUE_NONE && attached)
        return USAGE(p, "--%s takes no value", flag->name);
    if (flag->value != CTL_VALUE_NONE && flag->value != CTL_VALUE_OPTIONAL && !attached) {
        if (p->at + 1 >= p->argc)
            return USAGE(p, "--%s needs a value: --%s %s", flag->name, flag->name, flag->value_name);
        text = p->argv[++p->at];
        attached = true;
    }
    p->at++;
    for (size_t i = 0; i < p->a->n_given; i++)
        if (p->a->given[i].flag == flag && !flag->repeatable && flag->value != CTL_VALUE_LIST &&
            strcmp(p->a->given[i].text, text) != 0)
            return USAGE(p, "--%s is given twice: \"%s\" and \"%s\"", flag->name, p->a->given[i].text, text);
    p->a->given[p->a->n_given++] = (struct ctl_given){flag, text};
    /* The formats of -o are known when the command is. */
    return attached && flag != ctl_global_flags ? check_value(p, flag, text) : CTL_PARSE_OK;
}

static enum ctl_parse parse_noun(struct parser *p, const char *word) {
    const char *names[NAMES_MAX];
    size_t n = 0;
    for (const struct ctl_noun *const *noun = p->nouns; *noun && n < NAMES_MAX; noun++) {
        names[n++] = (*noun)->name;
        if (strcmp((*noun)->name, word) == 0)
            p->a->noun = *noun;
    }
    if (!p->a->noun)
        return unknown(p, "command", word, "", names, n);
    if (!p->a->noun->commands->verb)
        p->a->command = p->a->noun->commands;
    return CTL_PARSE_OK;
}

static enum ctl_parse parse_verb(struct parser *p, const char *word) {
    const char *names[NAMES_MAX];
    char what[64];
    size_t n = 0;
    for (const struct ctl_command *c = p->a->noun->commands; c->run && n < NAMES_MAX; c++) {
        names[n++] = c->verb;
        if (strcmp(c->verb, word) == 0)
            p->a->command = c;
    }
    snprintf(what, sizeof(what), "command \"%s\":", p->a->noun->name);
    return p->a->command ? CTL_PARSE_OK : unknown(p, what, word, "", names, n);
}

unsigned ctl_positional_slot(const struct ctl_command *command, unsigned n) {
    for (unsigned slot = 0; slot < CTL_POSITIONALS_MAX && command->positionals[slot].name; slot++)
        if (slot == n || command->positionals[slot].repeats)
            return slot;
    return CTL_POSITIONALS_MAX;
}

static enum ctl_parse parse_word(struct parser *p, const char *word) {
    struct ctl_arguments *a = p->a;
    if (!a->noun)
        return parse_noun(p, word);
    if (!a->command)
        return parse_verb(p, word);
    unsigned slot = ctl_positional_slot(a->command, a->n_positionals);
    if (slot < CTL_POSITIONALS_MAX) {
        if (!*word)
            return USAGE(p, "%s is empty", a->command->positionals[slot].name);
        a->positionals[a->n_positionals++] = word;
        return CTL_PARSE_OK;
    }
    const struct ctl_given *last = a->n_given ? &a->given[a->n_given - 1] : NULL;
    if (last && last->flag->value == CTL_VALUE_OPTIONAL && strcmp(p->argv[p->at - 1], word) != 0 &&
        is_choice(last->flag->choices, word))
        return USAGE(p, "unexpected \"%s\"; write --%s=%s", word, last->flag->name, word);
    return USAGE(p, "unexpected \"%s\"", word);
}

static void look_for_required(const struct ctl_flag *flag, void *userdata) {
    struct parser *p = userdata;
    if (flag->required && !*p->error && !ctl_arguments_text(p->a, flag->name))
        snprintf(p->error, p->error_size, "--%s %s is missing", flag->name, flag->value_name);
}

static enum ctl_parse check_complete(struct parser *p) {
    struct ctl_arguments *a = p->a;
    if (!a->noun)
        return USAGE(p, "a command is missing");
    if (!a->command)
        return USAGE(p, "a verb is missing after \"%s\"", a->noun->name);
    if (a->n_positionals < CTL_POSITIONALS_MAX) {
        const struct ctl_positional *next = &a->command->positionals[a->n_positionals];
        if (next->name && !next->optional)
            return USAGE(p, "%s is missing", next->name);
    }
    *p->error = 0;
    ctl_each_flag(a->command, look_for_required, p);
    return *p->error ? CTL_PARSE_USAGE : CTL_PARSE_OK;
}

static enum ctl_parse parse_all(struct parser *p) {
    enum ctl_parse first_error = CTL_PARSE_OK;
    bool only_words = false;
    while (p->at < p->argc) {
        const char *word = p->argv[p->at];
        enum ctl_parse r = CTL_PARSE_OK;
        int at = p->at;
        if (!only_words && strcmp(word, "--") == 0) {
            only_words = true;
            p->at++;
        } else if (!only_words && word[0] == '-' && word[1]) {
            r = parse_flag(p);
        } else {
            r = parse_word(p, word);
            p->at++;
        }
        if (p->at == at)
            p->at++;
        if (r != CTL_PARSE_OK && first_error == CTL_PARSE_OK) {
            first_error = r;
            p->error_size = 0; /* what follows may still say --help, or how to print the error */
        }
    }
    if (ctl_arguments_text(p->a, "help"))
        return CTL_PARSE_HELP;
    if (first_error != CTL_PARSE_OK)
        return first_error;
    if (ctl_arguments_text(p->a, "version"))
        return CTL_PARSE_VERSION;
    first_error = check_complete(p);
    const char *format = ctl_arguments_text(p->a, ctl_global_flags->name);
    if (first_error == CTL_PARSE_OK && format)
        first_error = check_value(p, ctl_global_flags, format);
    return first_error;
}

enum ctl_parse ctl_parse(const struct ctl_noun *const *nouns, int argc, char *const *argv,
                         struct ctl_arguments *ret, char *error, size_t error_size) {
    *ret = (struct ctl_arguments){.given = calloc((size_t)argc + 1, sizeof(*ret->given))};
    ret->positionals = calloc((size_t)argc + 1, sizeof(*ret->positionals));
    struct parser parser = {nouns, argc, 1, argv, ret, error, error_size};
    if (!ret->given || !ret->positionals)
        return USAGE(&parser, "out of memory");
    return parse_all(&parser);
}

void ctl_arguments_deinit(struct ctl_arguments *arguments) {
    free(arguments->given);
    free(arguments->positionals);
}

const char *ctl_arguments_text(const struct ctl_arguments *arguments, const char *flag) {
    for (size_t i = arguments->n_given; i > 0; i--)
        if (strcmp(arguments->given[i - 1].flag->name, flag) == 0)
            return arguments->given[i - 1].text;
    return NULL;
}
