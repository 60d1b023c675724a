#include "cli/knarr/text.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

bool
text_is_terminal(FILE *out)
{
    static int known[3] = { -1, -1, -1 }; /* it is asked once a name */
    int fd = fileno(out);

    if (fd < 0 || fd > 2)
        return isatty(fd);
    if (known[fd] < 0)
        known[fd] = isatty(fd);
    return known[fd];
}

/* What may follow a first byte: how many, and the bounds of the next one (Unicode, table 3-7). */
static const struct {
    unsigned char from, to, more, least, most;
} forms[] = {
    { 0x20, 0x7e, 0, 0, 0 },
    { 0xc2, 0xc2, 1, 0xa0, 0xbf }, /* below are the C1 control characters */
    { 0xc3, 0xdf, 1, 0x80, 0xbf },
    { 0xe0, 0xe0, 2, 0xa0, 0xbf },
    { 0xe1, 0xec, 2, 0x80, 0xbf },
    { 0xed, 0xed, 2, 0x80, 0x9f },
    { 0xee, 0xef, 2, 0x80, 0xbf },
    { 0xf0, 0xf0, 3, 0x90, 0xbf },
    { 0xf1, 0xf3, 3, 0x80, 0xbf },
    { 0xf4, 0xf4, 3, 0x80, 0x8f },
};

size_t
text_character(const char *text)
{
    const unsigned char *at = (const unsigned char *) text;

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (at[0] < forms[i].from || at[0] > forms[i].to)
            continue;
        if (forms[i].more > 0 && (at[1] < forms[i].least || at[1] > forms[i].most))
            return 0;
        for (size_t j = 2; j <= forms[i].more; j++)
            if (at[j] < 0x80 || at[j] > 0xbf)
                return 0;
        return 1 + (size_t) forms[i].more;
    }
    return 0;
}

void
text_print_cut(FILE *out, const char *text, size_t characters)
{
    for (; *text && characters > 0; characters--) {
        size_t length = text_character(text);

        if (length > 0)
            fwrite(text, 1, length, out);
        else
            fprintf(out, "\\x%02x", (unsigned char) *text);
        text += length > 0 ? length : 1;
    }
}

void
text_print(FILE *out, const char *text)
{
    if (text_is_terminal(out))
        text_print_cut(out, text, SIZE_MAX);
    else
        fputs(text, out);
}

const char *
text_size(uint64_t bytes, char into[TEXT_SIZE_BYTES])
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    double value = (double) bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024) {
        snprintf(into, TEXT_SIZE_BYTES, "%" PRIu64 " B", bytes);
        return into;
    }
    for (; value >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
        value /= 1024;
    snprintf(into, TEXT_SIZE_BYTES, "%.1f %s", value, units[unit]);
    return into;
}

const char *
text_time(uint64_t wall_ns, char into[TEXT_SIZE_BYTES])
{
    const time_t seconds = (time_t) (wall_ns / 1000000000);
    struct tm parts;

    if (!localtime_r(&seconds, &parts) ||
        strftime(into, TEXT_SIZE_BYTES, "%Y-%m-%d %H:%M:%S", &parts) == 0)
        snprintf(into, TEXT_SIZE_BYTES, "?");
    return into;
}
