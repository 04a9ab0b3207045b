"""Hypothesis on the same table: inputs built of what each target's inputs are made of, so that they get far."""

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

_FILLING = st.binary(max_size=12) | st.sampled_from([b" ", b"1", b"-1", b"a", b"=", b"0", b"\xce\xb1", b"\xff"])


@cache
def _inputs(name: str) -> st.SearchStrategy[bytes]:
    """Words of the target in any order with anything between, kept inputs spliced in, and plain bytes."""
    target = TARGETS[name]
    words = st.sampled_from(target.words or (b"",))
    kept = st.sampled_from([path.read_bytes() for path in target.cases()])
    pieces = st.one_of(
        words, words, _FILLING, kept, st.tuples(kept, st.integers(0, 200)).map(lambda cut: cut[0][: cut[1]])
    )
    strewn = st.tuples(st.integers(0, 255), st.lists(pieces, max_size=12)).map(
        lambda parts: bytes([parts[0]]) + b"".join(parts[1])
    )
    return strewn | st.binary(max_size=300)


@pytest.mark.parametrize("name", list(TARGETS))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_input_has_a_defined_end(name: str, data: st.DataObject) -> None:
    TARGETS[name].outcome(data.draw(_inputs(name)))
