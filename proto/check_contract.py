#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the wire contract keeps its own promises.

Reads a FileDescriptorSet with source information (the build makes berth.protoset) and reports every
fault at once, as FILE:LINE: NAME: FAULT. Rules:
  1. Every message, field, oneof, enum, value, service and RPC has a comment.
  2. Every RPC of berth.v1 says its errors; every mutating one says what a repeat does.
  3. Every mutating request begins with request_id = 1 and control_epoch = 2, and has its etag and
     validate_only, if any, at 3 and 4. Reading ones have none of the first three.
  4. Enums begin with *_UNSPECIFIED = 0 and carry their name before each value (ErrorReason excepted);
     integers are signed; timestamps, and only they, end in _time.
  5. Each UPPER_SNAKE word of a comment is a reason, a gRPC code, or a value of some enum.
  6. Each reason of core/base/reasons.h is in ErrorReason (--reasons).
With --self-test it plants one fault of each kind and fails unless each is found.
"""
import argparse
import re
import sys

from google.protobuf import descriptor_pb2 as pb

PACKAGE = "berth.v1"
# Sessions change no record, so there is nothing to make exactly once or to fence.
SESSIONS = {"StreamConsole", "CreateConsoleTicket"}
NO_SIDE_EFFECTS = pb.MethodOptions.NO_SIDE_EFFECTS
FIELD = pb.FieldDescriptorProto
UNSIGNED = {FIELD.TYPE_UINT32, FIELD.TYPE_UINT64, FIELD.TYPE_FIXED32, FIELD.TYPE_FIXED64}
# Words in capitals that are names of other things.
OTHER_WORDS = {"NO_SIDE_EFFECTS", "UPPER_SNAKE", "SYNCED"}


def snake(camel):
    """"InstanceState" -> "INSTANCE_STATE"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", camel).upper()


class Checker:
    """Walks one set of files and gathers the faults."""

    def __init__(self, files, reasons):
        self.files = [f for f in files if not f.name.startswith("google/protobuf/")]
        self.reasons = reasons
        self.faults = []
        self.messages = {}
        self.words = set(OTHER_WORDS)

    def run(self):
        for file in self.files:
            self.learn(file.package, file.message_type, file.enum_type)
        for file in self.files:
            self.check_file(file)
        self.check_reasons()
        return self.faults

    def learn(self, scope, messages, enums):
        for message in messages:
            name = f"{scope}.{message.name}"
            self.messages["." + name] = message
            self.learn(name, message.nested_type, message.enum_type)
        for enum in enums:
            for value in enum.value:
                self.words.add(value.name)
                self.words.add(value.name.removeprefix(snake(enum.name) + "_"))

    def check_file(self, file):
        self.file = file
        self.locations = {tuple(l.path): l for l in file.source_code_info.location}
        for i, message in enumerate(file.message_type):
            self.check_message((4, i), message)
        for i, enum in enumerate(file.enum_type):
            self.check_enum((5, i), enum)
        for i, service in enumerate(file.service):
            self.comment((6, i), service.name)
            for j, method in enumerate(service.method):
                self.check_method((6, i, 2, j), method)
        for location in file.source_code_info.location:
            self.check_words(location)

    def fault(self, path, name, text):
        location = self.locations.get(path)
        line = location.span[0] + 1 if location else 0
        self.faults.append(f"{self.file.name}:{line}: {name}: {text}")

    def comment(self, path, name):
        location = self.locations.get(path)
        text = (location.leading_comments + location.trailing_comments).strip() if location else ""
        if not text:
            self.fault(path, name, "has no comment")
        return text

    def check_message(self, path, message):
        if message.options.map_entry:
            return
        self.comment(path, message.name)
        synthetic = {f.oneof_index for f in message.field if f.proto3_optional}
        for i, field in enumerate(message.field):
            self.check_field(path + (2, i), f"{message.name}.{field.name}", field)
        for i, oneof in enumerate(message.oneof_decl):
            if i not in synthetic:
                self.comment(path + (8, i), f"{message.name}.{oneof.name}")
        for i, nested in enumerate(message.nested_type):
            self.check_message(path + (3, i), nested)
        for i, enum in enumerate(message.enum_type):
            self.check_enum(path + (4, i), enum)

    def check_field(self, path, name, field):
        self.comment(path, name)
        if field.type in UNSIGNED:
            self.fault(path, name, "is unsigned; use int32 or int64")
        is_time = field.type_name == ".google.protobuf.Timestamp"
        if is_time != field.name.endswith("_time"):
            self.fault(path, name, "a Timestamp, and only one, ends in _time")

    def check_enum(self, path, enum):
        self.comment(path, enum.name)
        prefix = snake(enum.name) + "_"
        for i, value in enumerate(enum.value):
            self.comment(path + (2, i), f"{enum.name}.{value.name}")
            if self.file.package == PACKAGE and enum.name != "ErrorReason":
                if not value.name.startswith(prefix):
                    self.fault(path + (2, i), value.name, f"does not begin with {prefix}")
        if self.file.package == PACKAGE:
            if enum.value[0].name != prefix + "UNSPECIFIED" or enum.value[0].number != 0:
                self.fault(path, enum.name, f"does not begin with {prefix}UNSPECIFIED = 0")

    def check_method(self, path, method):
        text = self.comment(path, method.name)
        if self.file.package != PACKAGE:
            return
        reads = method.options.idempotency_level == NO_SIDE_EFFECTS
        if not re.search(r"\b[Ee]rrors\b", text):
            self.fault(path, method.name, "does not say its errors")
        if not reads and not re.search(r"\b[Rr]epeat\b", text):
            self.fault(path, method.name, "does not say what a repeat does")
        fields = {f.name: f for f in self.messages[method.input_type].field}
        wanted = [("request_id", 1, FIELD.TYPE_STRING), ("control_epoch", 2, FIELD.TYPE_INT64)]
        for name, number, kind in wanted:
            field = fields.get(name)
            good = field is not None and field.number == number and field.type == kind
            if not reads and method.name not in SESSIONS and not good:
                self.fault(path, method.name, f"its request lacks {name} = {number}")
            if reads and field is not None:
                self.fault(path, method.name, f"reads only, yet its request has {name}")
        for name, number in (("etag", 3), ("validate_only", 4)):
            if name in fields and (reads or fields[name].number != number):
                self.fault(path, method.name, f"its request has {name} at another number than {number}")

    def check_words(self, location):
        text = location.leading_comments + location.trailing_comments
        for word in re.findall(r"(?<![\w.*$])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w*])", text):
            if word not in self.words:
                self.fault(tuple(location.path), word, "is no reason, code or enum value")

    def check_reasons(self):
        known = {v.name for f in self.files for e in f.enum_type if e.name == "ErrorReason"
                 for v in e.value}
        for reason in self.reasons:
            if reason not in known:
                self.faults.append(f"core/base/reasons.h: {reason}: is not in ErrorReason")


