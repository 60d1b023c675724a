"""A knarrd of its own for a run, and the programs that load it."""

import json
import os
import subprocess
import time

MOST_SECONDS = 900  # what takes longer hangs


class Programs:
    def __init__(self, build):
        self.build = os.path.abspath(build)

    def run(self, program, *words, **options):
        command = [os.path.join(self.build, 'bench', program), *words]
        for name, value in options.items():
            command += ['--' + name, str(value)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                              timeout=MOST_SECONDS)
        if done.returncode != 0:
            raise RuntimeError(f'{" ".join(command)} failed')
        return json.loads(done.stdout)

    def baseline(self, name, **options):
        return self.run('baseline', name, **options)

    def journal(self, name, **options):
        return self.run('journal', name, **options)


class Server:
    """backups: how many in directories of their own, or the directories; flaky: the
    control file of the last one, which then is slow or fails as that file says;
    environment: what is added to it."""

    def __init__(self, programs, place, backups=1, sync=None, knarr=None, endpoint=None,
                 flaky=None, environment=None):
        self.programs = programs
        self.place = place
        self.workspace = os.path.join(place, 'data')
        if isinstance(backups, int):
            backups = [os.path.join(place, f'backup-{i}') for i in range(backups)]
        self.backups = backups
        self.endpoint = endpoint or f'ipc://{place}/knarr.sock'
        self.flaky = flaky
        self.environment = {**os.environ, **(environment or {})}
        self.configuration = self.configure(sync or {'sync_type': 'async'}, knarr or {})
        self.process = None

    def configure(self, sync, knarr):
        items = [{'name': f'backup-{i}', 'backend': 'local', 'local': {'local_dir': path}}
                 for i, path in enumerate(self.backups)]
        if self.flaky:
            place = f'local:{self.backups[-1]}?{self.flaky}'
            items[-1] = {'name': items[-1]['name'], 'backend': 'flaky', 'flaky': {'place': place}}
        agfs = {'backend': 'local', 'knarr': {'endpoint': self.endpoint, **knarr}}
        if items:
            agfs['backups'] = {**sync, 'items': items}
        return {'storage': {'workspace': self.workspace, 'agfs': agfs}}

    def __enter__(self):
        os.makedirs(self.place, exist_ok=True)
        file = os.path.join(self.place, 'ov.conf')
        with open(file, 'w') as out:
            json.dump(self.configuration, out, indent=1)
        self.log = os.path.join(self.place, 'log')
        started = time.monotonic()
        with open(self.log, 'w') as log:
            self.process = subprocess.Popen(
                [os.path.join(self.programs.build, 'bin', 'knarrd'), '--config', file],
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.place,
                env=self.environment)
        while 'ready' not in open(self.log).read():
            if self.process.poll() is not None or time.monotonic() > started + 120:
                raise RuntimeError('the server does not start: ' + open(self.log).read()[-2000:])
            time.sleep(0.005)
        self.start_seconds = time.monotonic() - started
        return self

    def __exit__(self, *_):
        died = self.process.poll()
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        # -9 is a run that killed it on purpose.
        if died not in (None, 0, -9):
            raise RuntimeError(f'the server died ({died}): ' + open(self.log).read()[-2000:])

    def load(self, name, uri, **options):
        return self.programs.run('load', name, endpoint=self.endpoint,
                                 place='viking://resources/' + uri, **options)

    def knarr(self, *words):
        return subprocess.run(
            [os.path.join(self.programs.build, 'bin', 'knarr'), '--endpoint', self.endpoint, *words],
            check=True, text=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
            timeout=MOST_SECONDS).stdout

    def drain(self, *backups):
        """Wait until all backups, or the ones named, have everything."""
        for names in [('--on', name) for name in backups] or [()]:
            self.knarr('sync', 'wait', *names)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def cpu_seconds(self):
        fields = open(f'/proc/{self.process.pid}/stat').read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def memory(self, name='VmRSS'):
        """Bytes: VmRSS, VmHWM or VmSize."""
        for line in open(f'/proc/{self.process.pid}/status'):
            if line.startswith(name + ':'):
                return int(line.split()[1]) * 1024
        raise RuntimeError('no ' + name)

    def forget_peak(self):
        """VmHWM begins anew at what is resident now."""
        with open(f'/proc/{self.process.pid}/clear_refs', 'w') as out:
            out.write('5')

    def find(self, uri):
        """The directory of the primary that holds what is below that URI."""
        for directory, names, _ in os.walk(self.workspace):
            if 'resources' in names:
                return os.path.join(directory, 'resources', uri)
        raise RuntimeError('the primary has no resources')
