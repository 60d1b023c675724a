"""A fresh ext4 with a journal, in a file, loop-mounted and warmed up.

Nothing is deleted between runs: some file systems slow down tenfold after a
large delete, and a used one is not the same as the next man's.  So the next
bench gets a new file system in the same file, and the file goes at the end.
"""

import os
import shutil
import subprocess


def call(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, text=True,
                          stdin=subprocess.DEVNULL, **options)


class Image:
    def __init__(self, directory, name, gigabytes=20, inodes=4_000_000):
        self.file = os.path.join(directory, name + '.img')
        self.path = os.path.join(directory, name)
        self.gigabytes = gigabytes
        self.inodes = inodes
        self.is_warm = False

    def __enter__(self):
        os.makedirs(self.path, exist_ok=True)
        call('truncate', '-s', f'{self.gigabytes}G', self.file)
        # Tables of inodes are neither zeroed now nor in the background while we measure.
        call('mkfs.ext4', '-q', '-F', '-m', 0, '-N', self.inodes,
             '-E', 'nodiscard,lazy_itable_init=1,lazy_journal_init=0', self.file)
        call('mount', '-o', 'loop,noinit_itable', self.file, self.path)
        return self

    def __exit__(self, *_):
        if subprocess.run(['umount', self.path]).returncode != 0:
            # Somebody is still in there: nobody may make a file system in that file now.
            call('umount', '-l', self.path)
            os.unlink(self.file)

    def remove(self):
        if os.path.exists(self.file):
            os.unlink(self.file)
        if os.path.isdir(self.path):
            os.rmdir(self.path)

    def warm(self, gigabytes):
        """First touch of memory and of the image's blocks is paid here, once, not in a run."""
        if self.is_warm:
            return
        self.is_warm = True
        block = os.urandom(1 << 20)
        path = os.path.join(self.path, 'warm')
        with open(path, 'wb') as file:
            for _ in range(gigabytes << 10):
                file.write(block)
            os.fsync(file.fileno())
        self.settle()

    def settle(self):
        """What one side left unwritten is not the other side's burden."""
        call('sync', '-f', self.path)

    def directory(self, name):
        path = os.path.join(self.path, name)
        os.makedirs(path, exist_ok=True)
        return path

    def fill(self):
        """Take all the space that is left: the next write fails with ENOSPC."""
        hog = os.path.join(self.path, 'hog')
        with open(hog, 'wb') as file:
            size = shutil.disk_usage(self.path).free
            while size >= 4096:
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)
                except OSError:
                    size //= 2
                    continue
                size = min(size, shutil.disk_usage(self.path).free)

    def empty(self):
        os.unlink(os.path.join(self.path, 'hog'))
