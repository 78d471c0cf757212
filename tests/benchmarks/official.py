"""Run an official LUMIR evaluator in a process of its own; started by the benchmark, not imported.

Usage: python official.py FOLDER CONFIG GROUND_TRUTH FIELDS OUTPUT.  The program itself is unchanged: names
that newer numpy and scipy have dropped are given back to it, and the one class it takes from evalutils.
Prints the CPU seconds of the evaluation and the peak memory in MiB.
"""

import resource
import sys
import time
import types
import warnings

import numpy as np
from scipy import ndimage

folder, config, ground_truth, fields, output = sys.argv[1:]
warnings.simplefilter("ignore")
for name, value in (("NAN", np.nan), ("Inf", np.inf), ("bool", np.bool_)):
    setattr(np, name, value)
for module in ("filters", "morphology"):
    setattr(ndimage, module, ndimage)
exceptions = types.ModuleType("evalutils.exceptions")
exceptions.ValidationError = type("ValidationError", (Exception,), {})  # type: ignore[attr-defined]
sys.modules["evalutils"], sys.modules["evalutils.exceptions"] = types.ModuleType("evalutils"), exceptions
sys.path.insert(0, folder)

import evaluation  # type: ignore[import-not-found]  # noqa: E402

begin = time.process_time()
evaluation.evaluate_L2R(fields, ground_truth, output, config)
print(time.process_time() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
