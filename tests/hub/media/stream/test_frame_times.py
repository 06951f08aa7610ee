from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from hub.media.stream.frame_times import Smoother
from hub.media.stream.types import CLOCK_HZ

RATES = (Fraction(24), Fraction(24000, 1001), Fraction(25), Fraction(60000, 1001), Fraction(120))


@given(
    st.sampled_from(RATES), st.integers(0, 2_000_000), st.integers(0, CLOCK_HZ), st.sampled_from((-45, 0, 45))
)
def test_a_picture_gets_the_exact_time_that_fractions_give(
    rate: Fraction, number: int, first: int, jitter: int
) -> None:
    exact = first + round(number * CLOCK_HZ / rate)
    assert Smoother(rate, first)(exact + jitter) == exact


def test_what_lies_between_two_pictures_stays() -> None:
    assert Smoother(Fraction(25), 0)(3600 + 1800) == 3600 + 1800
    assert Smoother(None, 0)(3605) == 3605
