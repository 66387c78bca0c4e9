# SPDX-License-Identifier: Apache-2.0
"""The agent's API through the generated Python client: one Client per agent's address.

A refused call raises Refused, which has taken the error apart the way common.proto describes it.
"""
import grpc
from berth.v1 import (image_service_pb2, image_service_pb2_grpc, instance_pb2, instance_service_pb2, instance_service_pb2_grpc,
                      node_service_pb2, node_service_pb2_grpc, operation_service_pb2,
                      operation_service_pb2_grpc, reservation_service_pb2_grpc)
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

CALL_SECONDS = 60
INSTANCE_SERVICE = "berth.v1.InstanceService"


class Refused(Exception):
    """A call, or an operation, that ended with an error."""

    def __init__(self, error):
        details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
        self._fill(error.code(), error.details(),
                   details and status_pb2.Status.FromString(details))

    @classmethod
    def of_status(cls, status):
        """As `Operation.error` has it."""
        refused = cls.__new__(cls)
        code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
        refused._fill(code, status.message, status)
        return refused

    def _fill(self, code, message, status):
        self.code = code
        self.message = message
        self.reason = ""
        self.metadata = {}
        self.violations = {}
        self.retry_seconds = None
        if status:
            self._read(status)
        super().__init__(f"{self.code.name} {self.reason}: {self.message} {self.violations or ''}")

    def _read(self, status):
        for detail in status.details:
            info = error_details_pb2.ErrorInfo()
            bad = error_details_pb2.BadRequest()
            retry = error_details_pb2.RetryInfo()
            if detail.Unpack(info):
                self.reason, self.metadata = info.reason, dict(info.metadata)
            elif detail.Unpack(bad):
                self.violations = {v.field: v.description for v in bad.field_violations}
            elif detail.Unpack(retry):
                self.retry_seconds = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9


def state_name(instance):
    """"RUNNING" and the like."""
    return instance_pb2.InstanceState.Name(instance.status.state)[len("INSTANCE_STATE_"):]


def seconds(value):
    duration = duration_pb2.Duration()
    duration.FromMilliseconds(round(value * 1000))
    return duration


