#ifndef TESTS_BACKENDS_FOLDER_H
#define TESTS_BACKENDS_FOLDER_H

/*
 * folder - directories of our own for tests, under $TMPDIR or /tmp.
 */

char *folder_new(void);               /* an empty one; on the heap */
char *folder_new_quick(void);         /* in memory where that is possible */
void folder_remove(const char *path); /* with all in it */

int folder_count(const char *path);       /* names in it */
int folder_temporaries(const char *path); /* files of unfinished changes, at any depth */
int folder_open_files(void);              /* descriptors this process has */

/* A file system of `bytes` mounted on it; false without the right. */
int folder_mount(const char *path, const char *bytes);
void folder_unmount(const char *path);

#endif
