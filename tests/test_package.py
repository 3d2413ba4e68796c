"""What holds for the package as a whole: its order, its shapes, its docstrings, its precision."""

import ast
import importlib
import inspect
import math
import re
import statistics
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest

from attn.mechanisms.hard import leave_one_out
from attn.models import seq2seq
from attn.types import Array, Indices, Mask, Params

PACKAGE = Path(__file__).parents[1] / "attn"

# The package read as a book. A module may import those before it, and tools only types and tools.
READING_ORDER = [
    "types",
    "ops.checks",
    "ops.arrays",
    "ops.softmax",
    "ops.masks",
    "ops.products",
    "ops.scores",
    "ops.layers",
    "ops.activations",
    "ops.bags",
    "ops.bits",
    "ops.positions",
    "ops.places",
    "ops.recurrent",
    "ops.lstm",
    "ops.cores",
    "mechanisms.attention",
    "mechanisms.luong",
    "mechanisms.local",
    "mechanisms.tiled",
    "mechanisms.hard",
    "mechanisms.lookup",
    "mechanisms.biased",
    "mechanisms.heads",
    "mechanisms.addressing",
    "models.seq2seq",
    "models.luong",
    "models.adversary",
    "models.blocks",
    "models.transformer",
    "models.encoder_decoder",
    "models.glimpse",
    "models.memnn",
    "models.memnet",
    "models.lstm",
    "models.ntm",
    "tools.gradcheck",
    "tools.optim",
    "tools.train",
    "tools.lexicon",
    "tools.data",
    "tools.algorithms",
    "tools.metrics",
    "tools.retrieval",
    "tools.stories",
]

PRIMES = (3, 5, 7, 11, 13, 17, 19, 23, 29, 31)
FLOATS = (np.float16, np.float32, np.float64)


def source(module):
    return PACKAGE / (module.replace(".", "/") + ".py")


def public(module):
    """The functions that a module defines for others, in the order in which they are read."""
    loaded = importlib.import_module(f"attn.{module}")
    return [
        f
        for name, f in inspect.getmembers_static(loaded, inspect.isfunction)
        if f.__module__ == loaded.__name__ and not name.startswith("_")
    ]


MODULES = READING_ORDER[1:]
FUNCTIONS = [f for module in MODULES for f in public(module)]
HELPERS = "ops.checks", "ops.arrays", "ops.cores"
WITH_EQUATIONS = [m for m in MODULES if m.startswith(("ops", "mechanisms")) and m not in HELPERS]
MATHEMATICS = [f for module in WITH_EQUATIONS for f in public(module)]


def each(functions):
    return pytest.mark.parametrize("f", functions, ids=lambda f: f"{f.__module__}.{f.__name__}")


def nodes(kind):
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, kind):
                yield path, node


# Order


def imports(module):
    tree = ast.parse(source(module).read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            assert node.names[0].name != "*", f"{module}: names are imported one by one"
            yield node.module


def test_every_module_has_its_place_in_the_reading_order():
    found = {".".join(p.relative_to(PACKAGE).with_suffix("").parts) for p in PACKAGE.rglob("*.py")}
    assert {name for name in found if not name.endswith("__init__")} == set(READING_ORDER)


@pytest.mark.parametrize("module", READING_ORDER)
def test_imports_point_down_the_reading_order(module):
    above = READING_ORDER[: READING_ORDER.index(module)]
    if module.startswith("tools"):
        above = [name for name in above if name.startswith(("types", "tools"))]
    own = {name.removeprefix("attn.") for name in imports(module) if name.startswith("attn")}
    assert own <= set(above)
    others = {name.split(".")[0] for name in imports(module)} - {"attn"}
    assert others <= sys.stdlib_module_names | {"numpy", "threadpoolctl"}


def test_attn_needs_numpy_and_the_standard_library_alone():
    program = f"""
import sys, numpy.random
sys.modules["threadpoolctl"] = None  # as if it were not installed
before = set(sys.modules)
import attn
assert not [m for m in sys.modules if m.startswith("attn.")], "import attn is lazy"
import {", ".join(f"attn.{module}" for module in READING_ORDER)}
print(*{{name.split(".")[0] for name in set(sys.modules) - before}})
"""
    found = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
    )
    assert set(found.stdout.split()) <= sys.stdlib_module_names | {"attn", "numpy"}


