#!/usr/bin/env python3
"""Sends the same requests to two servers and prints where the answers differ.

    differential.py                          this Keystone beside Python Keystone, both started here
    differential.py --left URL --right URL   two servers that run already (fresh, bootstrapped)

A side is a base URL without /v3, or `rust` or `python` to start one on a new database. Compared are
the status, the headers and the body, after what may differ between any two runs (ids, times, tokens,
addresses, message texts) has been replaced by a name for its form. Lists are compared as sets: the
API promises no order. Differences that are wanted stand in `differential.known`, each with a reason.

The requests file (`differential.requests`), line by line:

    # comment                      == title of a section; === of one that needs new servers
    METHOD PATH [as TOKEN]         a request; TOKEN is a saved token, `admin` when left out, `none`
        {"json": "body"}           may go on over indented lines
        raw TEXT                   a body that is not JSON; `raw-zeros N` is N bytes of it
        header Name: value
        save NAME a.b.0.c          keeps a member of the answer as ${NAME}
        token NAME                 keeps X-Subject-Token, for `as NAME` and ${NAME}
        status-only                compare the status only
        named WORDS                tells this request from others of the same line, for known ones

Exit status 1 when there is a difference that is not known, or a known one that is gone.
"""

import argparse
import fnmatch
import http.client
import json
import re
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from kit.http import Answer, call
from kit.servers import Site, free_port, implementation

