"""Classes and functions that PyTorch lacks, as they are written out in a module that uses them."""

from __future__ import annotations

CONNECTED = '''
class ConnectedConv(nn.Module):
    """A convolution whose filters each see only some of the input maps."""

    def __init__(self, connections, kernel_size, **options):
        super().__init__()
        self.connections = connections
        self.filters = nn.ModuleList(
            nn.Conv2d(len(maps), 1, kernel_size, **options) for maps in connections
        )

    def forward(self, x):
        pairs = zip(self.filters, self.connections)
        return torch.cat([conv(x[:, list(maps)]) for conv, maps in pairs], dim=1)
'''

SUBSAMPLE = '''
class Subsample(nn.Module):
    """Add up each window, then scale and shift each map by numbers that are learnt."""

    def __init__(self, channels, kernel_size, stride=None):
        super().__init__()
        self.pool = nn.AvgPool2d(kernel_size, stride, divisor_override=1)
        self.coefficient = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x):
        return self.coefficient * self.pool(x) + self.bias
'''

SCALED_TANH = '''
class ScaledTanh(nn.Module):
    """Squash each element: amplitude * tanh(slope * x)."""

    def __init__(self, amplitude=1.7159, slope=2 / 3):
        super().__init__()
        self.amplitude = amplitude
        self.slope = slope

    def forward(self, x):
        return self.amplitude * torch.tanh(self.slope * x)
'''

RBF = '''
class RBF(nn.Module):
    """Measure the squared distance to each of some patterns, which are fixed and not learnt."""

    def __init__(self, in_features, out_features):
        super().__init__()
        self.register_buffer("pattern", torch.randn(out_features, in_features).sign())

    def forward(self, x):
        return ((x[:, None] - self.pattern) ** 2).sum(dim=2)
'''

CHANNEL_NORM = '''
class ChannelNorm(nn.Module):
    """Layer normalisation over the channels at each position."""

    def __init__(self, channels, eps=1e-5, affine=True):
        super().__init__()
        self.norm = nn.LayerNorm(channels, eps=eps, elementwise_affine=affine)

    def forward(self, x):
        return self.norm(x.movedim(1, -1)).movedim(-1, 1)
'''

AFFINE = '''
class Affine(nn.Module):
    """Multiply by a learnt number and add another, one of each along an axis."""

    def __init__(self, shape, scale=True, shift=True):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape)) if scale else 1
        self.bias = nn.Parameter(torch.zeros(shape)) if shift else 0

    def forward(self, x):
        return x * self.weight + self.bias
'''

DEPTH_TO_SPACE = '''
def depth_to_space(x, block):
    """Lay the channels of a position out as a block of positions; those of one place belong together."""
    n, c, h, w = x.shape
    x = x.reshape(n, block, block, c // block**2, h, w).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(n, c // block**2, h * block, w * block)
'''

SPACE_TO_DEPTH = '''
def space_to_depth(x, block):
    """Lay a block of positions out as channels of one."""
    n, c, h, w = x.shape
    x = x.reshape(n, c, h // block, block, w // block, block).permute(0, 3, 5, 1, 2, 4)
    return x.reshape(n, c * block**2, h // block, w // block)
'''

RELATIVE_BIAS = '''
class RelativeBias(nn.Module):
    """Look up, for each two positions of a window, the bias that a table holds for how far apart they are."""

    def __init__(self, window):
        super().__init__()
        places = torch.cartesian_prod(*map(torch.arange, window)).reshape(-1, len(window))
        index = 0
        for axis, apart in enumerate((places[:, None] - places).unbind(-1)):
            index = index * (2 * window[axis] - 1) + apart + window[axis] - 1
        self.register_buffer("index", index)

    def forward(self, x):
        return x[:, self.index]
'''

ADD_WINDOW_MASK = '''
def add_window_mask(x, size, window, shift):
    """Take 100 off the scores of positions that only a shift has put into one window."""
    regions = torch.zeros((), device=x.device)
    for n, by in zip(size, shift):
        regions = 2 * regions[..., None] + (torch.arange(n, device=x.device) >= n - by)
    cut = [part for n, width in zip(size, window) for part in (n // width, width)]
    order = (*range(0, len(cut), 2), *range(1, len(cut), 2))
    regions = regions.reshape(cut).permute(order).flatten(len(size)).flatten(0, -2)
    mask = -100.0 * (regions[:, :, None] != regions[:, None])
    return x + mask.to(x.dtype).reshape(len(mask), *(1 for _ in x.shape[2:-2]), *mask.shape[1:])
'''

LOG_DISTANCES = '''
def log_distances(window):
    """Return how far apart two positions of a window can be, on a logarithmic scale, a row a distance."""
    axes = [torch.arange(1 - width, width) / (width - 1) for width in window]
    apart = torch.cartesian_prod(*axes).reshape(1, -1, len(window))
    return apart.sign() * (1 + 8 * apart.abs()).log2() / 3
'''

ZERO_BIAS_LINEAR = '''
class ZeroBiasLinear(nn.Linear):
    """A fully connected layer whose bias is 0 for some outputs, whatever is learnt."""

    def __init__(self, in_features, out_features, start, stop):
        super().__init__(in_features, out_features)
        self.zeros = slice(start, stop)

    def forward(self, x):
        bias = self.bias.clone()
        bias[self.zeros] = 0
        return nn.functional.linear(x, self.weight, bias)
'''

HELPERS = {
    "Affine": AFFINE,
    "depth_to_space": DEPTH_TO_SPACE,
    "space_to_depth": SPACE_TO_DEPTH,
    "ConnectedConv": CONNECTED,
    "Subsample": SUBSAMPLE,
    "ScaledTanh": SCALED_TANH,
    "RBF": RBF,
    "ChannelNorm": CHANNEL_NORM,
    "RelativeBias": RELATIVE_BIAS,
    "ZeroBiasLinear": ZERO_BIAS_LINEAR,
    "log_distances": LOG_DISTANCES,
    "add_window_mask": ADD_WINDOW_MASK,
}
"""Each by its name; a module holds those that its code names."""
