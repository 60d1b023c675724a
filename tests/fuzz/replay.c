/*
 * replay - give every file of a corpus to a fuzzer's entry point once.
 *
 * So what a fuzzer found stays a plain test, for any compiler and sanitizer.
 * An empty corpus is a failure: it would be a test that cannot fail.
 */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES_MAX = 64 << 20 };

static void
replay_file(const char *directory, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(1);
    }
    long size = ftell(file);
    if (size < 0 || size > INPUT_BYTES_MAX) {
        fprintf(stderr, "%s: not of a size to replay\n", path);
        exit(1);
    }
    rewind(file);
    /* A block of exactly that size, so that a read past its end is seen. */
    uint8_t *bytes = malloc((size_t) size);
    if (size > 0 && (!bytes || fread(bytes, 1, (size_t) size, file) != (size_t) size)) {
        perror(path);
        exit(1);
    }
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, (size_t) size);
    free(bytes);
}

int
main(int argc, char **argv)
{
    unsigned long replayed = 0;
    for (int i = 1; i < argc; i++) {
        DIR *directory = opendir(argv[i]);
        if (!directory) {
            perror(argv[i]);
            return 1;
        }
        for (struct dirent *entry; (entry = readdir(directory));) {
            if (entry->d_name[0] == '.')
                continue;
            replay_file(argv[i], entry->d_name);
            replayed++;
        }
        closedir(directory);
    }
    printf("%lu inputs replayed\n", replayed);
    return replayed == 0;
}