class Client:
    """Every call has a deadline: a test never hangs on an agent that does not answer."""

    def __init__(self, address):
        """`address` as gRPC writes it: "unix:PATH" or "IP:PORT"."""
        # A channel of its own, not one shared with an earlier agent on the same path; and quick to
        # come back when the agent does.
        self._channel = grpc.insecure_channel(address, options=[
            ("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 50),
            ("grpc.min_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200)])
        self.instances = instance_service_pb2_grpc.InstanceServiceStub(self._channel)
        self.nodes = node_service_pb2_grpc.NodeServiceStub(self._channel)
        self.operations = operation_service_pb2_grpc.OperationServiceStub(self._channel)
        self.reservations = reservation_service_pb2_grpc.ReservationServiceStub(self._channel)
        self.images = image_service_pb2_grpc.ImageServiceStub(self._channel)
        self.health = health_pb2_grpc.HealthStub(self._channel)

    def close(self):
        self._channel.close()

    def call(self, method, request, timeout=CALL_SECONDS):
        try:
            return method(request, timeout=timeout)
        except grpc.RpcError as error:
            raise Refused(error) from None

    def create(self, spec, **fields):
        """CreateInstance; `fields` are request_id, instance_id, validate_only, control_epoch."""
        request = instance_service_pb2.CreateInstanceRequest(spec=spec, **fields)
        return self.call(self.instances.CreateInstance, request)

    def get(self, instance_id):
        return self.call(self.instances.GetInstance,
                         instance_service_pb2.GetInstanceRequest(instance_id=instance_id))

    def list(self, **fields):
        """All instances, page after page."""
        found, token = [], ""
        while True:
            page = self.call(self.instances.ListInstances,
                             instance_service_pb2.ListInstancesRequest(page_token=token, **fields))
            found += page.instances
            token = page.next_page_token
            if not token:
                return found

    def start(self, instance_id, **fields):
        return self.call(self.instances.StartInstance, instance_service_pb2.StartInstanceRequest(
            instance_id=instance_id, **fields))

    def stop(self, instance_id, **fields):
        return self.call(self.instances.StopInstance, instance_service_pb2.StopInstanceRequest(
            instance_id=instance_id, **fields))

    def reboot(self, instance_id, **fields):
        return self.call(self.instances.RebootInstance, instance_service_pb2.RebootInstanceRequest(
            instance_id=instance_id, **fields))

    def terminate(self, instance_id, **fields):
        return self.call(self.instances.TerminateInstance,
                         instance_service_pb2.TerminateInstanceRequest(instance_id=instance_id,
                                                                       **fields))

    def resize(self, instance_id, **fields):
        """The operation that it has begun."""
        return self.call(self.instances.ResizeInstance, instance_service_pb2.ResizeInstanceRequest(
            instance_id=instance_id, **fields))

    def update(self, instance_id, request_id="", **changes):
        """`changes` are fields of the spec, all named in the mask."""
        request = instance_service_pb2.UpdateInstanceRequest(
            instance_id=instance_id, request_id=request_id, spec=instance_pb2.InstanceSpec(**changes))
        request.update_mask.paths.extend(sorted(changes))
        return self.call(self.instances.UpdateInstance, request)

    def interrupt(self, instance_id, **fields):
        return self.call(self.instances.SendDiagnosticInterrupt,
                         instance_service_pb2.SendDiagnosticInterruptRequest(
                             instance_id=instance_id, **fields))

    def pull(self, url, digest="", **fields):
        """The operation; `digest` is a SHA-256."""
        request = image_service_pb2.PullImageRequest(url=url, **fields)
        if digest:
            request.digest.sha256 = digest
        return self.call(self.images.PullImage, request)

    def import_image(self, path, **fields):
        """The operation."""
        return self.call(self.images.ImportImage,
                         image_service_pb2.ImportImageRequest(path=path, **fields))

    def image(self, image_id):
        return self.call(self.images.GetImage, image_service_pb2.GetImageRequest(image_id=image_id))

    def delete_image(self, image_id, **fields):
        return self.call(self.images.DeleteImage,
                         image_service_pb2.DeleteImageRequest(image_id=image_id, **fields))

    def operation(self, operation_id):
        return self.call(self.operations.GetOperation,
                         operation_service_pb2.GetOperationRequest(operation_id=operation_id))

    def cancel(self, operation_id, **fields):
        return self.call(self.operations.CancelOperation,
                         operation_service_pb2.CancelOperationRequest(operation_id=operation_id,
                                                                      **fields))

    def watch(self, timeout=CALL_SECONDS, **fields):
        """The messages of WatchInstances as they come; ends with Refused, also after `timeout`."""
        try:
            yield from self.instances.WatchInstances(
                instance_service_pb2.WatchInstancesRequest(**fields), timeout=timeout)
        except grpc.RpcError as error:
            raise Refused(error) from None

    def events(self, instance_id=""):
        return self.call(self.instances.ListEvents, instance_service_pb2.ListEventsRequest(
            page_size=1000, instance_id=instance_id)).events

    def console(self, instance_id):
        """The end of the serial console as text; "" where there is none yet."""
        try:
            answer = self.call(self.instances.GetConsoleOutput,
                               instance_service_pb2.GetConsoleOutputRequest(instance_id=instance_id))
        except Refused as refused:
            if refused.reason == "NO_CONSOLE_OUTPUT":
                return ""
            raise
        return answer.output.decode("utf-8", "replace")

    def wait_operation(self, instance, timeout=60):
        """Waits for the operation that `instance` names to end, and returns it. AssertionError if it
        has not in `timeout` seconds."""
        assert instance.status.operation, f"{instance.instance_id} has no operation under way"
        return self.wait_operation_id(instance.status.operation, timeout)

    def wait_operation_id(self, operation_id, timeout=60):
        """As wait_operation."""
        operation = self.call(self.operations.WaitOperation, operation_service_pb2.WaitOperationRequest(
            operation_id=operation_id, timeout=seconds(timeout)), timeout=timeout + 10)
        assert operation.done, f"not done in {timeout} s: {operation}"
        return operation

    def node(self):
        return self.call(self.nodes.GetNode, node_service_pb2.GetNodeRequest())

    def condition(self, name):
        """The node's condition of that type, or None."""
        return next((c for c in self.node().conditions if c.type == name), None)

    def serving(self, service=INSTANCE_SERVICE):
        """What grpc.health.v1 says of a service: "SERVING", "NOT_SERVING" …; "" if nobody answers."""
        try:
            answer = self.health.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
        except grpc.RpcError:
            return ""
        return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
