# SPDX-License-Identifier: Apache-2.0
"""A shell in a guest, by its serial console."""
import contextlib

import libvirt
from berthtest import waits, witness
from berthtest.guests import BOOT_SECONDS


@contextlib.contextmanager
def keyboard(instance_id):
    """A function that types on the guest's serial console. The line stays open meanwhile: QEMU drops
    what was typed on one that is hung up."""
    with witness.libvirtd() as connection:
        stream = connection.newStream()
        connection.lookupByName(instance_id).openConsole(None, stream,
                                                         libvirt.VIR_DOMAIN_CONSOLE_FORCE)
        try:
            yield lambda text: stream.send(text.encode())
        finally:
            stream.abort()


class GuestConsole:
    """Beside HypervisorCase."""

    def command(self, agent, instance_id, text, boots=1):
        """Gives a command to the shell on the guest's console, which comes with Enter, after it has
        booted so often."""
        offer = "activate this console"

        def console():
            return agent.client.console(instance_id)
        waits.until(lambda: console().count(offer) >= boots, BOOT_SECONDS, "a shell is offered")
        with keyboard(instance_id) as type_text:
            type_text("\n")
            waits.until(lambda: "/ # " in console().rsplit(offer, 1)[1], BOOT_SECONDS,
                        lambda: f"a prompt: {console()}")
            type_text(text + "\n")
            waits.until(lambda: text in console().rsplit("#", 1)[1], BOOT_SECONDS, "an echo")
