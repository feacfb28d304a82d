"""The wire: what is sent is what was asked, and both sides compute one key."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.config import ModelConfig
from ultrainteract.sampling.base import Reply, Request
from ultrainteract.sampling.wire import ChatBody, Completion, chat_body, on_wire, wire_key
from ultrainteract.types import Message, Usage, adapter

MODEL = ModelConfig(model="on-the-wire")

messages = st.builds(Message, st.sampled_from(["system", "user", "assistant"]), st.text())
requests = st.builds(
    Request,
    model=st.just("by-config"),
    messages=st.lists(messages, min_size=1, max_size=4).map(tuple),
    n=st.integers(1, 20),
    seed=st.integers(0, 2**63 - 1),
    temperature=st.floats(0, 2),
    top_p=st.floats(0.01, 1),
    max_tokens=st.integers(1, 10_000),
    stop=st.lists(st.text(min_size=1), max_size=4).map(tuple),
)


@given(requests)
def test_a_body_comes_back_as_the_request_and_with_its_key(request: Request) -> None:
    sent = json.dumps(chat_body(request, MODEL)).encode()
    received = ChatBody.model_validate_json(sent).request()
    assert received == on_wire(request, MODEL)
    assert received.key() == wire_key(request, MODEL)


def test_names_of_one_model_share_a_key_and_other_contents_do_not() -> None:
    request = Request("a", (Message("user", "x"),), 1, 0, 1.0, 1.0, 10)
    key = wire_key(request, MODEL)
    assert wire_key(replace(request, model="b", temperature=1), MODEL) == key
    assert wire_key(replace(request, seed=1), MODEL) != key
    assert wire_key(request, ModelConfig(model="other")) != key


def test_a_reply_without_usage_counts_no_token_and_a_refusal_is_its_text() -> None:
    body = {"choices": [{"message": {"content": None, "refusal": "I will not."}}]}
    reply = Completion.model_validate(body).reply(1, 0.0)
    assert [choice.text for choice in reply.choices] == ["I will not."]
    assert reply.usage == Usage(0, 0)


def test_filtered_choices_are_dropped_and_the_others_kept() -> None:
    choices = [
        {"index": 1, "message": {"content": "kept"}, "finish_reason": "stop"},
        {"index": 0, "message": {"content": ""}, "finish_reason": "content_filter"},
    ]
    reply = Completion.model_validate({"choices": choices}).reply(2, 0.0)
    assert ([choice.text for choice in reply.choices], reply.lost) == (["kept"], "")


def test_half_a_surrogate_pair_in_a_reply_does_not_stop_the_journal() -> None:
    said = json.loads('"a\\ud83d, \\ude00 and \\ud83d\\ude00"')
    reply = Completion.model_validate({"choices": [{"message": {"content": said}}]}).reply(1, 0.0)
    assert reply.choices[0].text == "a\ufffd, \ufffd and \U0001f600"
    assert adapter(Reply).validate_json(adapter(Reply).dump_json(reply)) == reply
