# SPDX-License-Identifier: Apache-2.0
"""Every verb with its recorded steps: what the cases go through that let something die at each."""
from berthtest.api import seconds
from berthtest.guests import disk_boot, shape, spec

STEPS = {
    "create": ("check_image", "create_disk", "create_seed", "define", "start_paused", "verify", "resume"),
    "start": ("check_image", "create_seed", "define", "start_paused", "verify", "resume"),
    "stop": ("ask_shutdown", "destroy"),
    "stop_force": ("destroy",),
    "reboot": ("ask_reboot",),
    "reboot_hard": ("reset",),
    "resize": ("define",),
    "terminate": ("destroy", "undefine", "delete_files"),
}
# Not run but waited for.
AWAITS = {"stop": "await_shutdown", "reboot": "await_reboot"}
# Where each ends on a host that stays up.
ENDS = {"create": "RUNNING", "start": "RUNNING", "stop": "STOPPED", "stop_force": "STOPPED",
        "reboot": "RUNNING", "reboot_hard": "RUNNING", "resize": "STOPPED", "terminate": "TERMINATED"}
# Beginning from a stopped instance; the others but create begin from a running one.
FROM_STOPPED = ("start", "resize")
FILES = ["console.log", "root.qcow2", "seed.iso"]
RESIZED_MEMORY_MIB = 160


def cases(verbs=tuple(STEPS)):
    """(verb, step, "before" or "after") of each recorded step of these verbs."""
    return [(verb, step, when) for verb in verbs for step in STEPS[verb] for when in ("before", "after")]


def operation_of(verb):
    """The kind of operation that the verb begins."""
    return verb.partition("_")[0]


def ask(client, verb, instance_id, request_id, name="crashes", grace=20, **fields):
    """Asks for the verb; `fields` are more of a created instance's spec."""
    if verb == "create":
        return client.create(spec(name, disk_boot(), **fields), request_id=request_id)
    if verb == "start":
        return client.start(instance_id, request_id=request_id)
    if verb == "stop":
        return client.stop(instance_id, request_id=request_id, timeout=seconds(grace))
    if verb == "stop_force":
        return client.stop(instance_id, request_id=request_id, force=True)
    if verb == "reboot":
        return client.reboot(instance_id, request_id=request_id, timeout=seconds(grace))
    if verb == "reboot_hard":
        return client.reboot(instance_id, request_id=request_id, hard=True)
    if verb == "resize":
        return client.resize(instance_id, request_id=request_id, shape=shape(RESIZED_MEMORY_MIB))
    return client.terminate(instance_id, request_id=request_id)
