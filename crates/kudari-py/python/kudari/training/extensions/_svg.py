"""Line charts as SVG, drawn without any library."""

import html
import math

COLORS = ("#1f77b4", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#66a61e")
_WIDTH, _HEIGHT = 560, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 12, 40


def line_chart(series, x_label):
    """An SVG chart. `series` maps names to lists of points (x, y); points that are not finite are left out."""
    series = {name: [p for p in points if all(map(math.isfinite, p))] for name, points in series.items()}
    points = [point for line in series.values() for point in line]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        'font-family="sans-serif" font-size="11" role="img">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    if points:
        x_range = _range([x for x, _ in points])
        y_range = _range([y for _, y in points])
        parts += _grid(x_range, y_range)
        for i, line in enumerate(series.values()):
            parts += _line(line, x_range, y_range, COLORS[i % len(COLORS)])
    parts += _legend(series)
    parts.append(
        f'<text x="{(_LEFT + _WIDTH) / 2:.0f}" y="{_HEIGHT - 22}" text-anchor="middle">'
        f"{html.escape(x_label)}</text>"
    )
    return "".join(parts) + "</svg>"


def _range(values):
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return low, high


def _x(value, x_range):
    low, high = x_range
    return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)


def _y(value, y_range):
    low, high = y_range
    return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)


def _ticks(value_range):
    """About five round numbers inside the range."""
    low, high = value_range
    step = 10 ** math.floor(math.log10((high - low) / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= 5)
    first = math.ceil(low / step)
    return [k * step for k in range(first, math.floor(high / step) + 1)]


def _grid(x_range, y_range):
    parts = []
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    for tick in _ticks(x_range):
        x = _x(tick, x_range)
        parts.append(f'<path d="M{x:.1f} {_TOP}V{bottom}" stroke="#e4e4e4"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{bottom + 13}" text-anchor="middle" fill="#555555">{tick:.4g}</text>'
        )
    for tick in _ticks(y_range):
        y = _y(tick, y_range)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="#e4e4e4"/>')
        parts.append(
            f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end" fill="#555555">{tick:.4g}</text>'
        )
    return parts


def _line(points, x_range, y_range, color):
    places = [(_x(x, x_range), _y(y, y_range)) for x, y in points]
    parts = []
    if len(places) > 1:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.6"/>')
    if len(places) <= 60:
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{color}"/>' for x, y in places]
    return parts


def _legend(series):
    parts, x = [], _LEFT
    for i, (name, points) in enumerate(series.items()):
        text = f"{name}  {points[-1][1]:.4g}" if points else name
        parts.append(
            f'<rect x="{x}" y="{_HEIGHT - 13}" width="9" height="9" fill="{COLORS[i % len(COLORS)]}"/>'
        )
        parts.append(f'<text x="{x + 13}" y="{_HEIGHT - 5}">{html.escape(text)}</text>')
        x += 30 + 6 * len(text)
    return parts
