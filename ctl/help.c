#include "ctl/help.h"
#include <string.h>

#define WIDTH 100

const char ctl_exit_help[] =
    "0 done, 1 failed, 2 usage, 3 not found, 4 refused for good, 5 daemon unreachable or of another version, "
    "6 not now: retry, 7 not allowed, 65 accepted but not reached within --timeout.";

bool ctl_is_hidden(const struct ctl_noun *noun) {
    return strncmp(noun->name, "__", 2) == 0;
}

/* Words from column on, broken at WIDTH; the cursor stands at column. */
static void print_wrapped(FILE *out, const char *text, size_t column) {
    size_t at = column;
    while (*text) {
        size_t length = strcspn(text, " \n");
        if (at > column && at + 1 + length > WIDTH) {
            fprintf(out, "\n%*s", (int)column, "");
            at = column;
        } else if (at > column) {
            fputc(' ', out);
            at++;
        }
        fprintf(out, "%.*s", (int)length, text);
        at += length;
        text += length;
        if (*text == '\n') {
            fprintf(out, "\n%*s", (int)column, "");
            at = column;
        }
        if (*text)
            text++;
    }
    fputc('\n', out);
}

static void print_entry(FILE *out, const char *left, const char *help, size_t column) {
    size_t length = strlen(left);
    fprintf(out, "  %s", left);
    if (length + 4 > column)
        fprintf(out, "\n%*s", (int)column, "");
    else
        fprintf(out, "%*s", (int)(column - length - 2), "");
    print_wrapped(out, help, column);
}

static void required_flag(const struct ctl_flag *flag, void *userdata) {
    if (flag->required)
        fprintf(userdata, " --%s %s", flag->name, flag->value_name);
}

void ctl_synopsis(const struct ctl_command *command, FILE *out) {
    for (unsigned i = 0; i < CTL_POSITIONALS_MAX && command->positionals[i].name; i++)
        fprintf(out, command->positionals[i].optional ? " [%s%s]" : " %s%s", command->positionals[i].name,
                command->positionals[i].repeats ? "..." : "");
    ctl_each_flag(command, required_flag, out);
    fputs(" [flags]", out);
}

static void flag_entry(const struct ctl_flag *flag, void *userdata) {
    char left[96], help[512];
    snprintf(left, sizeof(left), "%c%c%s--%s%s%s", flag->letter ? '-' : ' ',
             flag->letter ? flag->letter : ' ', flag->letter ? ", " : "  ", flag->name,
             flag->value == CTL_VALUE_NONE       ? ""
             : flag->value == CTL_VALUE_OPTIONAL ? "[="
                                                 : " ",
             flag->value == CTL_VALUE_NONE ? ""
             : flag->choices               ? flag->choices
                                           : flag->value_name);
    if (flag->value == CTL_VALUE_OPTIONAL)
        strncat(left, "]", sizeof(left) - strlen(left) - 1);
    snprintf(help, sizeof(help), "%s%s", flag->help,
             flag->value == CTL_VALUE_LIST || flag->repeatable ? "; may be given again" : "");
    print_entry(userdata, left, help, 30);
}

static void command_help(const struct ctl_noun *noun, const struct ctl_command *command, FILE *out) {
    fprintf(out, "Usage: helioctl %s%s%s", noun->name, command->verb ? " " : "",
            command->verb ? command->verb : "");
    ctl_synopsis(command, out);
    fputs("\n\n", out);
    print_wrapped(out, command->help, 0);
    if (command->detail) {
        fputc('\n', out);
        print_wrapped(out, command->detail, 0);
    }
    if (command->positionals[0].name)
        fputs("\nArguments:\n", out);
    for (unsigned i = 0; i < CTL_POSITIONALS_MAX && command->positionals[i].name; i++)
        print_entry(out, command->positionals[i].name, command->positionals[i].help, 30);
    fputs("\nFlags:\n", out);
    ctl_each_flag(command, flag_entry, out);
}

static void noun_help(const struct ctl_noun *noun, FILE *out) {
    fprintf(out, "Usage: helioctl %s VERB [arguments] [flags]\n\n%s.\n\nVerbs:\n", noun->name, noun->help);
    for (const struct ctl_command *c = noun->commands; c->run; c++)
        print_entry(out, c->verb, c->help, 18);
    fprintf(out, "\nMore: helioctl %s VERB --help\n", noun->name);
}

void ctl_help(const struct ctl_noun *const *nouns, const struct ctl_noun *noun,
              const struct ctl_command *command, FILE *out) {
    if (noun && (command || !noun->commands->verb)) {
        command_help(noun, command ? command : noun->commands, out);
        return;
    }
    if (noun) {
        noun_help(noun, out);
        return;
    }
    fputs("Usage: helioctl NOUN VERB [name] [flags]\n\nControls a Heliostat fabric.\n\n", out);
    for (; *nouns; nouns++)
        if (!ctl_is_hidden(*nouns))
            print_entry(out, (*nouns)->name, (*nouns)->help, 14);
    fputs("\nFlags of every command:\n", out);
    ctl_each_flag(NULL, flag_entry, out);
    fputs("\nExit status: ", out);
    print_wrapped(out, ctl_exit_help, 13);
    fputs("\nMore: helioctl NOUN --help, helioctl NOUN VERB --help, man helioctl\n", out);
}
