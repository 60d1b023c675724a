/*
 * What was found, as text or as JSON.
 */

#include "cli/knarrd/doctor_checks.h"

#include "base/memory.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const status_names[] = {
    [CHECK_PASS] = "PASS",
    [CHECK_WARN] = "WARN",
    [CHECK_FAIL] = "FAIL",
};

static void
add(struct checks *self, const char *label, enum check_status status, const char *fix,
    const char *format, va_list arguments)
{
    struct check *check;

    self->at = memory_resize(self->at, (self->count + 1) * sizeof *self->at);
    check = &self->at[self->count++];
    *check = (struct check){ .status = status };
    snprintf(check->label, sizeof check->label, "%s", label);
    if (vasprintf(&check->detail, format, arguments) < 0)
        check->detail = memory_copy("", 0);
    check->fix = fix && *fix ? memory_copy(fix, strlen(fix)) : NULL;
}

void
check_pass(struct checks *self, const char *label, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(self, label, CHECK_PASS, NULL, format, arguments);
    va_end(arguments);
}

void
check_warn(struct checks *self, const char *label, const char *fix, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(self, label, CHECK_WARN, fix, format, arguments);
    va_end(arguments);
}

void
check_fail(struct checks *self, const char *label, const char *fix, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(self, label, CHECK_FAIL, fix, format, arguments);
    va_end(arguments);
}

size_t
checks_count(const struct checks *self, enum check_status status)
{
    size_t count = 0;

    for (size_t i = 0; i < self->count; i++)
        count += self->at[i].status == status;
    return count;
}

/* The first line behind what was printed, the others below it. */
static void
print_lines(const char *text)
{
    for (; *text; text++) {
        putchar(*text);
        if (*text == '\n')
            fputs("      ", stdout);
    }
    putchar('\n');
}

void
checks_print(const struct checks *self)
{
    const size_t failed = checks_count(self, CHECK_FAIL);
    const size_t warnings = checks_count(self, CHECK_WARN);
    int width = 0;

    puts("\nOpenViking Doctor\n");
    for (size_t i = 0; i < self->count; i++)
        if ((int) strlen(self->at[i].label) > width)
            width = (int) strlen(self->at[i].label);
    for (size_t i = 0; i < self->count; i++) {
        const struct check *check = &self->at[i];

        printf("  %s: %*s%s  ", check->label, width - (int) strlen(check->label), "",
            status_names[check->status]);
        print_lines(check->detail);
        if (check->fix)
            printf("      Fix: %s\n", check->fix);
    }
    putchar('\n');
    if (failed > 0)
        printf("%zu check(s) failed. See above for fix suggestions.\n", failed);
    else if (warnings > 0)
        printf("%zu warning(s). Review the suggestions above.\n", warnings);
    else
        puts("All checks passed.");
}

/* Names are bytes; JSON is UTF-8. */
static json_t *
text_of(const char *text)
{
    json_t *value = json_string(text);
    char *plain;

    if (value)
        return value;
    plain = memory_copy(text, strlen(text));
    for (char *at = plain; *at; at++)
        if (*at & 0x80)
            *at = '?';
    value = json_string(plain);
    free(plain);
    return value;
}

void
checks_print_json(const struct checks *self)
{
    json_t *list = json_array(), *all = json_object();

    for (size_t i = 0; i < self->count; i++) {
        const struct check *check = &self->at[i];
        json_t *one = json_object();

        json_object_set_new(one, "label", text_of(check->label));
        json_object_set_new(one, "status", json_string(status_names[check->status]));
        json_object_set_new(one, "detail", text_of(check->detail));
        json_object_set_new(one, "fix", check->fix ? text_of(check->fix) : json_null());
        json_array_append_new(list, one);
    }
    json_object_set_new(all, "checks", list);
    json_object_set_new(all, "failed", json_integer((json_int_t) checks_count(self, CHECK_FAIL)));
    json_object_set_new(all, "warnings", json_integer((json_int_t) checks_count(self, CHECK_WARN)));
    json_dumpf(all, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(all);
}

void
checks_free(struct checks *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(self->at[i].detail);
        free(self->at[i].fix);
    }
    free(self->at);
    *self = (struct checks){ NULL, 0 };
}

const char *
fix_of(enum cause cause)
{
    switch (cause) {
    case CAUSE_PERMISSION_DENIED:
        return "give the server's user the right to read and write there (chown, chmod), and see "
               "that the file system is not mounted read-only";
    case CAUSE_NO_SPACE:
    case CAUSE_TOO_LARGE: return "free some space there, or move the place to a larger disk";
    case CAUSE_NOT_A_DIRECTORY:
    case CAUSE_NOT_FOUND: return "mend the path in the configuration, or mount the disk it is on";
    case CAUSE_NETWORK:
    case CAUSE_TIMEOUT: return "see that the other side is up and can be reached";
    case CAUSE_BUSY: return "try again; something else is changing this place";
    default: return "look at the disk and at the kernel's log (dmesg)";
    }
}
