"""A platform on loopback that speaks XP Z12-013 Flow 1.2.0 and can be told to misbehave.

A real server for tests, trials and integrators (`connector simulator`), described in docs/simulator.md. It
shares no code with the gateways, so that both cannot misread the specification in the same way.
"""

from connector.simulator.flows import Detail, Flow
from connector.simulator.plan import Plan, Switches, load_plan
from connector.simulator.server import Simulator
from connector.simulator.serving import serve

__all__ = ["Detail", "Flow", "Plan", "Simulator", "Switches", "load_plan", "serve"]