# Form


def body_length(node):
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_functions_are_short():
    lengths = {
        f"{path.name}:{node.name}": body_length(node) for path, node in nodes(ast.FunctionDef)
    }
    assert {name: lines for name, lines in lengths.items() if lines > 30} == {}
    assert statistics.median(lengths.values()) <= 3
    assert statistics.quantiles(lengths.values(), n=10)[-1] <= 10


def test_classes_are_named_tuples():
    for path, node in nodes(ast.ClassDef):
        bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
        assert bases == ["NamedTuple"], f"{path}: {node.name}"


def raises(f):
    """Whether the body itself refuses something."""
    tree = ast.parse(inspect.getsource(f))
    calls = [n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and hasattr(n.func, "id")]
    return any(isinstance(node, ast.Raise) for node in ast.walk(tree)) or any(
        re.match("_?check", name) for name in calls
    )


@each(FUNCTIONS)
def test_every_public_function_says_what_it_does(f):
    text = inspect.getdoc(f) or ""
    assert re.match(r"[A-Z].*[.:]", text.split("\n\n")[0].replace("\n", " ")), "one sentence"
    assert "Raises:" in text or not raises(f)


@each(MATHEMATICS)
def test_every_equation_states_its_shapes_and_its_source(f):
    text = inspect.getdoc(f)
    assert "Shapes:" in text
    assert "Source:" in text