HERE = Path(__file__).resolve().parent
PASSWORD = "differential-admin-password"
# Written by the HTTP server, not by Keystone.
TRANSPORT = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
FORMS = [
    (re.compile(r"\bgAAAA[\w-]{40,}={0,2}"), "<token>"),
    (re.compile(r"\breq-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<request-id>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<hex64>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<hex32>"),
    (re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}"), "<time-us>"),
    (re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d"), "<time>"),
    (re.compile(r"\b20\d\d-\d\d-\d\d\b"), "<date>"),
]
MISSING = object()


@dataclass
class Request:
    line: int
    section: str
    fresh: bool
    method: str
    path: str
    token: str = "admin"
    body: str = None
    zeros: int = 0
    raw: bool = False
    status_only: bool = False
    headers: list = field(default_factory=list)
    saves: list = field(default_factory=list)
    token_name: str = None
    name: str = ""

    @property
    def label(self):
        who = "" if self.token == "admin" else f" as {self.token}"
        name = f" ({self.name})" if self.name else ""
        return f"{self.method} {self.path}{who}{name}"


def parse(text):
    """The requests file as a list of requests."""
    requests, section, fresh = [], "", False
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if line.startswith(("== ", "=== ")):
            section = line.lstrip("=").strip()
            fresh = line.startswith("===")
        elif not line[0].isspace():
            request = Request(number, section, fresh, words[0], words[1])
            if len(words) == 4 and words[2] == "as":
                request.token = words[3]
            elif len(words) != 2:
                raise SystemExit(f"line {number}: cannot read {line!r}")
            requests.append(request)
        elif words[0] == "save":
            requests[-1].saves.append((words[1], words[2]))
        elif words[0] == "token":
            requests[-1].token_name = words[1]
        elif words[0] == "named":
            requests[-1].name = " ".join(words[1:])
        elif words[0] == "header":
            name, _, value = line.strip()[7:].partition(":")
            requests[-1].headers.append((name, value.strip()))
        elif words[0] == "raw":
            requests[-1].raw, requests[-1].body = True, line.strip()[4:]
        elif words[0] == "raw-zeros":
            requests[-1].raw, requests[-1].zeros = True, int(words[1])
        elif words[0] == "status-only":
            requests[-1].status_only = True
        else:
            requests[-1].body = (requests[-1].body or "") + line.strip()
    for request in requests:
        if request.body and not request.raw:
            try:
                json.loads(re.sub(r"\$\{\w+\}", "x", request.body))
            except ValueError as problem:
                raise SystemExit(f"line {request.line}: {problem}: {request.body}") from None
    return requests


class Side:
    """One server, with the values its answers have given."""

    def __init__(self, base, password):
        self.base = base.rstrip("/").removesuffix("/v3")
        self.values = {"password": password, "base": self.base}
        self.lost = set()  # names whose saving failed on this side

    def fill(self, text):
        return re.sub(r"\$\{(\w+)\}", lambda m: self.values.get(m[1], f"no-{m[1]}"), text)

    def send(self, request):
        headers = {name: self.fill(value) for name, value in request.headers}
        if request.token != "none":
            headers["X-Auth-Token"] = self.values.get(request.token, f"no-{request.token}")
        body = None
        if request.zeros:
            body = b"0" * request.zeros
        elif request.body is not None:
            body = self.fill(request.body)
        if body is not None and not any(n.lower() == "content-type" for n in headers):
            headers["Content-Type"] = "application/json"
        try:
            answer = call(request.method, self.base + self.fill(request.path), body, headers)
        except (http.client.HTTPException, ConnectionError) as problem:
            # Python Keystone's unhandled errors end the connection without an answer.
            return Answer(500, [], f"<{type(problem).__name__}>")
        self.keep(request, answer)
        return answer

    def keep(self, request, answer):
        if request.token_name:
            token = answer.header("X-Subject-Token")
            self.remember(request.token_name, token)
        for name, path in request.saves:
            value = answer.json
            for step in path.split("."):
                try:
                    value = value[int(step) if isinstance(value, list) else step]
                except (KeyError, IndexError, TypeError, ValueError):
                    value = None
                    break
            self.remember(name, value)

    def remember(self, name, value):
        if value is None:
            self.lost.add(name)
            self.values.pop(name, None)
        else:
            self.values[name] = str(value)

    def plain(self, text):
        """`text` with this side's own values replaced by what they are."""
        for base in (self.base, self.base.replace("http://", "https://")):
            text = text.replace(base, base.split(":")[0] + "://<host>")
        for name, value in self.values.items():
            if len(value) >= 32 and value in text:
                text = text.replace(value, f"<{name}>")
        for form, name in FORMS:
            text = form.sub(name, text)
        return text


def normal(value, side, path=""):
    """A JSON value with volatile parts named and lists sorted."""
    if isinstance(value, dict):
        out = {}
        for key, member in value.items():
            where = f"{path}.{key}"
            if where in (".error.message", ".message") and isinstance(member, str) and member:
                out[key] = "<message>"
            elif key == "audit_ids" and isinstance(member, list):
                out[key] = ["<audit-id>" for _ in member]
            elif where == ".links.next" and isinstance(member, str):
                # The marker is an id, and the order of ids is as random as they are.
                out[key] = re.sub(r"marker=[^&]+", "marker=<id>", side.plain(member))
            else:
                # An id can be a key too, as in parents_as_ids.
                out[side.plain(key)] = normal(member, side, where)
        return out
    if isinstance(value, list):
        return sorted((normal(v, side, path) for v in value), key=lambda v: (
            str(v.get("name", "")) if isinstance(v, dict) else "", json.dumps(v, sort_keys=True)))
    return side.plain(value) if isinstance(value, str) else value


def view(answer, side, request):
    """What is compared of an answer: a flat dictionary of location to value."""
    seen = {"status": answer.status}
    if request.status_only:
        return seen
    for name, value in answer.headers:
        name = name.lower()
        if name in TRANSPORT:
            continue
        if name == "allow":
            value = ", ".join(sorted(v.strip() for v in value.split(",")))
        seen[f"header {name}"] = side.plain(value)
    if answer.status == 500:
        return {"status": 500}
    body = answer.json
    if body is None:
        seen["body"] = "<text>" if answer.text.strip() else ""
    else:
        flatten("body", normal(body, side), seen)
    return seen


def flatten(path, value, into):
    if isinstance(value, dict):
        into[path] = "{}"
        for key, member in value.items():
            flatten(f"{path}.{key}", member, into)
    elif isinstance(value, list):
        into[path] = f"list of {len(value)}"
        for index, member in enumerate(value):
            flatten(f"{path}[{index}]", member, into)
    else:
        into[path] = value


def known_differences(path):
    """Lines `METHOD PATH :: LOCATION  # reason` with shell wildcards."""
    rules = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line, _, reason = line.partition("  # ")
        if line.strip() and not line.startswith("#"):
            if not reason.strip():
                raise SystemExit(f"{path.name}:{number}: a known difference needs a reason")
            # `[` is a wildcard for fnmatch and an index for us.
            rules.append((line.strip(), line.strip().replace("[", "[[]")))
    return rules


def compare(left, right, requests, rules, verbose):
    """Runs all requests; returns (number that differ, used rules)."""
    differing, used, section = 0, set(), None
    for request in requests:
        if request.section != section:
            section = request.section
            print(f"== {section}", flush=True)
        answers = [(side, side.send(request)) for side in (left, right)]
        views = [view(answer, side, request) for side, answer in answers]
        lines = []
        for where in [*views[0], *(w for w in views[1] if w not in views[0])]:
            values = [v.get(where, MISSING) for v in views]
            if values[0] == values[1] and type(values[0]) is type(values[1]):
                continue
            name = f"{request.label} :: {where}"
            rule = next((text for text, glob in rules if fnmatch.fnmatchcase(name, glob)), None)
            if rule:
                used.add(rule)
            else:
                lines.append((where, *values))
        if lines:
            differing += 1
            print(f"DIFF  {request.label}   (line {request.line})")
            for where, one, two in lines:
                print(f"        {where}: left {show(one)}, right {show(two)}")
            for side, answer in answers:
                if answer.status >= 400:
                    print(f"        {side.base}: {answer.text.strip()[:300]}")
        elif verbose:
            print(f"same  {answers[0][1].status} {request.label}")
    for name in sorted((left.lost | right.lost) - (left.lost & right.lost)):
        print(f"note: only one side gave ${{{name}}}; later differences may follow from it")
    for name in sorted(left.lost & right.lost):
        print(f"note: neither side gave ${{{name}}}")
        differing += 1
    return differing, used


def show(value):
    return "nothing" if value is MISSING else json.dumps(value)


def groups_of(requests):
    """The requests that go to the same servers, each group with the setup first."""
    setup = [r for r in requests if r.section == "setup"]
    groups = [setup.copy()]
    for before, request in zip([None] + requests, requests):
        if request.section == "setup":
            continue
        if request.fresh and before.section != request.section and len(groups[-1]) > len(setup):
            groups.append(setup.copy())
        groups[-1].append(request)
    return groups


def open_side(name, password, stack, folder, database):
    if "://" in name:
        return Side(name, password)
    kind = implementation(name)
    port = free_port()
    site = Site(folder, database, password=PASSWORD, options=federation(folder))
    stack.callback(site.remove)
    site.prepare(kind, f"http://127.0.0.1:{port}")
    server = kind.start(site, port)
    stack.callback(server.stop)
    return Side(server.base, PASSWORD)


def federation(folder):
    """Options for federated logins. Ours believes what comes from here; Python believes anybody."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "page.html").write_text('<form action="$host"><input name="token" value="$token">')
    (folder / "metadata.xml").write_text("<x/>\n")
    return ("[server]\ntrusted_proxies = 127.0.0.1\nassertion_headers = OIDC-*\n"
            "[federation]\nremote_id_attribute = HTTP_OIDC_ISS\n"
            "trusted_dashboard = http://dash.example/auth/websso/\n"
            f"sso_callback_template = {folder}/page.html\n"
            f"[saml]\nidp_metadata_path = {folder}/metadata.xml\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--left", default="rust", help="URL, rust or python (default rust)")
    parser.add_argument("--right", default="python", help="URL, rust or python (default python)")
    parser.add_argument("--left-password", default=PASSWORD, help="admin's, with a URL")
    parser.add_argument("--right-password", default=PASSWORD, help="admin's, with a URL")
    parser.add_argument("--database", default="postgres", choices=["sqlite", "postgres", "mysql"],
                        help="of the servers started here (default postgres)")
    parser.add_argument("--requests", type=Path, default=HERE / "differential.requests")
    parser.add_argument("--known", type=Path, default=HERE / "differential.known")
    parser.add_argument("--only", help="shell pattern of section titles to compare; setup first")
    parser.add_argument("-v", "--verbose", action="store_true", help="list equal answers too")
    options = parser.parse_args()

    requests = parse(options.requests.read_text())
    if options.only:
        requests = [r for r in requests
                    if r.section == "setup" or fnmatch.fnmatchcase(r.section, options.only)]
    rules = known_differences(options.known)
    ours = "://" not in options.left + options.right
    differing, used, sent = 0, set(), 0
    for group in groups_of(requests) if ours else [requests]:
        with ExitStack() as stack:
            temp = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="keystone-diff-")))
            left = open_side(options.left, options.left_password, stack, temp / "left",
                             options.database)
            right = open_side(options.right, options.right_password, stack, temp / "right",
                              options.database)
            found, seen = compare(left, right, group, rules, options.verbose)
        differing, used, sent = differing + found, used | seen, sent + len(group)
    unused = [text for text, _ in rules if text not in used]
    if not options.only and {options.left, options.right} == {"rust", "python"}:
        for text in unused:
            print(f"stale: no such difference any more: {text}")
    else:
        unused = []
    print(f"{sent - differing}/{sent} requests answered alike,"
          f" {len(used)} known differences")
    return 1 if differing or unused else 0


if __name__ == "__main__":
    sys.exit(main())
