"""Stand-ins for what takes seconds in a report: its notebook and the processes of its groups."""

import json
from concurrent.futures import Executor, Future

RECORDED = {
    "case.json": json.dumps(
        {
            "as_of": "2021-08-03",
            "thresholds": {"current_value": 1, "growth_potential": 1},
            "assumptions": {},
            "basis": "revenue",
            "index": {"customers": 1},
        }
    ),
    "customers.csv": "customer_id,value_type\na,I\n",
}


class InThisProcess(Executor):
    """A pool that does the work where the test can see it."""

    def __init__(self, *_, **__):
        pass

    def submit(self, work, /, *args, **options):
        done = Future()
        try:
            done.set_result(work(*args, **options))
        except Exception as error:
            done.set_exception(error)
        return done
