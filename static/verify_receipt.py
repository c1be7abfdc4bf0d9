#!/usr/bin/env python3
"""Check a receipt of the permit portal offline. Python 3.9 or newer, and its package `cryptography`, are all it needs.

    python verify_receipt.py receipt-….json --key 'permits.example/audit+1a2b3c4d+AZ…'
    python verify_receipt.py receipt-….json --checkpoint checkpoint-kept-by-another-office.txt

--key takes a key, or a file of keys such as a copy of the portal's /audit/keys: get it from somebody else than whoever gave
you the receipt. --checkpoint takes a copy of /audit/checkpoint that somebody kept. Both may be given more than once.

Exit status: 0 proved; 1 broken; 2 can't be checked; 3 all of it fits, but only the key inside the receipt vouches for it.
"""

import argparse
import base64
import hashlib
import json
import locale
import re
import sys

WORDS = {
    "not_json": ("This is no receipt: {0}.", "这不是凭证文件：{0}。"),
    "format": ("This is no receipt of a form that this program knows.", "这不是本程序所知格式的凭证。"),
    "note": ("Its checkpoint is no signed checkpoint of a log.", "其中的检查点不是日志的签名检查点。"),
    "origin": ("It says that it is of the log {0}, its checkpoint that it is of {1}.", "凭证称属于日志 {0}，检查点却属于 {1}。"),
    "key": ("The key in it is no key of the log {0}.", "其中的公钥不是日志 {0} 的公钥。"),
    "signature": ("The signature of its checkpoint is not by its key, or not over this text.", "检查点的签名与公钥或内容不符。"),
    "not_in_log": ("Event {0} is not in the log that the checkpoint signs: it was changed, or never there.", "第 {0} 个事件不在检查点所签的日志中：内容被改动，或从未存在。"),
    "no_event": ("Event {0} is no event of an application.", "第 {0} 个事件不是办件的事件。"),
    "stream": ("Event {0} belongs to another application.", "第 {0} 个事件属于另一办件。"),
    "seq": ("Event {1} stands in the place of event {0}: one is missing, was added or was moved.", "第 {0} 个事件的位置上是第 {1} 个事件：有缺失、增加或移动。"),
    "prev": ("Event {0} does not follow the event before it.", "第 {0} 个事件与前一事件不相接。"),
    "order": ("Event {0} stands in the log before the event that it follows.", "第 {0} 个事件在日志中位于前一事件之前。"),
    "reason": ("The words that go with event {0} are not those that were recorded.", "第 {0} 个事件所附文字与记录不符。"),
    "number": ("No event in it gives the application the number {0}.", "其中没有事件给予该办件编号 {0}。"),
    "not_your_key": ("It is signed with key {0}, which is none of those that you gave.", "签名公钥 {0} 不在您提供的公钥之中。"),
    "not_kept": ("The checkpoint that you kept ({0}) is not signed by a key that is known here.", "您保存的检查点（{0}）不是由此处已知的公钥签名的。"),
    "fork": ("The checkpoint that you kept ({0}) shows ANOTHER log of the same size: the log was rewritten.", "您保存的检查点（{0}）显示同样大小的另一份日志：日志被改写过。"),
    "proved": ("PROVED: {0} events of application {1}, in this order and without a gap, were in the log {2} of {3} entries{4}.", "已证明：办件 {1} 的 {0} 个事件按此顺序、无缺失地在日志 {2} 中（共 {3} 条{4}）。"),
    "at": (", signed at {0}", "，签名时间 {0}"),
    "newer": ("What was recorded later is not in it.", "此后记录的内容不在其中。"),
    "broken": ("BROKEN: this receipt proves nothing.", "凭证无效：不能证明任何内容。"),
    "by_key": ("Signed with key {0}, which you gave.", "由您提供的公钥 {0} 签名。"),
    "by_kept": ("Signed with key {0}, which signed the checkpoint that you kept, too.", "签名公钥 {0} 也签了您保存的检查点。"),
    "same": ("The checkpoint that you kept shows the very same log.", "您保存的检查点显示的正是同一份日志。"),
    "by_itself": ("ONLY THE KEY INSIDE THE RECEIPT VOUCHES FOR IT ({0}), and whoever makes up a receipt makes up its key too. Check again with --key or --checkpoint from another source.", "仅有凭证内的公钥（{0}）为其作证；伪造凭证者也能伪造公钥。请用其他来源的 --key 或 --checkpoint 再核验一次。"),
    "withheld": ("(in the log; its contents are not in this receipt)", "（在日志中；内容不在此凭证内）"),
    "unread": ("{0} can't be read: {1}", "无法读取 {0}：{1}"),
    "no_keys": ("{0} is no key, and no file of keys.", "{0} 不是公钥，也不是公钥文件。"),
    "needs": ("The package 'cryptography' is needed: pip install cryptography", "需要软件包 cryptography：pip install cryptography"),
}  # fmt: skip


