"""Functions and layers that Keras lacks, as they are written out in a module that uses them."""

from __future__ import annotations

LOCAL_RESPONSE_NORM = '''
def local_response_norm(x, size, alpha, beta, bias):
    """Divide each element by a power of the energy in `size` neighbouring channels."""
    sides = [(0, 0) for _ in x.shape]
    sides[1] = (size // 2, size // 2)
    squares = ops.pad(x * x, sides)
    energy = sum(squares[:, i : i + x.shape[1]] for i in range(size))
    return x / (bias + alpha * energy) ** beta
'''

CHANNEL_SHUFFLE = '''
def channel_shuffle(x, groups):
    """Deal the channels out anew, so that the next groups see all of the last ones."""
    shape = x.shape[1:]
    x = ops.reshape(x, (-1, groups, shape[0] // groups, *shape[1:]))
    return ops.reshape(ops.swapaxes(x, 1, 2), (-1, *shape))
'''

AVERAGE_INSIDE = '''
def average_inside(x, pool_size, strides, sides):
    """Average each window over its elements inside the input."""
    area = ops.average_pool(ops.pad(ops.ones_like(x), sides), pool_size, strides)
    return ops.average_pool(ops.pad(x, sides), pool_size, strides) / area
'''

LP_POOL = '''
def lp_pool(x, norm, pool_size, strides):
    """Take the norm of each window: (sum of x ** norm) ** (1 / norm)."""
    mean = ops.average_pool(x**norm, pool_size, strides)
    return (mean * math.prod(pool_size)) ** (1 / norm)
'''

CONNECTED = '''
class ConnectedConv(layers.Layer):
    """A convolution whose filters each see only some of the input maps."""

    def __init__(self, connections, kernel_size, **options):
        super().__init__()
        self.connections = connections
        self.filters = [layers.Conv2D(1, kernel_size, **options) for _ in connections]

    def build(self, shape):
        for conv, maps in zip(self.filters, self.connections):
            conv.build((shape[0], len(maps), *shape[2:]))

    def call(self, x):
        pairs = zip(self.filters, self.connections)
        return ops.concatenate([conv(ops.take(x, maps, axis=1)) for conv, maps in pairs], axis=1)
'''

SUBSAMPLE = '''
class Subsample(layers.Layer):
    """Add up each window, then scale and shift each map by numbers that are learnt."""

    def __init__(self, pool_size, strides=None):
        super().__init__()
        self.pool_size = pool_size
        self.strides = strides or pool_size

    def build(self, shape):
        sizes = (shape[1], *(1 for _ in shape[2:]))
        self.coefficient = self.add_weight(shape=sizes, initializer="ones")
        self.bias = self.add_weight(shape=sizes, initializer="zeros")

    def call(self, x):
        total = ops.average_pool(x, self.pool_size, self.strides) * math.prod(self.pool_size)
        return self.coefficient * total + self.bias
'''

RBF = '''
class RBF(layers.Layer):
    """Measure the squared distance to each of some patterns, which are fixed and not learnt."""

    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, shape):
        sizes = (self.units, shape[-1])
        self.pattern = self.add_weight(shape=sizes, initializer="uniform", trainable=False)

    def call(self, x):
        return ops.sum((x[:, None] - self.pattern) ** 2, axis=2)
'''

AFFINE = '''
class Affine(layers.Layer):
    """Multiply by a learnt number and add another, one of each along an axis."""

    def __init__(self, axis, scale=True, shift=True):
        super().__init__()
        self.axis = axis
        self.has_scale = scale
        self.has_shift = shift

    def build(self, shape):
        sizes = (shape[self.axis], *(1 for _ in shape[self.axis + 1 :]))
        if self.has_scale:
            self.scale = self.add_weight(shape=sizes, initializer="ones")
        if self.has_shift:
            self.shift = self.add_weight(shape=sizes, initializer="zeros")

    def call(self, x):
        x = x * self.scale if self.has_scale else x
        return x + self.shift if self.has_shift else x
'''

