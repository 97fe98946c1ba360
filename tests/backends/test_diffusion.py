"""Schedules and samplers of diffusion against closed forms, a target with a known ODE, and diffusers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from backends.diffusion.samplers import Denoise, Step, again, ddim, dpm_solver, inpaint, invert
from backends.diffusion.schedule import PREDICTIONS, Schedule, clean, schedule, target, weight

MEAN, SPREAD = 0.3, 0.5  # of the Gaussian that the known denoiser belongs to
LINEAR, COSINE = schedule("linear", 1000), schedule("cosine", 1000)


def gaussian(plan: Schedule, mean: float = MEAN, spread: float = SPREAD) -> Denoise:
    """E[x_0 | x_t] for x_0 ~ N(mean, spread^2): the best estimate there is."""

    def denoise(x: Tensor, t: int) -> Tensor:
        a, s = plan.signal[t], plan.noise[t]
        return mean + a * spread**2 / (a**2 * spread**2 + s**2) * (x - a * mean)

    return denoise


def exact(plan: Schedule, x: Tensor, t: int, s: int) -> Tensor:
    """Where the probability flow ODE of that Gaussian takes x from time t to s."""

    def deviation(at: int) -> float:
        return math.sqrt(plan.alpha_bars[at] * SPREAD**2 + plan.noise[at] ** 2)

    centred = (x - plan.signal[t] * MEAN) / deviation(t)
    return plan.signal[s] * MEAN + deviation(s) * centred


def last(steps: Any) -> Tensor:
    *_, step = steps
    assert isinstance(step, Step)
    return step.x


def test_the_linear_schedule_is_that_of_the_paper():
    betas = 1 - LINEAR.alpha_bars[1:] / LINEAR.alpha_bars[:-1]
    assert betas[[0, -1]] == pytest.approx([1e-4, 0.02])
    assert np.allclose(np.diff(betas), np.diff(betas)[0])
    assert LINEAR.last == 1000
    assert LINEAR.alpha_bars[-1] == pytest.approx(4.036e-5, rel=1e-3)  # exp of sum of log(1 - beta)
    assert 1e-5 < schedule("linear", 100).alpha_bars[-1] < 1e-4


def test_the_cosine_schedule_is_that_of_the_paper():
    f = np.cos((np.arange(1001) / 1000 + 0.008) / 1.008 * np.pi / 2) ** 2
    assert np.allclose(COSINE.alpha_bars[:999], (f / f[0])[:999], rtol=1e-9)
    assert COSINE.alpha_bars[1000] == pytest.approx(COSINE.alpha_bars[999] * (1 - 0.999))


@pytest.mark.parametrize("kind", ["linear", "cosine"])
@pytest.mark.parametrize("steps", [10, 100, 4000])
def test_schedules_fall_from_image_to_noise(kind: str, steps: int):
    plan = schedule(kind, steps)
    assert plan.alpha_bars[0] == 1
    assert (np.diff(plan.alpha_bars) < 0).all()
    assert 0 < plan.alpha_bars[-1] < 2e-3
    assert np.allclose(plan.signal**2 + plan.noise**2, 1)
    assert plan.log_snr[0] == np.inf
    assert plan.times(5) == [steps, *(round(steps * k / 5) for k in (4, 3, 2, 1)), 0]
    assert plan.times(10**6) == list(range(steps, -1, -1))


@given(st.integers(2, 1000), st.data())
@settings(max_examples=50, deadline=None)
def test_the_posterior_is_the_product_of_its_two_gaussians(t: int, data: st.DataObject):
    """Bayes: precisions add, and so do the precision-weighted means."""
    s = data.draw(st.integers(1, t - 1))
    on_clean, on_noisy, variance = LINEAR.posterior(t, s)
    alpha = LINEAR.alpha_bars[t] / LINEAR.alpha_bars[s]
    precision = alpha / (1 - alpha) + 1 / LINEAR.noise[s] ** 2
    assert variance == pytest.approx(1 / precision, rel=1e-6)
    assert on_clean == pytest.approx(LINEAR.signal[s] / LINEAR.noise[s] ** 2 / precision, rel=1e-6)
    assert on_noisy == pytest.approx(math.sqrt(alpha) / (1 - alpha) / precision, rel=1e-6)


def test_the_posterior_of_neighbours_is_equation_7():
    t = 500
    beta = 1 - LINEAR.alpha_bars[t] / LINEAR.alpha_bars[t - 1]
    before, now = LINEAR.alpha_bars[t - 1], LINEAR.alpha_bars[t]
    on_clean, on_noisy, variance = LINEAR.posterior(t, t - 1)
    assert variance == pytest.approx((1 - before) / (1 - now) * beta)
    assert on_clean == pytest.approx(math.sqrt(before) * beta / (1 - now))
    assert on_noisy == pytest.approx(math.sqrt(1 - beta) * (1 - before) / (1 - now))
    assert LINEAR.posterior(1, 0) == pytest.approx((1, 0, 0))


@pytest.mark.parametrize("kind", PREDICTIONS)
def test_what_is_said_gives_back_the_image(kind: str):
    x0, eps = torch.randn(2, 4, 1, 2, 2, dtype=torch.float64)
    for t in (1, 300, 999):
        a, s = torch.tensor(LINEAR.signal[t]), torch.tensor(LINEAR.noise[t])
        again_x0 = clean(kind, target(kind, x0, eps, a, s), a * x0 + s * eps, a, s)
        assert torch.allclose(again_x0, x0)


@pytest.mark.parametrize("kind", PREDICTIONS)
def test_weighted_errors_are_the_same_whatever_is_said(kind: str):
    """min(SNR, gamma) |x0 error|^2 for all three."""
    x, wrong = torch.randn(2, 1, dtype=torch.float64)
    for a in (0.1, 0.6, 0.99):
        s = math.sqrt(1 - a**2)
        error = clean(kind, x + wrong, x, a, s) - clean(kind, x, x, a, s)
        snr = torch.tensor(a**2 / s**2)
        assert (weight(kind, snr, 5.0) * wrong**2).item() == pytest.approx(
            min(snr.item(), 5.0) * error.item() ** 2
        )


@pytest.mark.parametrize("plan", [LINEAR, COSINE], ids=["linear", "cosine"])
def test_ddim_from_a_single_image_is_exact_in_any_number_of_steps(plan: Schedule):
    x = torch.randn(3, 1, 4, 4, dtype=torch.float64)
    for steps in (1, 2, 7):
        for step in ddim(gaussian(plan, spread=0), x, plan, plan.times(steps)):
            wanted = plan.signal[step.time] * MEAN
            wanted = wanted + plan.noise[step.time] / plan.noise[-1] * (x - plan.signal[-1] * MEAN)
            assert torch.allclose(step.x, wanted)


@pytest.mark.parametrize(("solver", "order"), [(ddim, 1), (dpm_solver, 2)])
def test_solvers_come_to_the_ode_in_their_order(solver: Any, order: int):
    x = torch.randn(50, dtype=torch.float64)
    wanted, errors = exact(COSINE, x, 900, 100), []
    for stride in (50, 20, 10, 5):
        times = list(range(900, 99, -stride))
        errors.append(float((last(solver(gaussian(COSINE), x, COSINE, times)) - wanted).abs().max()))
    assert errors == sorted(errors, reverse=True)
    assert math.log2(errors[2] / errors[3]) == pytest.approx(order, abs=0.25)


def test_a_few_steps_of_the_second_order_come_nearer():
    x = torch.randn(50, dtype=torch.float64)
    wanted, times = exact(COSINE, x, 1000, 0), COSINE.times(12)
    first, second = (
        float((last(solver(gaussian(COSINE), x, COSINE, times)) - wanted).abs().max())
        for solver in (ddim, dpm_solver)
    )
    assert second < 0.25 * first


def test_ddim_with_all_noise_is_the_ancestral_sampler():
    x, drawn = torch.randn(2, 5, dtype=torch.float64)
    (step,) = ddim(gaussian(LINEAR), x, LINEAR, [700, 500], 1.0, lambda: drawn)
    on_clean, on_noisy, variance = LINEAR.posterior(700, 500)
    assert torch.allclose(step.x, on_clean * step.x0 + on_noisy * x + math.sqrt(variance) * drawn)


def test_ancestral_samples_have_the_mean_and_the_spread_of_the_target():
    torch.manual_seed(0)
    x = torch.randn(20_000)
    made = last(ddim(gaussian(LINEAR), x, LINEAR, LINEAR.times(200), 1.0, lambda: torch.randn_like(x)))
    assert made.mean().item() == pytest.approx(MEAN, abs=0.02)
    assert made.std().item() == pytest.approx(SPREAD, abs=0.02)


@pytest.mark.parametrize("plan", [LINEAR, COSINE], ids=["linear", "cosine"])
def test_inversion_finds_where_ddim_comes_from(plan: Schedule):
    x, times = torch.randn(20, dtype=torch.float64), plan.times(20)
    made = last(ddim(gaussian(plan), x, plan, times))
    errors = [
        float((last(ddim(gaussian(plan), found, plan, times)) - made).abs().max())
        for found in (last(invert(gaussian(plan), made, plan, times, rounds)) for rounds in (1, 3, 10))
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-4
    assert errors[-1] < 0.05 * errors[0]


def test_drowning_in_two_goes_is_drowning_in_one():
    torch.manual_seed(0)
    x0 = torch.full((50_000,), 0.7)
    first = LINEAR.signal[200] * x0 + LINEAR.noise[200] * torch.randn_like(x0)
    x = again(LINEAR, first, 200, 600, torch.randn_like(x0))
    assert x.mean().item() == pytest.approx(0.7 * LINEAR.signal[600], abs=0.02)
    assert x.std().item() == pytest.approx(LINEAR.noise[600], abs=0.02)


def test_completion_keeps_what_is_known_and_paints_the_rest_to_match():
    """Two pixels that are always equal: the unknown one must become the known one."""
    torch.manual_seed(0)

    def twins(x: Tensor, t: int) -> Tensor:
        both = x.mean(3, keepdim=True).expand_as(x)  # half the noise's variance
        a, s = COSINE.signal[t], COSINE.noise[t] / 2**0.5
        return a / (a**2 + s**2) * both

    images = torch.randn(200, 1, 1, 1).expand(-1, -1, -1, 2).contiguous()
    known = torch.tensor([True, False]).expand(200, 1, 1, 2)
    x = torch.randn_like(images)
    steps = list(
        inpaint(twins, x, COSINE, COSINE.times(50), images, known, lambda: torch.randn_like(x), repeats=5)
    )
    made = steps[-1].x
    assert torch.allclose(made[..., 0], images[..., 0])
    errors = (made[..., 1] - images[..., 1]).square().mean()
    assert errors < 0.1  # variance of the unknown alone: 1


@pytest.mark.parametrize("kind", ["linear", "cosine"])
def test_we_agree_with_diffusers(kind: str):
    diffusers = pytest.importorskip("diffusers")
    plan = {"linear": LINEAR, "cosine": COSINE}[kind]
    beta = {"linear": "linear", "cosine": "squaredcos_cap_v2"}[kind]
    common = {"num_train_timesteps": 1000, "beta_schedule": beta, "timestep_spacing": "trailing",
              "prediction_type": "sample"}  # fmt: skip
    x = torch.randn(2, 1, 4, 4, dtype=torch.float64)
    denoise, times = gaussian(plan), plan.times(20)

    def theirs(scheduler: Any, **given: Any) -> Tensor:
        scheduler.set_timesteps(20)
        there = x.clone()
        for t in scheduler.timesteps:
            there = scheduler.step(denoise(there, int(t) + 1), t, there, **given).prev_sample
        return there

    bars = diffusers.DDPMScheduler(**common).alphas_cumprod.double().numpy()
    assert np.allclose(bars, plan.alpha_bars[1:], rtol=1e-4, atol=1e-7)
    found = theirs(diffusers.DDIMScheduler(**common, clip_sample=False))
    assert torch.allclose(found, last(ddim(denoise, x, plan, times)), atol=1e-5)
    solver = diffusers.DPMSolverMultistepScheduler(**common, final_sigmas_type="zero")
    assert torch.allclose(theirs(solver), last(dpm_solver(denoise, x, plan, times)), atol=1e-5)


def test_ancestral_steps_agree_with_diffusers():
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.DDPMScheduler(prediction_type="sample", clip_sample=False)
    scheduler.set_timesteps(1000)
    x, t = torch.randn(2, 1, 4, 4, dtype=torch.float64), 400
    drawn = torch.randn(x.shape, generator=torch.Generator().manual_seed(0), dtype=x.dtype)
    theirs = scheduler.step(
        gaussian(LINEAR)(x, t), t - 1, x, generator=torch.Generator().manual_seed(0)
    ).prev_sample
    assert torch.allclose(
        theirs, last(ddim(gaussian(LINEAR), x, LINEAR, [t, t - 1], 1.0, lambda: drawn)), atol=1e-5
    )
