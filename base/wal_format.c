#include "base/crc32c.h"
#include "base/wal_internal.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Where things are in the header page (all little-endian). */
enum {
    PAGE_MAGIC = 0,
    PAGE_VERSION = 8,
    PAGE_FLAGS = 10,
    PAGE_EPOCH = 12,
    PAGE_SEGMENT = 16,
    PAGE_BYTES = 24,
    PAGE_PREVIOUS = 32,
    PAGE_PREVIOUS_END = 40,
    PAGE_LAST_SEQ = 48,
    PAGE_SALT = 56,
    PAGE_CRC = WAL_BLOCK_BYTES - 4,
};

/* Where things are in a record header. */
enum {
    RECORD_CRC = 0,
    RECORD_MAGIC = 4,
    RECORD_VERSION = 6,
    RECORD_TYPE = 7,
    RECORD_LENGTH = 8,
    RECORD_EPOCH = 12,
    RECORD_SEGMENT = 16,
    RECORD_SEQ = 24,
    RECORD_GROUP = 32,
    RECORD_FLAGS = 36,
    RECORD_MAGIC_VALUE = 0x574b, /* "KW" */
};

static const char page_magic[8] = { 'K', 'N', 'A', 'R', 'R', 'W', 'A', 'L' };

static void
put16(char *into, uint16_t value)
{
    value = htole16(value);
    memcpy(into, &value, sizeof value);
}

static void
put32(char *into, uint32_t value)
{
    value = htole32(value);
    memcpy(into, &value, sizeof value);
}

static void
put64(char *into, uint64_t value)
{
    value = htole64(value);
    memcpy(into, &value, sizeof value);
}

static uint16_t
get16(const char *from)
{
    uint16_t value;

    memcpy(&value, from, sizeof value);
    return le16toh(value);
}

static uint32_t
get32(const char *from)
{
    uint32_t value;

    memcpy(&value, from, sizeof value);
    return le32toh(value);
}

static uint64_t
get64(const char *from)
{
    uint64_t value;

    memcpy(&value, from, sizeof value);
    return le64toh(value);
}

size_t
wal_filler_bytes(uint64_t bytes)
{
    const size_t over = (size_t) (bytes % WAL_BLOCK_BYTES);
    const size_t left = over ? WAL_BLOCK_BYTES - over : 0;

    return left > 0 && left < WAL_RECORD_HEADER_BYTES ? left + WAL_BLOCK_BYTES : left;
}

void
wal_name(char into[WAL_NAME_BYTES], uint64_t number)
{
    snprintf(into, WAL_NAME_BYTES, "%016" PRIx64 ".wal", number);
}

bool
wal_name_read(const char *name, uint64_t *number)
{
    char again[WAL_NAME_BYTES];

    if (strlen(name) != 20 || sscanf(name, "%16" SCNx64, number) != 1 || *number == 0)
        return false;
    wal_name(again, *number);
    return strcmp(name, again) == 0;
}

void
wal_page_put(char into[WAL_PAGE_BYTES], const struct wal_page *page)
{
    memset(into, 0, WAL_PAGE_BYTES);
    memcpy(into + PAGE_MAGIC, page_magic, sizeof page_magic);
    put16(into + PAGE_VERSION, page->version);
    put16(into + PAGE_FLAGS, page->flags);
    put32(into + PAGE_EPOCH, page->epoch);
    put64(into + PAGE_SEGMENT, page->segment);
    put64(into + PAGE_BYTES, page->bytes);
    put64(into + PAGE_PREVIOUS, page->previous);
    put64(into + PAGE_PREVIOUS_END, page->previous_end);
    put64(into + PAGE_LAST_SEQ, page->last_seq);
    put32(into + PAGE_SALT, page->salt);
    put32(into + PAGE_CRC, crc32c(0, into, PAGE_CRC));
}

static bool
links_back(const struct wal_page *page)
{
    if (page->previous == 0)
        return page->previous_end == 0;
    return page->previous < page->segment && page->previous_end >= WAL_PAGE_BYTES;
}

enum wal_page_state
wal_page_get(const char from[WAL_PAGE_BYTES], uint64_t number, struct wal_page *page)
{
    static const char zeros[WAL_BLOCK_BYTES];

    if (memcmp(from, zeros, sizeof zeros) == 0)
        return WAL_PAGE_BLANK;
    if (memcmp(from + PAGE_MAGIC, page_magic, sizeof page_magic) != 0 ||
        get32(from + PAGE_CRC) != crc32c(0, from, PAGE_CRC))
        return WAL_PAGE_BAD;
    page->version = get16(from + PAGE_VERSION);
    page->flags = get16(from + PAGE_FLAGS);
    page->epoch = get32(from + PAGE_EPOCH);
    page->segment = get64(from + PAGE_SEGMENT);
    page->bytes = get64(from + PAGE_BYTES);
    page->previous = get64(from + PAGE_PREVIOUS);
    page->previous_end = get64(from + PAGE_PREVIOUS_END);
    page->last_seq = get64(from + PAGE_LAST_SEQ);
    page->salt = get32(from + PAGE_SALT);
    if (page->segment == number)
        return links_back(page) ? WAL_PAGE_BEGUN : WAL_PAGE_BAD;
    return page->segment < number ? WAL_PAGE_BLANK : WAL_PAGE_BAD;
}

void
wal_record_put(char into[WAL_RECORD_HEADER_BYTES], const struct wal_record *record,
    uint64_t group_offset)
{
    memset(into, 0, WAL_RECORD_HEADER_BYTES);
    put16(into + RECORD_MAGIC, RECORD_MAGIC_VALUE);
    into[RECORD_VERSION] = WAL_VERSION;
    into[RECORD_TYPE] = (char) record->type;
    put32(into + RECORD_LENGTH, (uint32_t) record->data.length);
    put32(into + RECORD_EPOCH, record->epoch);
    put64(into + RECORD_SEGMENT, record->segment);
    put64(into + RECORD_SEQ, record->seq);
    put32(into + RECORD_GROUP, (uint32_t) (group_offset / WAL_BLOCK_BYTES));
}

void
wal_record_seal(char record[WAL_RECORD_HEADER_BYTES], uint32_t crc)
{
    put32(record + RECORD_CRC, crc);
}

uint32_t
wal_record_crc(const char record[WAL_RECORD_HEADER_BYTES], uint32_t salt)
{
    return crc32c(salt, record + RECORD_MAGIC, WAL_RECORD_HEADER_BYTES - RECORD_MAGIC);
}

bool
wal_record_is_sealed(const char *record, size_t bytes, uint32_t salt)
{
    return get32(record + RECORD_CRC) == crc32c(salt, record + RECORD_MAGIC, bytes - RECORD_MAGIC);
}

bool
wal_record_get(const char from[WAL_RECORD_HEADER_BYTES], struct wal_record *record, size_t *length,
    uint64_t *group_offset)
{
    if (get16(from + RECORD_MAGIC) != RECORD_MAGIC_VALUE || from[RECORD_VERSION] != WAL_VERSION)
        return false;
    record->type = (uint8_t) from[RECORD_TYPE];
    record->epoch = get32(from + RECORD_EPOCH);
    record->segment = get64(from + RECORD_SEGMENT);
    record->seq = get64(from + RECORD_SEQ);
    *length = get32(from + RECORD_LENGTH);
    *group_offset = (uint64_t) get32(from + RECORD_GROUP) * WAL_BLOCK_BYTES;
    return *length <= WAL_RECORD_MAX;
}
