#!/usr/bin/env python3
"""knarr_client.py ENDPOINT put FILE URI | get URI FILE | ls URI    (see docs/PROTOCOL.md)"""
import collections, io, msgpack, os, sys, zmq

class Knarr:
    def __init__(self, endpoint):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger, self.last_id = 500, 0
        self.socket.connect(endpoint)
        self.say("GREET", 1, "knarr_client.py", "", "")
        _, (_, self.server, self.chunk, self.credit), _ = self.hear("WELCOME")

    def ask(self, tag, *fields, body=b""):
        self.last_id += 1
        self.say(tag, self.last_id, *fields, body=body)
        return self.last_id

    def say(self, *header, body=b""):  # one frame, and one more if there are bytes
        frames = [msgpack.packb(header, unicode_errors="surrogateescape"), body]
        self.socket.send_multipart(frames if body else frames[:1])

    def hear(self, *tags):
        """The next message: its tag, fields and body. A server that is busy answers PINGs."""
        while True:
            for silence in range(15):
                if self.socket.poll(2000):
                    break
                self.say("PING", 0)
            else:
                raise TimeoutError("the server is silent")
            header, *body = self.socket.recv_multipart()
            tag, *fields = msgpack.unpackb(header, unicode_errors="surrogateescape")
            if tag == "ANSWER" and fields[1] != 0:
                raise RuntimeError("%s (%s)" % (fields[3], fields[2]))
            if tag in tags and fields[0] != 0:
                return tag, fields, body[0] if body else b""

    def put(self, file, uri):
        size, credit = os.fstat(file.fileno()).st_size, self.credit
        body = file.read(min(self.chunk, credit, size))
        sent, id = len(body), self.ask("WRITE", uri, 0, 0, size, 0, 2**64 - 1, 0, 0, body=body)
        while True:
            while sent < min(size, credit) and not self.socket.poll(0):
                body = file.read(min(self.chunk, credit - sent, size - sent))
                assert body, "the file became shorter"
                self.say("DATA", id, sent, int(sent + len(body) == size), body=body)
                sent += len(body)
            tag, fields, _ = self.hear("GO", "ANSWER")
            if tag == "ANSWER":
                return "seq %d, %d bytes, hash %s" % tuple(fields[4:7])
            credit += fields[1]

    def get(self, uri, file):
        asked, there, offset = collections.deque(), {}, 0
        size, version = 1, 0  # until the first answer says more
        while offset < size or asked:
            while offset < size and len(asked) < (4 if version else 1):
                asked.append(self.ask("READ", uri, offset, self.chunk, version))
                offset += self.chunk
            _, (id, _, size, version, _, _), there[id] = self.hear("CONTENT")
            while asked and asked[0] in there:
                file.write(there.pop(asked.popleft()))

    def ls(self, uri, after="", more=True):
        while more:
            self.ask("LIST", uri, after, 1000, 1, 0)
            _, (_, _, more, after), body = self.hear("PAGE")
            entries = msgpack.Unpacker(io.BytesIO(body), unicode_errors="surrogateescape")
            for _, name, is_directory, mode, size, mtime_ns in entries:
                yield "%12d  %s%s" % (size, name, "/" if is_directory else "")

if __name__ == "__main__":
    knarr, verb, names = Knarr(sys.argv[1]), sys.argv[2], sys.argv[3:]
    if verb == "put":
        print(knarr.put(open(names[0], "rb"), names[1]))
    elif verb == "get":
        knarr.get(names[0], open(names[1], "wb"))
    else:
        print("\n".join(knarr.ls(names[0])))