def in_order(module):
    tree = ast.parse(source(module).read_text("utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [name for name in names if not name.startswith("_")]


def is_trainable(f):
    """Whether arrays go in, unless it gives a gradient itself or says why it has none."""
    hints = get_type_hints(f)
    first = next(iter(inspect.signature(f).parameters))
    takes = hints.pop("return") and {Array, Params} & set(hints.values()) and first[0] != "d"
    return takes and not re.search(r"No gradient|-> d\w+ \(", inspect.getdoc(f))


@pytest.mark.parametrize("module", [*WITH_EQUATIONS, "ops.cores"])
def test_every_trainable_function_has_its_backward_right_below(module):
    names = in_order(module)
    for f in public(module):
        if is_trainable(f):
            below = names[names.index(f.__name__) + 1 :]
            assert below[:1] == [f"{f.__name__}_backward"]


@each([f for f in MATHEMATICS if f.__name__.endswith("_backward")])
def test_every_backward_starts_from_a_gradient(f):
    assert next(iter(inspect.signature(f).parameters)).startswith("d")


# Shapes, believed
#
# Shapes: q (..., n, d), heads (), mask (..., n, m) | None -> c (..., n, heads*d), trace
#
# Before the arrow: arguments, by name. After it: results, in order, named or not.
#   n, 3n, h*d, a + b   a length, a product, a sum; a letter is the same length wherever it stands
#   ...                 any leading axes, the same wherever they stand
#   ()                  a scalar; a whole number that is named like a length is that length
#   ((n), (m))          a tuple of two
#   | None              may be left out
# A name that is no argument is an entry of `params` or `trace`. What has no parentheses is no array
# (a trace, a dict of gradients) and is not looked at.


ITEM = re.compile(r"(?:(\w+) )?(\(.*\))(?: \| None)?$")


def parse(f):
    """The documented arguments {name: axes} and the documented results [axes or None]."""
    text = re.search(r"Shapes:(.*?)(?:\n\s*(?:Raises|Source):|\Z)", inspect.getdoc(f), re.S)
    given, result = " ".join(text[1].split()).rstrip(".").split(" -> ")
    items = [ITEM.match(item) for item in split(given)]
    arguments = {item[1]: axes(item[2]) for item in items if item}
    return arguments, [(item := ITEM.match(r)) and axes(item[2]) for r in split(result)]


def split(text):
    """Split at the commas that stand outside of all parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def axes(text):
    inner = split(text[1:-1])
    return tuple(map(axes, inner)) if inner and inner[0].startswith("(") else inner


def letters(spec):
    return {a for axis in flat(spec) for a in re.findall(r"[A-Za-z]\w*", axis)}


def flat(spec):
    return [
        axis for part in spec for axis in (flat(part) if isinstance(part, list | tuple) else [part])
    ]


def size(axis, sizes):
    factors = [re.findall(r"[A-Za-z]\w*|\d+", term) for term in axis.split(" + ")]
    return sum(math.prod(int(x) if x.isdigit() else sizes[x] for x in term) for term in factors)


def shape(spec, sizes):
    return tuple(
        n for axis in spec for n in (sizes["..."] if axis == "..." else [size(axis, sizes)])
    )


def lengths(f):
    """A prime of its own for each letter, and two leading axes."""
    arguments, results = parse(f)
    found = sorted(letters(arguments.values()) | letters(filter(None, results)))
    named = {name for name, hint in get_type_hints(f).items() if hint in (int, int | None)}
    found += sorted(named & arguments.keys() - set(found))
    assert len(found) < len(PRIMES)
    return {"...": (2, PRIMES[-1]), **dict(zip(found, PRIMES, strict=False))}


def value(spec, hint, name, sizes, rng, dtype):
    if isinstance(spec, tuple):
        return tuple(value(part, Array, name, sizes, rng, dtype) for part in spec)
    if hint in (int, int | None):
        return sizes[name]
    if hint is float:
        return 0.5
    drawn = rng.random(shape(spec, sizes))
    if hint == Indices:
        return (drawn < 0.5).astype(int)
    return drawn < 0.5 if hint in (Mask, Mask | None) else drawn.astype(dtype)


def call_as_documented(f, sizes, dtype=np.float64, masked=True):
    rng = np.random.default_rng(0)
    hints, (arguments, _) = get_type_hints(f), parse(f)
    given = {k: value(s, hints.get(k, Array), k, sizes, rng, dtype) for k, s in arguments.items()}
    chosen = {k: given.pop(k) for k in inspect.signature(f).parameters if k in given}
    chosen |= {k: rng for k in inspect.signature(f).parameters if k == "rng"}
    if "params" in hints:
        forward = getattr(sys.modules[f.__module__], f.__name__.removesuffix("_backward"))
        more = {k: value(s, Array, k, sizes, rng, dtype) for k, s in parse(forward)[0].items()}
        chosen["params"] = {k: x for k, x in (more | given).items() if k not in hints}
    if "trace" in hints:
        chosen["trace"] = trace_for(f, hints["trace"], given, sizes, dtype)
    if not masked:
        chosen = {k: None if hints[k] == Mask | None else x for k, x in chosen.items()}
    return f(**chosen)


def trace_for(f, kind, given, sizes, dtype):
    if given.keys() >= set(kind._fields):
        return kind(**given)
    forward = getattr(sys.modules[f.__module__], f.__name__.removesuffix("_backward"))
    return call_as_documented(forward, lengths(forward) | sizes, dtype)[-1]


def has_shape(result, spec, sizes):
    if isinstance(spec, tuple):
        return all(has_shape(r, part, sizes) for r, part in zip(result, spec, strict=True))
    return spec is None or np.shape(result) == shape(spec, sizes)


def assert_documented(f, result, sizes):
    specs = parse(f)[1]
    results = result if isinstance(result, tuple) and not hasattr(result, "_fields") else (result,)
    assert len([s for s in specs if s is not None]) <= len(results) <= len(specs)
    for got, spec in zip(results, specs, strict=False):
        assert has_shape(got, spec, sizes), f"{f.__name__}: {spec} is {np.shape(got)}, {sizes}"


def arrays(x):
    if isinstance(x, dict):
        x = tuple(x.values())
    return [a for part in x for a in arrays(part)] if isinstance(x, tuple) else [x]


@each(MATHEMATICS)
def test_documented_shapes_are_true(f):
    sizes = lengths(f)
    assert_documented(f, call_as_documented(f, sizes), sizes)
    assert_documented(f, call_as_documented(f, sizes, masked=False), sizes)


@each(MATHEMATICS)
def test_documented_arguments_are_all_there_are(f):
    arguments, _ = parse(f)
    defaults = {k for k, p in inspect.signature(f).parameters.items() if p.default is not p.empty}
    needed = inspect.signature(f).parameters.keys() - defaults - {"params", "trace", "rng"}
    assert needed <= arguments.keys()
    if not {"params", "trace"} & get_type_hints(f).keys():
        assert arguments.keys() <= inspect.signature(f).parameters.keys()


@each([f for f in MATHEMATICS if Array in get_type_hints(f).values()])
def test_float32_stays_float32(f):
    if not any(
        get_type_hints(f).get(name) in (Array, Params) for name in inspect.signature(f).parameters
    ):
        return  # made of whole numbers alone: nothing to keep
    result = call_as_documented(f, lengths(f), np.float32)
    floats = {a.dtype for a in arrays(result) if getattr(a, "dtype", bool) in FLOATS}
    assert floats <= {np.dtype(np.float32)}


# Models: every call among a model's functions, while it trains and translates, is compared with
# what the functions document. A letter without a size here has that of the call.

SIZES = {"b": 3, "T_x": 5, "T_y": 7, "m": 11, "n": 13, "a": 17, "u": 19, "v": 23, "longest": 29}
GLIMPSE = {"b": 3, "m": 11, "d": 31, "p": 37, "a": 17, "u": 19, "c": 41, "K": 43}


def draw_batch(rng):
    b, T_x, T_y, _, _, _, u, v, _ = SIZES.values()
    x, y = rng.integers(0, u, (b, T_x)), rng.integers(0, v, (b, T_y))
    return x, np.arange(T_x) < [[T_x], [2], [1]], y, np.arange(T_y) < [[T_y], [3], [1]]


def run_seq2seq(model, rng):
    _, _, _, m, n, a, u, v, longest = SIZES.values()
    batch = draw_batch(rng)
    params = model.init(rng, u, v, m, n, a)
    fixed = model.init_fixed(rng, u, v, m, n)
    model.alignments(params, batch)
    model.translate(params, *batch[:2], longest)
    model.translate_fixed(fixed, *batch[:2], longest)
    return [
        (params, *model.loss_and_grads(params, batch)),
        (fixed, *model.loss_and_grads_fixed(fixed, batch)),
    ]


def run_luong(model, rng):
    _, _, _, m, n, a, u, v, longest = SIZES.values()
    batch = draw_batch(rng)
    for look in model.looks(n, a, longest).values():
        params = model.init(rng, u, v, look, m, n)
        model.alignments(params, batch, look)
        model.translate(params, *batch[:2], longest, look)
        yield params, *model.loss_and_grads(params, batch, look)


def run_adversary(model, rng):
    _, _, _, m, n, a, u, v, _ = SIZES.values()
    batch, translator = draw_batch(rng), seq2seq.init(rng, u, v, m, n, a)
    frozen = model.freeze(translator, batch, seq2seq.alignments(translator, batch), 1.0)
    params = model.init(rng, frozen)
    return [(params, *model.loss_and_grads(params, frozen))]


MACHINE = {"b": 3, "T": 7, "i": 11, "o": 13, "n": 17, "m": 19, "d": 23, "h": 5, "p": 237}


def run_machine(model, rng, **sizes):
    b, T, i, o, n, *_ = MACHINE.values()
    x, y = (rng.random((b, T, width)).astype(np.float32) for width in (i, o))
    params = model.init(rng, i, o, n, **sizes)
    model.answer(params, x)
    return params, (params, *model.loss_and_grads(params, (x, y, rng.random((b, T)) < 0.5)))


def run_lstm(model, rng):
    return [run_machine(model, rng, layers=2)[1]]


def run_ntm(model, rng):
    m, d, h, p = (MACHINE[key] for key in ("m", "d", "h", "p"))
    sizes = {"rows": m, "width": d, "reads": 3, "writes": h - 3}
    params, trained = run_machine(model, rng, **sizes)
    assert params["W_h"].shape[1] == p
    b, T, i, o, n, *_ = MACHINE.values()
    model.watch(params, rng.random((b, T, i)).astype(np.float32))
    feedforward = model.init_feedforward(rng, i, o, n, **sizes)
    zeros = [np.zeros((b, T, width), np.float32) for width in (i, o)]
    return [
        trained,
        (feedforward, *model.loss_and_grads(feedforward, (*zeros, zeros[0][..., 0] == 0))),
    ]


TRANSFORMERS = {
    "models.blocks": {"b": 3, "n": 5, "h": 2, "p": 11, "d": 22, "w": 13, "v": 17, "l": 4},
    "models.transformer": {"b": 3, "d": 22, "h": 2, "w": 13, "v": 17, "l": 4, "length": 5},
    "models.encoder_decoder": {key: SIZES[key] for key in ("b", "T_x", "T_y", "u", "v")}
    | {"d": 22, "h": 2, "w": 13, "l": 4, "longest": 29},
}


def run_blocks(model, rng):
    b, n, h, _, d, w, v, l = TRANSFORMERS["models.blocks"].values()
    x, memory = (rng.random((b, length, d)).astype(np.float32) for length in (n, 7))
    params = model.init_blocks(rng, d, h, l, w, cross=True)
    sublayers = [
        model.on_itself(model.NOWHERE, rng.random((n, n)) < 0.5),
        model.on_another(memory, rng.random((b, 1, 1, 7)) < 0.5),
        model.Sublayer(model.feed_forward, model.feed_forward_backward),
    ]
    for kind in ("pre_norm", "post_norm"):
        residual = model.Residual(getattr(model, kind), getattr(model, f"{kind}_backward"))
        y, traces = model.stack(x, params, sublayers, residual)
        model.stack_backward(y, traces, params, sublayers, residual)
    logits = rng.random((b, n, v)).astype(np.float32)
    model.surprise(logits, rng.integers(0, v, (b, n)), rng.random((b, n)) < 0.5)
    return []


def run_transformer(model, rng):
    b, d, h, w, v, l, length = TRANSFORMERS["models.transformer"].values()
    x, y, kept = rng.integers(0, v, (b, 7)), rng.integers(0, v, (b, 7)), rng.random((b, 7)) < 0.5
    params = model.init(rng, v, d, h, l, w, longest=11)
    paper = model.init(rng, v, d, h, l, w, last_norm=False)
    model.generate(params, x[:, :5], length, lambda logits: logits.argmax(axis=-1))
    model.logits(params, x)
    model.weights(params, x)
    return [(p, *model.loss_and_grads(p, (x, y, kept))) for p in (params, paper)]


def run_encoder_decoder(model, rng):
    _, _, _, u, v, d, h, w, l, longest = TRANSFORMERS["models.encoder_decoder"].values()
    batch = draw_batch(rng)
    params = model.init(rng, u, v, d, h, l, w)
    model.alignments(params, batch)
    model.translate(params, *batch[:2], longest)
    return [(params, *model.loss_and_grads(params, batch))]


def run_glimpse(model, rng):
    b, m, d, p, a, u, c, K = GLIMPSE.values()
    x, z = rng.random((b, u)).argsort(axis=1)[:, :m], rng.integers(0, c, (b, m))
    batch = x, z, np.arange(m) < [[m], [2], [1]], x[:, 0], z[:, 0]
    start, draws = (rng, u, c, d, p), {"rng": rng, "K": K}
    params, additive = model.init(*start), model.init_additive(*start, a)
    looks = [
        model.look_soft,
        model.look_everywhere,
        partial(model.look_drawn, **draws, estimate=leave_one_out),
        partial(model.look_straight_through, **draws),
        partial(model.look_relaxed, **draws, tau=0.5),
    ]
    for right in (model.right_by_blend, model.right_by_draw, model.right_at_peak):
        right(params, batch)
    runs = [(params, *model.loss_and_grads(params, batch, look)) for look in looks]
    return [
        *runs,
        (additive, *model.loss_and_grads(additive, batch, looks[0], model.ADDITIVE)),
    ]


STORY = {"b": 3, "n": 5, "j": 7, "i": 11, "v": 13, "d": 17, "s": 19, "t": 2}
STORY |= {"k": 2, "hops": 2, "n_noisy": 6}


def run_memnn(model, rng):
    b, n, j, i, v, d, *_ = STORY.values()
    x, q, y = (rng.integers(1, v, shape) for shape in ((b, n, j), (b, i), b))
    params = model.init(rng, v, d)
    support, rivals = model.guess(rng, x, q, y, np.ones(v, bool))
    model.respond(params, x, q, support)
    return [
        (params, *model.loss_and_grads(params, (x, q, y, support, rivals))),
        (
            params,
            *model.loss_and_grads(params, (x, q, y, support, model.one_rival(rng, x, support))),
        ),
        (params, *model.loss_and_grads_answers(params, (x, q, y, support, None))),
    ]


def run_memnet(model, rng):
    b, n, j, i, v, d, s, *_ = STORY.values()
    batch = [rng.integers(1, v, shape) for shape in ((b, n, j), (b, i), b)]
    params, layerwise = model.init(rng, v, s, d, hops=1), model.init_layerwise(rng, v, s, d)
    model.random_noise(rng, batch[0])
    return [
        (params, *model.loss_and_grads(params, batch)),
        (params, *model.loss_and_grads(params, batch, looking=model.without_softmax)),
        (layerwise, *model.loss_and_grads_layerwise(layerwise, batch, hops=2)),
    ]


MODELS = {
    "models.seq2seq": (run_seq2seq, SIZES),
    "models.luong": (run_luong, SIZES),
    "models.adversary": (run_adversary, SIZES),
    "models.blocks": (run_blocks, TRANSFORMERS["models.blocks"]),
    "models.transformer": (run_transformer, TRANSFORMERS["models.transformer"]),
    "models.encoder_decoder": (run_encoder_decoder, TRANSFORMERS["models.encoder_decoder"]),
    "models.glimpse": (run_glimpse, GLIMPSE),
    "models.memnn": (run_memnn, STORY),
    "models.memnet": (run_memnet, STORY),
    "models.lstm": (run_lstm, MACHINE),
    "models.ntm": (run_ntm, MACHINE),
}


def sizes_of_call(sizes, f, given):
    sizes = dict(sizes)
    for name, spec in parse(f)[0].items():
        for axis, size in zip(spec, np.shape(given.get(name, ())), strict=False):
            sizes.setdefault(axis, size)
    return sizes


def test_every_model_is_run():
    assert set(MODELS) == {module for module in READING_ORDER if module.startswith("models")}


@pytest.mark.parametrize("module", MODELS)
def test_models_work_in_the_documented_shapes_in_float32_throughout(module, monkeypatch):
    model = importlib.import_module(f"attn.{module}")
    run, known = MODELS[module]
    called = set()

    def watched(f):
        def call(*args, **kwargs):
            called.add(f)
            result = f(*args, **kwargs)
            given = inspect.signature(f).bind(*args, **kwargs).arguments
            sizes = sizes_of_call(known, f, given)
            for name, spec in parse(f)[0].items():
                left_out = given.get(name) is None or name in sizes
                assert left_out or has_shape(given[name], spec, sizes), name
            assert_documented(f, result, sizes)
            floats = [x for x in arrays(result) if getattr(x, "dtype", bool) in FLOATS]
            assert all(x.dtype == np.float32 for x in floats)
            return result

        return call

    documented = {f for f in public(module) if "Shapes:" in inspect.getdoc(f)}
    for f in documented:
        monkeypatch.setattr(model, f.__name__, watched(f))
    for params, loss, grads in run(model, np.random.default_rng(0)):
        assert isinstance(loss, float)
        assert grads.keys() == params.keys()
        for key, p in params.items():
            assert (grads[key].shape, grads[key].dtype) == (p.shape, np.float32), key
    assert called == documented
