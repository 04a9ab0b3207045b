"""Message ids and packed records say the same after a round trip, in Python and in Lua."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract.campaigns import CHUNK_SIZE
from producer.contract.messages import MessageId, MessageRecord
from producer.contract.states import State

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
counts = st.integers(0, 2**31)
words = st.text(st.characters(codec="ascii", exclude_characters="|", categories=["L", "N", "P"]), max_size=40)
records = st.builds(
    MessageRecord,
    state=st.sampled_from(State),
    attempts=st.integers(0, 99),
    changed_at=counts,
    due_at=counts,
    reference=words,
    code=words,
)


@given(campaign=names, chunk=counts, place=st.integers(0, CHUNK_SIZE - 1))
def test_a_message_id_reads_back_as_itself(campaign: str, chunk: int, place: int) -> None:
    message = MessageId(campaign=campaign, chunk=chunk, place=place)
    assert MessageId.parse(str(message)) == message


@pytest.mark.parametrize(
    "text", ["", "a", "a/1", "a/1.", "a/.1", "/1.2", "a/1.2.3", "a/x.1", "a/-1.2", "a/1,2", "a1.2", "0f" * 16]
)
def test_what_is_no_message_id_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="not a message id"):
        MessageId.parse(text)


@given(record=records)
def test_a_record_reads_back_as_itself(record: MessageRecord) -> None:
    assert MessageRecord.unpack(record.pack()) == record
    assert MessageRecord.unpack(record.pack().encode()) == record


@pytest.mark.parametrize("packed", ["", "q", "q|0|0|0|", "?|0|0|0||", "q|x|0|0||", "queued|0|0|0||"])
def test_what_is_no_record_is_refused(packed: str) -> None:
    with pytest.raises(ValueError, match=r"not a packed message record|invalid literal"):
        MessageRecord.unpack(packed)


def test_a_record_of_ordinary_length_keeps_its_chunk_compact() -> None:
    """Above 64 bytes Redis gives up the compact form of the whole hash of 500 records."""
    record = MessageRecord(
        state=State.IN_FLIGHT,
        attempts=3,
        changed_at=2**31,
        due_at=2**31,
        reference="v" + "f" * 16,
        code="smsc.error.7",
    )
    assert len(record.pack()) <= 64


@given(records)
def test_the_attempts_of_a_record_are_read_without_the_rest(record: MessageRecord) -> None:
    assert MessageRecord.attempts_of(record.pack().encode()) == record.attempts


@pytest.mark.parametrize("packed", [b"", b"q", b"|", b"q||", b"q|x|1"])
def test_what_is_no_record_has_no_attempts(packed: bytes) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        MessageRecord.attempts_of(packed)
