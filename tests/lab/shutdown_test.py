#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The host is shut down in order, and libvirt-guests shuts its guests down by their power buttons:
to libvirt that looks as if their owners had done it, and it must not be taken for that.
"""
import lab_case
from berth.v1 import instance_pb2
from berthtest.guests import spec

TERMINATE = instance_pb2.SHUTDOWN_BEHAVIOR_TERMINATE


class ShutdownTest(lab_case.LabCase):
    own_host = True
    cpus = 1

    def start_two(self):
        """One that comes back with the host, and one that a shutdown from inside would terminate."""
        wanted = (spec("again", autostart=True),
                  spec("dear", instance_initiated_shutdown_behavior=TERMINATE))
        made = [self.create_running(self.host, one).instance_id for one in wanted]
        for instance_id in made:
            self.wait_boots(self.host, instance_id, 1)
        return made

    def check_next_boot(self, again, dear):
        self.next_boot()
        self.settled()
        for instance_id in (again, dear):
            self.assertIn("power button pressed", self.host.client.console(instance_id))
        self.wait_boots(self.host, again, 2)
        self.assert_state(self.host, again, "RUNNING")
        stopped = self.assert_state(self.host, dear, "STOPPED")
        self.assertEqual(stopped.status.state_reason.code, "Server.HostRebooted")
        self.assert_nothing_left()

    def test_systemd_stops_the_agent_first(self):
        instances = self.start_two()
        self.host.shut_down()
        self.check_next_boot(*instances)

    def test_guests_go_first_while_the_agent_still_runs(self):
        # An operator's own unit without our order: then the agent sees the guests go.
        instances = self.start_two()
        self.inside("sed -i -e '/^After=/s/ libvirt-guests.service//' "
                    "-e '/^After=/a Before=libvirt-guests.service' /etc/systemd/system/berthd.service"
                    " && systemctl daemon-reload")
        self.host.shut_down()
        self.check_next_boot(*instances)


if __name__ == "__main__":
    lab_case.main()
