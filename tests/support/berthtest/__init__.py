# SPDX-License-Identifier: Apache-2.0
"""What suites in Python share: the built agent as a process (agent), its API (api), libvirt and guests
as a witness sees them, past the agent (witness), and bounded waits (waits).

Environment: BERTH_BUILD is the build directory with bin/berthd; BERTH_DEMO_GUEST the folder of
deploy/make-demo-guest, by default build/demo-guest; PYTHONPATH holds the generated client.
"""
