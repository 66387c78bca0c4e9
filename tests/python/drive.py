#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A client of the API in Python, written against the contract alone: it takes one instance through its
life on the agent at SOCKET, and asks on the way for everything else that a client relies on (health,
reflection, exactly once, errors with their details). Needs grpcio and the code that protoc makes of
proto/ on PYTHONPATH, and nothing of Berth's own.

    drive.py --socket /run/berth/berthd.sock --image debian.qcow2
    drive.py --socket … --kernel demo-vmlinuz --initrd demo-initrd.img --expect "is up"

Ends with 0 if all was as promised, else says what was not. The instance is gone afterwards.
"""
import argparse
import time
import uuid

import grpc
from berth.v1 import (boot_pb2, instance_pb2, instance_service_pb2, instance_service_pb2_grpc,
                      node_service_pb2, node_service_pb2_grpc, operation_pb2, operation_service_pb2,
                      operation_service_pb2_grpc, shape_pb2, volume_service_pb2,
                      volume_service_pb2_grpc)
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

CALL_SECONDS = 60
OPERATION_SECONDS = 300
INSTANCE_SERVICE = "berth.v1.InstanceService"


def check(holds, what):
    if not holds:
        raise SystemExit(f"drive: not as promised: {what}")


def details_of(error):
    """The google.rpc details of a refused call: {message type: message}."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            known = (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest,
                     error_details_pb2.RetryInfo, error_details_pb2.ResourceInfo)
            found = {}
            for detail in status_pb2.Status.FromString(value).details:
                for kind in known:
                    message = kind()
                    if detail.Unpack(message):
                        found[kind] = message
            return found
    return {}


