"""The what-if of the launch: directions that theory gives, money that adds up, words in both languages."""

import nbformat
import pytest
from nbclient import NotebookClient

import cvmlab as cvm
from cvmlab import CvmError
from cvmlab.core.words import speaking
from cvmlab.market import simulate
from cvmlab.market.carrier import AS_BEFORE, CARRIERS, INCUMBENT, LAUNCH_MONTH, MARKET, PERIODS, RIVALS, month_of
from cvmlab.whatif import LaunchAnswer, launch
from cvmlab.whatif.explorers import market as explorer
from cvmlab.whatif.explorers.market import CAUSES_OF


@pytest.fixture(scope="module")
def what_if():
    return launch()


@pytest.fixture(autouse=True)
def nothing_moved(what_if):
    what_if.reset()


def test_doing_nothing_new_is_the_market_of_the_case(what_if):
    decisions = {INCUMBENT: AS_BEFORE, **RIVALS}
    summary = simulate(MARKET, CARRIERS, decisions, 5_000, PERIODS, 1).summary().query("carrier == @INCUMBENT")
    since = summary[summary["period"] >= LAUNCH_MONTH]
    assert what_if.baseline["shares"].tolist() == summary["share"].tolist()
    assert what_if.baseline["lost"] == since["left"].sum()
    assert what_if.baseline["profit"] == pytest.approx(since["result"].sum())
    assert what_if.baseline["cost"] == 0


def test_nothing_changes_before_the_launch_whatever_is_done_after_it(what_if):
    what_if.set(handset_offered=True, handset_subsidy=1_000, network_quality=2, price=0.8, group_offer=10)
    before = slice(0, LAUNCH_MONTH)
    assert what_if.result["shares"][before].tolist() == what_if.baseline["shares"][before].tolist()
    assert what_if.result["shares"][-1] > what_if.baseline["shares"][-1]


@pytest.mark.parametrize(
    ("changes", "fewer"),
    [
        ({"handset_offered": True}, "lost_handset"),
        ({"network_quality": 1.6}, "lost_data_speed"),
        ({"price": 0.9}, "lost_price"),
        ({"group_offer": 10}, "lost"),
    ],
)
def test_each_answer_keeps_those_it_is_meant_for(what_if, changes, fewer):
    what_if.set(**changes)
    assert what_if.result[fewer] < what_if.baseline[fewer]
    assert what_if.result["share"] > what_if.baseline["share"]


def test_a_higher_price_loses_customers_and_costs_nothing(what_if):
    what_if.set(price=1.2)
    assert what_if.result["share"] < what_if.baseline["share"]
    assert what_if.result["cost"] == 0


def test_the_losses_by_cause_add_up(what_if):
    what_if.set(price=0.9)
    for result in (what_if.baseline, what_if.result):
        assert result["lost"] == sum(result[name] for name in (*CAUSES_OF, "lost_other"))
        assert result["lost_other"] >= 0


def test_the_cost_is_what_is_spent(what_if):
    what_if.set(price=0.8)
    # a tariff of 0.8 gives away 0.25 of what is billed
    assert what_if.result["cost"] == pytest.approx(0.25 * what_if.result["revenue"])
    what_if.reset()
    what_if.set(network_quality=2.0)
    months = PERIODS - LAUNCH_MONTH
    assert what_if.result["cost"] == pytest.approx(5_000 * MARKET.network_cost * months)
    what_if.reset()
    what_if.set(handset_offered=True, handset_subsidy=600)
    assert what_if.result["cost"] % 600 == pytest.approx(0)
    assert what_if.result["cost"] > 0


def test_the_sentence_says_whether_it_pays_in_both_languages():
    for language, pays, not_so in (("en", "it pays", "does not pay"), ("zh", "：划算", "不划算")):
        with speaking(language):
            what_if = launch(customers=2_000)
            for changes in ({"price": 0.8}, {"network_quality": 1.6}):
                what_if.set(**changes)
                gain = what_if.result["profit"] - what_if.baseline["profit"]
                assert (pays if gain > 0 else not_so) in what_if.sentence
                what_if.reset()
            assert not what_if.trouble
            assert what_if.picture.startswith(b"\x89PNG")


def test_labels_are_words_in_both_languages(what_if):
    assert "of them: handset" in what_if.table
    cvm.use("zh")
    assert "其中：因新手机" in launch(customers=500).table


def test_out_of_bounds_is_told_and_nothing_is_moved(what_if):
    with pytest.raises(CvmError, match=r"at least 0\.7"):
        what_if.set(price=0.1)
    assert what_if.scenario == LaunchAnswer()


def test_the_launch_is_that_of_the_four_stories():
    assert month_of(LAUNCH_MONTH) == "2010-09"
    assert month_of(PERIODS - 1) == "2011-12"


# --- the wait for the compiler -------------------------------------------------------------------

SAID = "Compiling the market engine. This happens once on each computer and takes about 20 seconds.\n"


def test_who_waits_for_the_compiler_is_told_why_and_nobody_else(monkeypatch, capfd):
    launch(customers=100)
    assert capfd.readouterr() == ("", "")
    monkeypatch.setattr(explorer, "is_compiled", lambda: False)
    launch(customers=100)
    assert capfd.readouterr() == ("", SAID)
    with speaking("zh"):
        launch(customers=100)
    assert "约 20 秒" in capfd.readouterr().err


NOT_COMPILED = """
import cvmlab.whatif.explorers.market as launching
launching.is_compiled = lambda: False
launching.compile_engine = lambda: {wait}
what_if = launching.launch(customers=100)
"""


def run_cell(source, tmp_path):
    """Return the outputs of a cell in a notebook's kernel, and everything the kernel said on the way."""
    said = []

    class Listener(NotebookClient):
        def process_message(self, message, *rest):
            said.append(message)
            return super().process_message(message, *rest)

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    client = Listener(notebook, kernel_name="python3", timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    return notebook.cells[0].outputs, said


def test_in_a_notebook_the_sentence_goes_when_the_wait_is_over(tmp_path):
    outputs, said = run_cell(NOT_COMPILED.format(wait="None"), tmp_path)
    assert outputs == []
    shown = [message["content"]["data"] for message in said if message["msg_type"] == "display_data"]
    # strict comparison of outputs skips views: the same notebook passes whether or not it had to wait
    assert [list(data) for data in shown] == [["application/vnd.jupyter.widget-view+json"]]
    models = [message["content"]["data"]["state"] for message in said if message["msg_type"] == "comm_open"]
    assert sum(SAID.strip() in str(state.get("value")) for state in models) == 1


def test_the_sentence_goes_even_if_compiling_fails(tmp_path):
    source = NOT_COMPILED.format(wait="1 / 0").replace("what_if", "try:\n    what_if")
    outputs, _ = run_cell(source + "except Exception:\n    pass", tmp_path)
    assert outputs == []


def test_it_plays_from_the_launch_on(what_if):
    whole = what_if.picture
    what_if.unfold(0)
    assert what_if.picture != whole
    what_if.unfold(PERIODS - LAUNCH_MONTH)
    assert what_if.picture == whole


def test_a_subsidy_for_a_handset_that_is_not_sold_changes_nothing():
    what_if = launch(customers=1_000)
    what_if.set(handset_subsidy=3_000)
    with speaking("en"):
        assert what_if.sentence.startswith("Nothing changes.")
