"""Several events moved together, against loops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from aftershock.study.inference.joint import DRAWS, cluster_sums, joint_placebo
from aftershock.study.inference.ring import around, local_scale


def test_members_of_a_cluster_keep_their_distance():
    u = np.random.default_rng(1).normal(size=(40, 2))
    sums = cluster_sums(u, np.array([30, 33]), length=3, reach=6)
    scaled = u / np.column_stack([local_scale(u[:, j], 6) for j in range(2)])
    for k in (0, 1, 17, 39):
        rows = (np.array([30, 33])[:, None] + k + np.arange(3)) % 40
        assert sums[k] == pytest.approx(sum(scaled[rows[j], j].sum() for j in range(2)))


def test_all_assignments_of_two_clusters():
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=30), rng.normal(size=40)
    joint = joint_placebo([first, second], 2, seed=0)
    totals = [abs(a + b) for a, b in itertools.product(first, second)]
    assert joint.enumerated
    assert joint.assignments == 1200
    assert joint.p_value == np.mean([total >= totals[0] for total in totals])
    assert joint.floor == 1 / 1200
    assert joint.statistic == pytest.approx((first[0] + second[0]) / 2)


def test_more_assignments_than_can_be_looked_at_are_drawn_and_the_own_one_is_added():
    rings = [np.random.default_rng(i).normal(size=100) for i in range(3)]
    joint = joint_placebo(rings, 3, seed=5)
    assert not joint.enumerated
    assert joint.assignments == DRAWS
    assert joint.p_value >= joint.floor == 1 / (DRAWS + 1)
    assert joint_placebo(rings, 3, seed=5) == joint


def test_a_million_events_do_not_overflow():
    ring = np.random.default_rng(3).normal(size=200)
    assert joint_placebo([ring] * 400, 400, seed=1).assignments == DRAWS


def test_one_cluster_has_the_p_of_its_ring():
    u = np.random.default_rng(4).normal(size=50)
    sums = around(u, 5)
    joint = joint_placebo([np.roll(sums, -45)], 1, seed=0)
    assert joint.p_value == (np.abs(sums) >= abs(sums[45]) * (1 - 1e-9)).mean()


def test_an_event_without_a_statistic_has_no_joint_p():
    ring = np.array([np.nan, 1.0, 2.0])
    assert np.isnan(joint_placebo([ring], 1, seed=0).p_value)
