"""C1 and H1: what a write costs the machine, and what a stranger can cost it."""

import socket
import struct
import time

from suite.copies import copied
from suite.pairs import Row, interleave, number, row
from suite.server import Server

MIB = 1 << 20


def c1(bench):
    for backups in 1, 2, 8:
        place = bench.image.directory(bench.unique('cost'))
        raw_place = bench.image.directory(bench.unique('raw'))
        with Server(bench.programs, place, backups=backups) as server:
            def ours(i):
                before = server.cpu_seconds()
                done = server.load('write', 'new', threads=32, tag=i, seconds=bench.seconds,
                                   drains='yes')
                return {'cpu_us': (server.cpu_seconds() - before) * 1e6 / done['count']}
            results = interleave(
                bench.pairs, bench.image.settle, ours,
                lambda i: bench.programs.baseline('files', place=raw_place, unsynced='yes', tag=i,
                                                  seconds=bench.seconds))
            yield row('C1', f"server's CPU µs per 1 KiB write, N = {backups} ÷ (1 + N) × raw temp + "
                      'rename', results, number('cpu_us'), 2.0, scale=1 + backups, at_most=True)
    yield from copied(bench)
    place = bench.image.directory(bench.unique('idle'))
    with Server(bench.programs, place) as server:
        time.sleep(2)
        yield Row('C1', 'idle RSS, MiB', [server.memory() / MIB], 24, at_most=True, unit=' MiB')


GREETING = b'\xff' + bytes(8) + b'\x7f' + b'\x03\x00' + b'NULL' + bytes(16) + b'\x00' + bytes(31)
READY = b'\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x00'
LONG, COMMAND = 2, 4
BOMBS = [b'\xdd\xff\xff\xff\xff', b'\xdf\xff\xff\xff\xff', b'\xdb\xff\xff\xff\xff',
         b'\xc6\xff\xff\xff\xff', b'\x91' * 60000, b'\xdd\x7f\xff\xff\xff' * 1000]


def stranger(port):
    peer = socket.create_connection(('127.0.0.1', port))
    peer.sendall(GREETING)
    time.sleep(0.02)
    peer.sendall(bytes([COMMAND, len(READY)]) + READY)
    return peer


def h1(bench):
    place = bench.image.directory(bench.unique('hostile'))
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    with Server(bench.programs, place, endpoint=f'tcp://127.0.0.1:{port}') as server:
        server.load('write', 'new', threads=4, seconds=1)
        size, rss = server.memory('VmSize'), server.memory('VmRSS')
        peers = [stranger(port) for _ in range(20)]
        for peer in peers:
            peer.sendall(bytes([LONG]) + struct.pack('>Q', 8 << 30) + bytes(65536))
        for bomb in BOMBS:
            peers.append(stranger(port))
            peers[-1].sendall(bytes([LONG]) + struct.pack('>Q', len(bomb)) + bomb)
        time.sleep(2)
        grown = server.memory('VmSize') - size, server.memory('VmRSS') - rss
        server.load('write', 'new', tag='after', count=10)
        for peer in peers:
            peer.close()
    yield Row('H1', '20 peers announcing 8 GiB, and bombs: VmSize, MiB', [grown[0] / MIB], 32,
              at_most=True, unit=' MiB')
    yield Row('H1', 'the same: RSS, MiB', [grown[1] / MIB], 4, at_most=True, unit=' MiB')