LEARNT = '''
class Learnt(layers.Layer):
    """A tensor by itself, the same whatever the input."""

    def __init__(self, shape, trainable=True):
        super().__init__()
        self.value = self.add_weight(shape=shape, initializer="zeros", trainable=trainable)

    def call(self, x):
        return ops.convert_to_tensor(self.value)
'''

RELATIVE_BIAS = '''
class RelativeBias(layers.Layer):
    """Look up, for each two positions of a window, the bias that a table holds for how far apart they are."""

    def __init__(self, window):
        super().__init__()
        self.window = window

    def build(self, shape):
        sizes = (math.prod(self.window),) * 2
        self.index = self.add_weight(
            shape=sizes, initializer=self.numbers, dtype="int32", trainable=False
        )

    def numbers(self, shape, dtype):
        places = ops.meshgrid(*(ops.arange(width, dtype=dtype) for width in self.window), indexing="ij")
        index = ops.zeros(shape, dtype)
        for place, width in zip(places, self.window):
            place = ops.reshape(place, (-1,))
            index = index * (2 * width - 1) + place[:, None] - place + width - 1
        return index

    def call(self, x):
        return ops.take(x, self.index, axis=1)
'''

WINDOW_MASK = '''
def window_mask(size, window, shift, between):
    """Return -100 for each two positions that only a shift has put into one window, else 0."""
    regions = ops.zeros(())
    for n, by in zip(size, shift):
        regions = 2 * regions[..., None] + ops.cast(ops.arange(n) >= n - by, "float32")
    cut = [part for n, width in zip(size, window) for part in (n // width, width)]
    order = (*range(0, len(cut), 2), *range(1, len(cut), 2))
    regions = ops.transpose(ops.reshape(regions, cut), order)
    regions = ops.reshape(regions, (-1, *(1 for _ in range(between)), math.prod(window)))
    return -100.0 * ops.cast(regions[..., None] != regions[..., None, :], "float32")
'''

LOG_DISTANCES = '''
class LogDistances(layers.Layer):
    """How far apart two positions of a window can be, on a logarithmic scale, a row a distance."""

    def __init__(self, window):
        super().__init__()
        self.window = window
        sizes = (1, math.prod(2 * width - 1 for width in window), len(window))
        self.value = self.add_weight(shape=sizes, initializer=self.numbers, trainable=False)

    def numbers(self, shape, dtype):
        axes = [ops.arange(1 - width, width, dtype=dtype) / (width - 1) for width in self.window]
        apart = ops.stack([ops.reshape(each, (-1,)) for each in ops.meshgrid(*axes, indexing="ij")], axis=-1)
        return (ops.sign(apart) * ops.log2(1 + 8 * ops.abs(apart)) / 3)[None]

    def call(self, x):
        return ops.convert_to_tensor(self.value)
'''

ZERO_BIAS_DENSE = '''
class ZeroBiasDense(layers.Dense):
    """A fully connected layer whose bias is 0 for some outputs, whatever is learnt."""

    def __init__(self, units, start, stop):
        super().__init__(units)
        self.start = start
        self.stop = stop

    def call(self, x):
        number = ops.arange(self.units)
        learns = ops.logical_or(number < self.start, number >= self.stop)
        return ops.matmul(x, self.kernel) + ops.where(learns, self.bias, 0.0)
'''

HELPERS = {
    "Learnt": LEARNT,
    "ZeroBiasDense": ZERO_BIAS_DENSE,
    "LogDistances": LOG_DISTANCES,
    "local_response_norm": LOCAL_RESPONSE_NORM,
    "channel_shuffle": CHANNEL_SHUFFLE,
    "average_inside": AVERAGE_INSIDE,
    "lp_pool": LP_POOL,
    "ConnectedConv": CONNECTED,
    "Subsample": SUBSAMPLE,
    "RBF": RBF,
    "Affine": AFFINE,
    "RelativeBias": RELATIVE_BIAS,
    "window_mask": WINDOW_MASK,
}
"""Each by its name; a module holds those that its code names."""