def plant(files, what):
    """Changes `files` so that one rule is broken."""
    by_name = {f.name: f for f in files}
    service = by_name["berth/v1/instance_service.proto"]
    create = next(m for m in service.message_type if m.name == "CreateInstanceRequest")
    if what == "has no comment":
        for location in service.source_code_info.location:
            if len(location.path) == 4 and location.path[0] == 4 and location.path[2] == 2:
                location.ClearField("leading_comments")
                return
    elif what == "its request lacks control_epoch":
        del create.field[1]
    elif what == "its request lacks request_id":
        create.field[0].number = 99
    elif what == "is unsigned":
        create.field[1].type = FIELD.TYPE_UINT64
    elif what == "ends in _time":
        create.field[0].name = "request_time"
    elif what == "what a repeat does":
        for location in service.source_code_info.location:
            location.leading_comments = location.leading_comments.replace("Repeat", "Again")
    elif what == "its errors":
        for location in service.source_code_info.location:
            location.leading_comments = location.leading_comments.replace("Errors", "Faults")
    elif what == "UNSPECIFIED = 0":
        by_name["berth/v1/instance.proto"].enum_type[0].value[0].number = 1
    elif what == "is no reason, code or enum value":
        service.source_code_info.location[5].leading_comments = " Fails with NO_SUCH_REASON."
    elif what == "is not in ErrorReason":
        by_name["berth/v1/common.proto"].enum_type[0].value[4].name = "RENAMED"


def self_test(data, reasons):
    kinds = ["has no comment", "its request lacks control_epoch", "its request lacks request_id",
             "is unsigned", "ends in _time", "what a repeat does", "its errors", "UNSPECIFIED = 0",
             "is no reason, code or enum value", "is not in ErrorReason"]
    missed = []
    for kind in kinds:
        files = pb.FileDescriptorSet.FromString(data)
        plant(files.file, kind)
        if not any(kind in fault for fault in Checker(files.file, reasons).run()):
            missed.append(kind)
    for kind in missed:
        print(f"a planted fault was not found: {kind}", file=sys.stderr)
    print(f"{len(kinds) - len(missed)} of {len(kinds)} planted faults found")
    return 1 if missed else 0


def main():
    parser = argparse.ArgumentParser(description="Checks the wire contract.")
    parser.add_argument("protoset", help="FileDescriptorSet made with --include_source_info")
    parser.add_argument("--reasons", help="core/base/reasons.h")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    with open(args.protoset, "rb") as file:
        data = file.read()
    reasons = []
    if args.reasons:
        with open(args.reasons, encoding="utf-8") as file:
            reasons = re.findall(r'= "([A-Z0-9_]+)"', file.read())
    if args.self_test:
        return self_test(data, reasons)
    checker = Checker(pb.FileDescriptorSet.FromString(data).file, reasons)
    faults = checker.run()
    for fault in faults:
        print(fault)
    count = sum(len(m.field) for m in checker.messages.values())
    print(f"{len(checker.messages)} messages, {count} fields: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