class Broken(Exception):
    """A code of WORDS, and what goes into its gaps."""


def need(holds, *code):
    if not holds:
        raise Broken(*code)


def raw(text):
    """The bytes of base64 in its one canonical spelling."""
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "format")
    return data


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def included(leaf, index, size, proof, root):
    """RFC 9162, 2.1.3.2: whether the tree of `size` and `root` has the hash `leaf` at `index`."""
    place, last = index, size - 1
    need(type(index) is int and 0 <= index < size and all(len(each) == 32 for each in (leaf, *proof)), "format")
    for beside in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            leaf = sha256(b"\1", beside, leaf)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            leaf = sha256(b"\1", leaf, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and leaf == root


def read_note(note):
    """A C2SP signed checkpoint: its text, origin, size, root, time and the signatures by the log's own name."""
    found = re.fullmatch(
        r"(([^\n+ ]+)\n(0|[1-9]\d{0,18})\n([^\n]+)\n(?:at ([^\n]+)\n)?(?:[^\n]+\n)*)\n((?:— [^\n]+\n)+)", note
    )
    need(found, "note")
    text, origin, size, root, at, signatures = found.groups()
    lines = [line.split(" ") for line in signatures.splitlines()]
    return (
        text,
        origin,
        int(size),
        raw(root),
        at,
        [raw(line[2]) for line in lines if len(line) == 3 and line[1] == origin],
    )


def public_key(vkey, origin):
    """The key id and the 32 bytes of a C2SP verifier key of that log."""
    name, key_id, key = vkey.split("+", 2)
    key = raw(key)
    need(name == origin and len(key) == 33 and key[:1] == b"\1", "key", origin)
    need(sha256(f"{name}\n".encode(), key)[:4].hex() == key_id, "key", origin)
    return bytes.fromhex(key_id), key[1:]


def signed(note, vkey):
    """Whether the key of this log signed the note."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    text, origin, *_, signatures = read_note(note)
    key_id, key = public_key(vkey, origin)
    for signature in signatures:
        if signature[:4] == key_id:
            try:
                Ed25519PublicKey.from_public_bytes(key).verify(signature[4:], text.encode())
                return True
            except InvalidSignature:
                return False
    return False


def check(receipt):
    """Everything that the receipt says about itself. Return its events: (seq, what was hashed or None, words). Raise Broken."""
    parts = {"format", "origin", "application", "events", "checkpoint", "key"}
    need(
        isinstance(receipt, dict) and set(receipt) == parts and receipt["format"] == "permit-portal-receipt/1", "format"
    )
    _, origin, size, root, *_ = read_note(receipt["checkpoint"])
    need(receipt["origin"] == origin, "origin", receipt["origin"], origin)
    public_key(receipt["key"], origin)
    need(signed(receipt["checkpoint"], receipt["key"]), "signature")
    found, stream, numbers, prev, leaf_before = [], None, [], "", -1
    for seq, event in enumerate(receipt["events"], 1):
        withheld = set(event) == {"withheld", "leaf", "proof"}
        need(withheld or set(event) == {"payload", "reason", "leaf", "proof"}, "format")
        data = None if withheld else event["payload"].encode()
        leaf = raw(event["withheld"]) if withheld else sha256(b"\0", data)
        need(included(leaf, event["leaf"], size, [raw(each) for each in event["proof"]], root), "not_in_log", seq)
        need(event["leaf"] > leaf_before, "order", seq)
        leaf_before = event["leaf"]
        if withheld:
            prev = None  # known only to who has the event
            found.append((seq, None, None))
            continue
        body, words = json.loads(data), event["reason"]
        need(body["stream"].startswith("application:"), "no_event", seq)
        need(stream in (None, body["stream"]), "stream", seq)
        need(body["seq"] == seq, "seq", seq, body["seq"])
        need(prev in (None, body["prev"]), "prev", seq)
        if words is not None:
            need(set(words) == {"salt", "text"}, "format")
            need(sha256(f"{words['salt']}\0{words['text']}".encode()).hex() == body.get("reason"), "reason", seq)
        stream, prev = body["stream"], hashlib.sha256(data).hexdigest()
        numbers += [body["data"].get("number")] if body["action"] == "submitted" else []
        found.append((seq, body, words and words["text"]))
    need(receipt["application"] in numbers, "number", receipt["application"])
    return found


def trust(receipt, keys, kept):
    """Whose word it is: (code, key id) lines. Raise Broken where it is not the word of whom the reader trusts."""
    note, own = receipt["checkpoint"], receipt["key"]
    key_id, (size, root) = own.split("+")[1], read_note(note)[2:4]
    need(not keys or own in keys, "not_your_key", key_id)
    said = [("by_key", key_id)] if keys else []
    for name, other in kept:
        by = [key for key in {own, *keys} if vouches(key, other)]
        need(by, "not_kept", name)
        other_size, other_root = read_note(other)[2:4]
        need(other_size != size or other_root == root, "fork", name)
        said += [("by_kept", key_id)] if own in by else []
        said += [("same",)] if other_size == size else []
    return said


def vouches(vkey, note):
    try:
        return signed(note, vkey)
    except (Broken, ValueError):  # no checkpoint, or one of another log, or no key
        return False


def unique(pairs):
    need(len({name for name, _ in pairs}) == len(pairs), "format")
    return dict(pairs)


def plain(text):
    """Text that can't steer a terminal."""
    return "".join(each if each.isprintable() else " " for each in str(text))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("receipt")
    parser.add_argument("--key", action="append", default=[], help="KEY or FILE")
    parser.add_argument("--checkpoint", action="append", default=[], help="FILE")
    chinese = (locale.setlocale(locale.LC_CTYPE, None) or "").lower().startswith(("zh", "chinese"))
    parser.add_argument("--lang", choices=["zh", "en"], default="zh" if chinese else "en")
    options = parser.parse_args(arguments)
    sys.stdout.reconfigure(errors="replace")

    def say(code, *gaps):
        print(plain(WORDS[code][options.lang == "zh"].format(*gaps)))

    def read(name):
        with open(name, encoding="utf-8", newline="") as file:
            return file.read()

    try:
        import cryptography  # noqa: F401

        keys = [line for each in options.key for line in (each if "+" in each else read(each)).split("\n") if line]
        for key in keys:
            if len(key.split("+")) < 3:
                return say("no_keys", key) or 2
        kept = [(name, read(name)) for name in options.checkpoint]
        text = read(options.receipt)
    except ImportError:
        return say("needs") or 2
    except (OSError, UnicodeDecodeError) as error:
        return say("unread", getattr(error, "filename", None) or options.receipt, error) or 2
    try:
        receipt = json.loads(text, object_pairs_hook=unique)
        events, said = check(receipt), trust(receipt, keys, kept)
    except Broken as fault:
        say("broken")
        return say(*fault.args) or 1
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        RecursionError,
    ) as error:  # nothing in it is what it should be
        say("broken")
        return say("not_json", error) or 1
    for seq, body, words in events:
        if body is None:
            print(f"{seq:4}  {WORDS['withheld'][options.lang == 'zh']}")
            continue
        print(plain(f"{seq:4}  {body['at'][:19]}Z  {body['action']}  {body['role']}  {body['after']}").rstrip())
        if words:
            print(f"      “{plain(words)}”")
    _, origin, size, _, at, _ = read_note(receipt["checkpoint"])
    when = WORDS["at"][options.lang == "zh"].format(at) if at else ""
    say("proved", len(events), receipt["application"], origin, size, when)
    say("newer")
    for line in said:
        say(*line)
    if any(line[0] in ("by_key", "by_kept") for line in said):
        return 0
    return say("by_itself", receipt["key"].split("+")[1]) or 3


if __name__ == "__main__":
    sys.exit(main())
