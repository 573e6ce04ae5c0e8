"""keras.optimizers: two variables and all slots after each of five steps on fixed gradients."""

import jax
import keras
import numpy as np
from keras import optimizers
from keras.optimizers import schedules

import golden

STEPS = 5

# class, configuration
TABLE = [
    ("SGD", {}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"learning_rate": 0.1, "weight_decay": 0.05}),
    ("SGD", {"learning_rate": 0.1, "clipnorm": 0.7}),
    ("SGD", {"learning_rate": 0.1, "clipvalue": 0.3}),
    ("SGD", {"learning_rate": 0.1, "global_clipnorm": 0.9}),
    ("SGD", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.9}),
    ("SGD", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.9,
             "ema_overwrite_frequency": 2}),
    ("SGD", {"learning_rate": 0.1, "gradient_accumulation_steps": 2}),
    ("SGD", {"learning_rate": 0.1, "loss_scale_factor": 8.0}),
    ("SGD", {"learning_rate": schedules.ExponentialDecay(0.1, 2, 0.5)}),
    ("Adam", {}),
    ("Adam", {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-5}),
    ("Adam", {"learning_rate": 0.01, "amsgrad": True}),
    ("Adam", {"learning_rate": 0.01, "weight_decay": 0.01}),
    ("Adam", {"learning_rate": schedules.CosineDecay(0.1, 5)}),
    ("AdamW", {}),
    ("AdamW", {"learning_rate": 0.01, "weight_decay": 0.1, "amsgrad": True}),
    ("RMSprop", {}),
    ("RMSprop", {"learning_rate": 0.01, "rho": 0.8, "momentum": 0.5}),
    ("RMSprop", {"learning_rate": 0.01, "centered": True}),
    ("Adagrad", {"learning_rate": 0.1}),
    ("Adadelta", {"learning_rate": 0.5}),
    ("Adamax", {"learning_rate": 0.01}),
    ("Nadam", {"learning_rate": 0.01}),
    ("Ftrl", {"learning_rate": 0.1}),
    ("Ftrl", {"learning_rate": 0.1, "l1_regularization_strength": 0.01,
              "l2_regularization_strength": 0.02, "l2_shrinkage_regularization_strength": 0.01}),
    ("Lion", {"learning_rate": 0.01}),
    ("Lamb", {"learning_rate": 0.01}),
    ("Adafactor", {"learning_rate": 0.01}),
    ("Adafactor", {"learning_rate": 0.01, "relative_step": False}),
    ("Muon", {"learning_rate": 0.01}),
    ("ScheduleFreeAdamW", {"learning_rate": 0.01}),
    ("LossScaleOptimizer", {"inner_optimizer": "SGD", "initial_scale": 4.0,
                            "dynamic_growth_steps": 2}),
    # Further configurations of each, after the first ones: cases are numbered in the order of rows.
    ("Lamb", {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-4,
              "weight_decay": 0.02}),
    ("Adafactor", {"learning_rate": schedules.ExponentialDecay(0.1, 2, 0.5)}),
    ("Adafactor", {"learning_rate": 0.9, "clip_threshold": 0.5, "beta_2_decay": -0.5,
                   "epsilon_2": 0.1, "weight_decay": 0.02}),
    ("Muon", {"learning_rate": 0.01, "nesterov": False, "rms_rate": None, "ns_steps": 3,
              "momentum": 0.8, "adam_lr_ratio": 0.1, "adam_weight_decay": None}),
    ("Muon", {"learning_rate": 0.01, "exclude_layers": ["k.rn"], "weight_decay": 0.1,
              "adam_weight_decay": 0.05}),
    ("Muon", {"learning_rate": 0.01, "weight_decay": None, "adam_beta_1": 0.8,
              "adam_beta_2": 0.9, "clipnorm": 0.5}),
    ("ScheduleFreeAdamW", {"learning_rate": 0.1, "beta_1": 0.7, "warmup_steps": 3,
                           "weight_decay": 0.1}),
    ("LossScaleOptimizer", {"inner_optimizer": "Adam", "initial_scale": 64.0,
                            "dynamic_growth_steps": 1, "overflow": [1, 3]}),
    ("MultiOptimizer", {}),
    ("MultiOptimizer", {"loss_scale_factor": 4.0}),
    ("Adam", {"learning_rate": 0.01, "weight_decay": 0.1, "exclude": ["b.as"]}),
    ("Adam", {"learning_rate": 0.01, "gradient_accumulation_steps": 2, "clipnorm": 0.5,
              "use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 2}),
    ("Adam", {"learning_rate": schedules.PiecewiseConstantDecay([1, 3], [0.1, 0.05, 0.01]),
              "gradient_accumulation_steps": 2, "weight_decay": 0.1}),
    ("SGD", {"learning_rate": 0.1, "loss_scale_factor": 8.0, "global_clipnorm": 0.3,
             "momentum": 0.5, "gradient_accumulation_steps": 3}),
    ("RMSprop", {"learning_rate": 0.01, "rho": 0.8, "momentum": 0.5, "centered": True,
                 "clipvalue": 0.2, "weight_decay": 0.01}),
    ("Adagrad", {"learning_rate": 0.1, "initial_accumulator_value": 0.5, "epsilon": 1e-3}),
    ("Adadelta", {"learning_rate": 0.5, "rho": 0.8, "use_ema": True}),
    ("Adamax", {"learning_rate": 0.01, "beta_1": 0.7, "beta_2": 0.9, "weight_decay": 0.1}),
    ("Nadam", {"learning_rate": 0.01, "beta_1": 0.7, "gradient_accumulation_steps": 2}),
    ("Ftrl", {"learning_rate": 0.1, "learning_rate_power": -0.7, "beta": 0.1,
              "initial_accumulator_value": 0.3}),
    ("Lion", {"learning_rate": 0.01, "beta_1": 0.7, "beta_2": 0.9, "weight_decay": 0.1}),
]

SCHEDULES = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5,
                          "staircase": True}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5,
                          "staircase": True}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 5}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "end_learning_rate": 0.01,
                         "power": 2.0, "cycle": True}),
    ("PiecewiseConstantDecay", {"boundaries": [2, 5], "values": [0.1, 0.05, 0.01]}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 6, "alpha": 0.1}),
    ("CosineDecay", {"initial_learning_rate": 0.0, "decay_steps": 5, "warmup_target": 0.1,
                     "warmup_steps": 3}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 3}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 2, "t_mul": 1.5,
                             "m_mul": 0.8, "alpha": 0.05}),
]


