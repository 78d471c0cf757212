"""The demo's registration methods, each really run on a pair of images.

A method takes the fixed and the moving image, arrays (X, Y, Z) from 0 (outside the brain) to 1, and gives a
displacement field (X, Y, Z, 3), float32, in voxels: the moving image is sampled at identity + field.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name its documentation uses
from numpy.typing import NDArray

Volume = NDArray[np.float32]
Register = Callable[[Volume, Volume], NDArray[np.float32]]

SEED = 7


@dataclass(frozen=True)
class DemoMethod:
    """A method as the board shows it, and how to run it: run(fixed, moving) -> displacement field."""

    slug: str
    name: str
    description: str
    run: Register
    kind: Literal["learning", "optimisation"] = "optimisation"
    baseline: bool = False
    instance_specific: bool = True
    paper_url: str = ""


def zero_displacement(fixed: Volume, moving: Volume) -> NDArray[np.float32]:  # noqa: ARG001
    """No registration: what every method is compared with."""
    return np.zeros((*fixed.shape, 3), np.float32)


def rigid(fixed: Volume, moving: Volume) -> NDArray[np.float32]:
    """Rotation and shift by mutual information, two resolutions."""
    target = _to_itk(fixed)
    transform = _linear(sitk.Euler3DTransform(), target, _to_itk(moving))
    return _field(_displacement(transform, target))


def affine(fixed: Volume, moving: Volume) -> NDArray[np.float32]:
    """Affine registration by mutual information, two resolutions."""
    target = _to_itk(fixed)
    transform = _linear(sitk.AffineTransform(3), target, _to_itk(moving))
    return _field(_displacement(transform, target))


def demons_rough(fixed: Volume, moving: Volume) -> NDArray[np.float32]:
    """Additive demons at one resolution, hardly smoothed."""
    target, source = _matched(fixed, moving)
    demons = sitk.FastSymmetricForcesDemonsRegistrationFilter()
    demons.SetNumberOfIterations(60)
    demons.SetStandardDeviations(0.7)
    return _field(demons.Execute(target, source))


def demons_smooth(fixed: Volume, moving: Volume) -> NDArray[np.float32]:
    """Additive demons from coarse to fine, the field smoothed by a wide Gaussian."""
    target, source = _matched(fixed, moving)
    demons = sitk.FastSymmetricForcesDemonsRegistrationFilter()
    demons.SetStandardDeviations(1.5)
    return _field(_coarse_to_fine(demons, target, source, start=None))


def diffeomorphic_demons(fixed: Volume, moving: Volume) -> NDArray[np.float32]:
    """Symmetric diffeomorphic demons after an affine registration, from coarse to fine."""
    target, source = _matched(fixed, moving)
    start = _displacement(_linear(sitk.AffineTransform(3), target, source), target)
    demons = sitk.DiffeomorphicDemonsRegistrationFilter()
    demons.SetUseGradientType(demons.Symmetric)
    demons.SetStandardDeviations(0.8)
    demons.SmoothUpdateFieldOn()
    demons.SetUpdateFieldStandardDeviations(1.0)
    return _field(_coarse_to_fine(demons, target, source, start))


def bspline(fixed: Volume, moving: Volume) -> NDArray[np.float32]:
    """Free-form deformation on a coarse grid of control points after an affine registration."""
    target, source = _matched(fixed, moving)
    first = _linear(sitk.AffineTransform(3), target, source)
    spline = sitk.BSplineTransformInitializer(target, [5, 6, 5], order=3)
    registration = sitk.ImageRegistrationMethod()
    registration.SetMetricAsMeanSquares()
    registration.SetInterpolator(sitk.sitkLinear)
    registration.SetMovingInitialTransform(first)
    registration.SetInitialTransform(spline, inPlace=True)
    registration.SetShrinkFactorsPerLevel([2])
    registration.SetSmoothingSigmasPerLevel([1.0])
    # with the usual tolerances the optimiser stops after a few steps: intensities are at most 1
    registration.SetOptimizerAsLBFGSB(
        gradientConvergenceTolerance=1e-9,
        numberOfIterations=10,
        maximumNumberOfFunctionEvaluations=20,
        costFunctionConvergenceFactor=1e3,
    )
    registration.Execute(target, source)
    return _field(_displacement(sitk.CompositeTransform([first, spline]), target))


def syn(fixed: Volume, moving: Volume) -> NDArray[np.float32]:
    """Symmetric normalisation of ANTs with its own affine start; needs antspyx."""
    import ants

    ants.config.set_ants_deterministic(on=True, seed_value=SEED)
    target, source = ants.from_numpy(fixed), ants.from_numpy(moving)
    with TemporaryDirectory() as folder:
        found = ants.registration(
            target, source, "SyN", outprefix=f"{folder}/syn", reg_iterations=(60, 40, 20)
        )
        whole = ants.apply_transforms(target, source, found["fwdtransforms"], compose=f"{folder}/whole")
        return _field(sitk.ReadImage(whole))


def _to_itk(volume: Volume) -> sitk.Image:
    """An image of spacing 1 and identity direction: physical points are voxel indices."""
    # the array's last axis is ITK's first
    return sitk.GetImageFromArray(np.ascontiguousarray(volume.T, dtype=np.float32))


def _field(displacement: sitk.Image) -> NDArray[np.float32]:
    """(X, Y, Z, 3) from ITK's vector image; the components are x, y, z in both."""
    return np.ascontiguousarray(sitk.GetArrayFromImage(displacement).transpose(2, 1, 0, 3), dtype=np.float32)