class Driver:
    def __init__(self, options):
        self.options = options
        channel = grpc.insecure_channel(f"unix:{options.socket}")
        self.channel = channel
        self.instances = instance_service_pb2_grpc.InstanceServiceStub(channel)
        self.nodes = node_service_pb2_grpc.NodeServiceStub(channel)
        self.operations = operation_service_pb2_grpc.OperationServiceStub(channel)
        self.volumes = volume_service_pb2_grpc.VolumeServiceStub(channel)
        self.health = health_pb2_grpc.HealthStub(channel)

    def refused(self, method, request, code, reason):
        """The details of a call that has to be refused so."""
        try:
            method(request, timeout=CALL_SECONDS)
        except grpc.RpcError as error:
            details = details_of(error)
            info = details.get(error_details_pb2.ErrorInfo)
            check(info is not None, f"{error.code().name} without ErrorInfo: {error.details()}")
            check((error.code(), info.reason, info.domain) == (code, reason, "berth.v1"),
                  f"{error.code().name} {info.reason} instead of {code.name} {reason}")
            return details
        raise SystemExit(f"drive: not as promised: accepted instead of {code.name} {reason}")

    # --- what holds at any time ---

    def check_health(self):
        answer = self.health.Check(health_pb2.HealthCheckRequest(service=INSTANCE_SERVICE),
                                   timeout=CALL_SECONDS)
        check(answer.status == health_pb2.HealthCheckResponse.SERVING, f"{INSTANCE_SERVICE} serves")
        try:
            self.health.Check(health_pb2.HealthCheckRequest(service="no.such"), timeout=CALL_SECONDS)
            check(False, "an unknown service has no health")
        except grpc.RpcError as error:
            check(error.code() == grpc.StatusCode.NOT_FOUND, "an unknown service is NOT_FOUND")

    def check_reflection(self):
        """By raw bytes, since Debian has no Python package for reflection: list_services is field 7."""
        listing = self.channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            request_serializer=bytes, response_deserializer=bytes)
        answer = b"".join(listing(iter([b"\x3a\x00"]), timeout=CALL_SECONDS))
        check(INSTANCE_SERVICE.encode() in answer, "reflection lists the services")

    def check_node(self):
        node = self.nodes.GetNode(node_service_pb2.GetNodeRequest(), timeout=CALL_SECONDS)
        check(node.node_id and node.ledger_id and node.version, "a node has its identity")
        check(node.allocatable.shared_vcpus > 0, "a node has something to give")
        check(node.topology.numa_nodes, "a node has its topology")

    def check_refusals(self):
        invalid = grpc.StatusCode.INVALID_ARGUMENT
        request = self.wish("never")
        request.spec.name, request.instance_id = "<>&\"'/..", "mine"
        request.spec.shape.vcpus = -1
        details = self.refused(self.instances.CreateInstance, request, invalid, "INVALID_FIELD")
        fields = {v.field: v.description
                  for v in details[error_details_pb2.BadRequest].field_violations}
        check(set(fields) == {"spec.name", "instance_id", "spec.shape.vcpus"},
              f"every fault at once, not {sorted(fields)}")
        check(all(fields.values()), "every fault has its cure")

        unknown = self.wish("never")
        unknown.MergeFromString(bytes([0xfa, 0x7f, 0x01, 0x61]))  # Field 2047: one byte of text.
        self.refused(self.instances.CreateInstance, unknown, invalid, "UNKNOWN_FIELD")

        absent = instance_service_pb2.GetInstanceRequest(instance_id="i-" + "0" * 17)
        details = self.refused(self.instances.GetInstance, absent, grpc.StatusCode.NOT_FOUND,
                               "INSTANCE_NOT_FOUND")
        check(details[error_details_pb2.ResourceInfo].resource_name == absent.instance_id,
              "what is not found is named")
        self.refused(self.volumes.ListVolumes, volume_service_pb2.ListVolumesRequest(),
                     grpc.StatusCode.UNIMPLEMENTED, "NOT_IMPLEMENTED_YET")

    # --- the life of an instance ---

    def wish(self, request_id):
        options = self.options
        if options.image:
            boot = boot_pb2.BootSource(disk=boot_pb2.DiskImageBoot(image=options.image))
        else:
            boot = boot_pb2.BootSource(kernel=boot_pb2.DirectKernelBoot(
                kernel=options.kernel, initrd=options.initrd, command_line=options.command_line))
        return instance_service_pb2.CreateInstanceRequest(
            request_id=request_id, spec=instance_pb2.InstanceSpec(
                name="driven", boot=boot, tags={"driven-by": "python"},
                shape=shape_pb2.Shape(vcpus=1, memory_mib=options.memory_mib),
                seed=boot_pb2.SeedSpec(hostname="driven", user_data=b"#cloud-config\n")))

    def finish(self, instance, state):
        """Follows the operation of a verb to its good end and `state`."""
        check(instance.status.operation, f"a verb names its operation, on the way to {state}")
        operation = self.operations.WaitOperation(operation_service_pb2.WaitOperationRequest(
            operation_id=instance.status.operation), timeout=OPERATION_SECONDS)
        check(operation.state == operation_pb2.Operation.STATE_SUCCEEDED, f"it succeeds: {operation}")
        return self.expect(instance.instance_id, state)

    def expect(self, instance_id, state):
        instance = self.instances.GetInstance(
            instance_service_pb2.GetInstanceRequest(instance_id=instance_id), timeout=CALL_SECONDS)
        check(instance.status.state == instance_pb2.InstanceState.Value(f"INSTANCE_STATE_{state}"),
              f"it is {state}: {instance.status}")
        return instance

    def create(self):
        request = self.wish(str(uuid.uuid4()))
        dry = instance_service_pb2.CreateInstanceRequest()
        dry.CopyFrom(request)
        dry.validate_only = True
        self.instances.CreateInstance(dry, timeout=CALL_SECONDS)
        made = self.instances.CreateInstance(request, timeout=CALL_SECONDS)
        again = self.instances.CreateInstance(request, timeout=CALL_SECONDS)
        check(again == made, "a repeat gets the first reply")
        request.spec.name = "another"
        self.refused(self.instances.CreateInstance, request, grpc.StatusCode.INVALID_ARGUMENT,
                     "IDEMPOTENT_PARAMETER_MISMATCH")
        check(not made.spec.seed.user_data, "a reply leaves user data out")
        running = self.finish(made, "RUNNING")
        page = self.instances.ListInstances(instance_service_pb2.ListInstancesRequest(
            states=[instance_pb2.INSTANCE_STATE_RUNNING]), timeout=CALL_SECONDS)
        check(made.instance_id in [i.instance_id for i in page.instances], "a list shows it")
        return running

    def await_console(self, instance_id, text, count):
        deadline = time.monotonic() + self.options.boot_seconds
        output = b""
        while time.monotonic() < deadline:
            try:
                output = self.instances.GetConsoleOutput(
                    instance_service_pb2.GetConsoleOutputRequest(instance_id=instance_id),
                    timeout=CALL_SECONDS).output
            except grpc.RpcError as error:
                check(error.code() == grpc.StatusCode.NOT_FOUND, f"a console: {error.details()}")
            if output.count(text.encode()) >= count:
                return
            time.sleep(0.1)
        check(False, f"{text!r} {count} times on the console, which is:\n"
                     f"{output.decode(errors='replace')}")

    def said(self, instance_id, boots):
        if self.options.expect:
            self.await_console(instance_id, self.options.expect, boots)

    def live(self):
        service, call = self.instances, instance_service_pb2
        running = self.create()
        name = {"instance_id": running.instance_id}
        try:
            self.said(running.instance_id, 1)
            self.step("rebooting")
            self.finish(service.RebootInstance(call.RebootInstanceRequest(**name, hard=True)), "RUNNING")
            self.said(running.instance_id, 2)
            self.step("stopping")
            self.refused(service.StopInstance, call.StopInstanceRequest(**name, etag="old"),
                         grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
            stopped = self.finish(service.StopInstance(call.StopInstanceRequest(**name)), "STOPPED")
            check(stopped.status.state_reason.code == "Client.UserInitiatedShutdown", "it says why")
            self.step("starting")
            self.finish(service.StartInstance(call.StartInstanceRequest(**name)), "RUNNING")
            self.said(running.instance_id, 3)
        finally:
            self.step("terminating")
            ended = service.TerminateInstance(call.TerminateInstanceRequest(**name))
        self.finish(ended, "TERMINATED")

    @staticmethod
    def step(what):
        print(f"drive: {what}", flush=True)

    def run(self):
        self.step("asking for health, services and the node")
        self.check_health()
        self.check_reflection()
        self.check_node()
        self.step("being refused")
        self.check_refusals()
        self.step("creating")
        self.live()
        self.step("all as promised")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--socket", required=True, help="of the agent")
    parser.add_argument("--image", default="", help="disk image to boot from")
    parser.add_argument("--kernel", default="", help="or a kernel")
    parser.add_argument("--initrd", default="", help="with its initial RAM disk")
    parser.add_argument("--command-line", default="console=ttyS0 quiet no_timer_check")
    parser.add_argument("--memory-mib", type=int, default=128)
    parser.add_argument("--expect", default="", help="text on the console once per boot")
    parser.add_argument("--boot-seconds", type=int, default=180)
    options = parser.parse_args()
    if bool(options.image) == bool(options.kernel):
        parser.error("give --image or --kernel")
    Driver(options).run()


if __name__ == "__main__":
    main()
