"""A fresh ext4 with a journal, in a file, loop-mounted and warmed up.

Nothing is deleted between runs: some file systems slow down tenfold after a
large delete, and a used one is not the same as the next man's.
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

    def __enter__(self):
        os.makedirs(self.path, exist_ok=True)
        call('truncate', '-s', f'{self.gigabytes}G', self.file)
        # No lazy initialisation: it would go on in the background while we measure.
        call('mkfs.ext4', '-q', '-F', '-m', 0, '-N', self.inodes,
             '-E', 'lazy_itable_init=0,lazy_journal_init=0', self.file)
        call('mount', '-o', 'loop', self.file, self.path)
        return self

    def __exit__(self, *_):
        call('umount', '-l', self.path)
        os.unlink(self.file)
        os.rmdir(self.path)

    def warm(self, gigabytes=3):
        """First touch of memory and of the image's blocks is paid here, not in a run."""
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