def _matched(fixed: Volume, moving: Volume) -> tuple[sitk.Image, sitk.Image]:
    """Both images, the moving one with the intensities of the fixed one."""
    target, source = _to_itk(fixed), _to_itk(moving)
    return target, sitk.HistogramMatching(source, target, 256, 12, thresholdAtMeanIntensity=True)


def _linear(transform: Any, target: sitk.Image, source: sitk.Image) -> sitk.Transform:
    """Optimise a linear transform about the grid's centre, in place."""
    transform.SetCenter([(n - 1) / 2 for n in target.GetSize()])
    registration = sitk.ImageRegistrationMethod()
    registration.SetMetricAsMattesMutualInformation(numberOfHistogramBins=32)
    registration.SetInterpolator(sitk.sitkLinear)
    registration.SetOptimizerAsRegularStepGradientDescent(
        learningRate=1.0, minStep=1e-3, numberOfIterations=40, relaxationFactor=0.6
    )
    registration.SetOptimizerScalesFromPhysicalShift()
    registration.SetShrinkFactorsPerLevel([3, 2])
    registration.SetSmoothingSigmasPerLevel([1.5, 1.0])
    registration.SetInitialTransform(transform, inPlace=True)
    registration.Execute(target, source)
    return transform


def _displacement(transform: sitk.Transform, target: sitk.Image) -> sitk.Image:
    return sitk.TransformToDisplacementField(transform, sitk.sitkVectorFloat64, target.GetSize())


def _coarse_to_fine(
    demons: Any, target: sitk.Image, source: sitk.Image, start: sitk.Image | None
) -> sitk.Image:
    """Run demons at half and at full resolution, each from the field found before."""
    field = start
    for shrink in (2, 1):
        small_target, small_source = _shrunk(target, shrink), _shrunk(source, shrink)
        demons.SetNumberOfIterations(40)
        if field is None:
            field = demons.Execute(small_target, small_source)
        else:
            field = demons.Execute(small_target, small_source, sitk.Resample(field, small_target))
    return field


def _shrunk(image: sitk.Image, factor: int) -> sitk.Image:
    if factor == 1:
        return image
    return sitk.Shrink(sitk.SmoothingRecursiveGaussian(image, factor / 2), [factor] * 3)


_SYN = DemoMethod(
    slug="syn",
    name="SyN",
    description="Symmetric normalisation of ANTs: affine, then a diffeomorphism led by mutual information.",
    run=syn,
    paper_url="https://doi.org/10.1016/j.media.2007.06.004",
)

METHODS: tuple[DemoMethod, ...] = (
    DemoMethod(
        slug="zero-displacement",
        name="ZeroDisplacement",
        description="No registration at all: the field is zero everywhere.",
        run=zero_displacement,
        baseline=True,
        instance_specific=False,
    ),
    DemoMethod(
        slug="rigid",
        name="Rigid",
        description="Rotation and shift found by mutual information (SimpleITK).",
        run=rigid,
        paper_url="https://doi.org/10.1109/TMI.2003.809072",
    ),
    DemoMethod(
        slug="affine",
        name="Affine",
        description="Twelve parameters found by mutual information (SimpleITK).",
        run=affine,
        paper_url="https://doi.org/10.1109/TMI.2003.809072",
    ),
    DemoMethod(
        slug="demons-rough",
        name="Demons, rough",
        description="Symmetric-force demons at one resolution, hardly smoothed: the field folds (SimpleITK).",
        run=demons_rough,
        paper_url="https://doi.org/10.1016/S1361-8415(98)80022-4",
    ),
    DemoMethod(
        slug="demons-smooth",
        name="Demons, smooth",
        description="Symmetric-force demons at two resolutions, smoothed by a wide Gaussian (SimpleITK).",
        run=demons_smooth,
        paper_url="https://doi.org/10.1016/S1361-8415(98)80022-4",
    ),
    DemoMethod(
        slug="diffeomorphic-demons",
        name="Diffeomorphic demons",
        description="Affine, then symmetric diffeomorphic demons at two resolutions (SimpleITK).",
        run=diffeomorphic_demons,
        paper_url="https://doi.org/10.1016/j.neuroimage.2008.10.040",
    ),
    DemoMethod(
        slug="bspline",
        name="B-spline, coarse",
        description="Affine, then a cubic B-spline with 5 x 6 x 5 cells, least squares (SimpleITK).",
        run=bspline,
        paper_url="https://doi.org/10.1109/42.796284",
    ),
    *((_SYN,) if find_spec("ants") else ()),
)
"""Cheapest first."""