def record(family):
    counts = {}
    for optimizer, config in TABLE:
        counts[optimizer] = counts.get(optimizer, 0) + 1
        record_row(family, f"{optimizer}_{counts[optimizer]}", optimizer, dict(config))
    for n, (schedule, config) in enumerate(SCHEDULES):
        instance = getattr(schedules, schedule)(**config)
        family.case(f"{schedule}_{n}", kind="schedule", config=golden.config_of(instance),
                    steps=list(range(13)), values=np.array([instance(step) for step in range(13)]))


def state(instance):
    return [{"path": v.path, "value": np.asarray(v.value)} for v in instance.variables]


def apply(instance, variables, gradients):
    """In place, or as a trainer on JAX does it where the optimizer cannot run eagerly there."""
    if not isinstance(instance, optimizers.LossScaleOptimizer):
        instance.apply(gradients, variables)
        return
    values, slots = jax.jit(instance.stateless_apply)(
        [v.value for v in instance.variables], gradients, [v.value for v in variables])
    for variable, value in [*zip(variables, values), *zip(instance.variables, slots)]:
        variable.assign(value)


def record_row(family, name, optimizer, config):
    golden.fresh()
    rng = golden.rng("optimizers")  # the same start and gradients for all
    variables = [keras.Variable(rng.normal(size=shape).astype("float32"), name=label)
                 for label, shape in [("kernel", (3, 2)), ("bias", (4,))]]
    initial = [np.asarray(v.value) for v in variables]
    overflow, exclude = config.pop("overflow", []), config.pop("exclude", None)
    if optimizer == "LossScaleOptimizer":
        config["inner_optimizer"] = getattr(optimizers, config["inner_optimizer"])(0.1)
    if optimizer == "MultiOptimizer":
        config["optimizer_map"] = optimizers.OptimizerMap(
            optimizers.SGD(0.1), {"k.*l": optimizers.Adam(0.05), "other": optimizers.Lion(0.01)})
    instance = getattr(optimizers, optimizer)(**config)
    if exclude:
        instance.exclude_from_weight_decay(var_names=exclude)
    instance.build(variables)
    start = state(instance)
    steps = []
    for step in range(STEPS):
        gradients = [rng.normal(size=v.shape).astype("float32") for v in variables]
        if step in overflow:
            gradients[0][1, 0] = np.inf if step % 2 else np.nan
        apply(instance, variables, gradients)
        steps.append({"gradients": gradients, "variables": [np.asarray(v.value) for v in variables],
                      "state": state(instance)})
    instance.finalize_variable_values(variables)
    family.case(name, kind="optimizer", config=golden.config_of(instance), exclude=exclude,
                initial=initial, initial_state=start, steps=steps,
                finalized=[np.asarray(v.value) for v in variables])
