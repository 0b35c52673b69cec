#!/usr/bin/env python3
"""Draws how a cost grows, both ways in powers of ten, as SVG.

usage: plot.py FILE.tsv > FILE.svg
FILE.tsv: lines that begin with # say title, x and y (`# title: ...`); then a header,
x first, and a row of numbers for each x. An empty place is left out. Figures are those
of docs/performance.md. Plain SVG, no script, readable without colours: each line has
its name at its end.
"""

import math
import sys
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 420, 70, 230, 44, 52
COLOURS = ("#00429d", "#93003a", "#4d7c0f", "#b45309", "#5b21b6", "#475569")


def read(path):
    words, rows = {}, []
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if line.startswith("#"):
            name, _, text = line[1:].partition(":")
            words[name.strip()] = text.strip()
        elif line:
            rows.append(line.split("\t"))
    return words, rows[0], [[float(cell) if cell else None for cell in row] for row in rows[1:]]


def power(n):
    """1,000 for people; small ones as they are."""
    return f"{10 ** n:,}" if n >= 0 else f"{10.0 ** n:.{-n}f}"


def draw(words, header, rows):
    xs = [row[0] for row in rows]
    ys = [cell for row in rows for cell in row[1:] if cell is not None]
    low_x, high_x = math.floor(math.log10(min(xs))), math.ceil(math.log10(max(xs)))
    low_y, high_y = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
    across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(x, y):
        return (LEFT + across * (math.log10(x) - low_x) / (high_x - low_x),
                TOP + down * (high_y - math.log10(y)) / (high_y - low_y))

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           f'font-family="sans-serif" font-size="12" fill="#222">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
           f'<text x="{LEFT}" y="24" font-size="15">{escape(words["title"])}</text>',
           f'<text x="{LEFT + across / 2:.0f}" y="{HEIGHT - 12}" text-anchor="middle">'
           f'{escape(words["x"])}</text>',
           f'<text transform="translate(16 {TOP + down / 2:.0f}) rotate(-90)" '
           f'text-anchor="middle">{escape(words["y"])}</text>']
    for n in range(low_y, high_y + 1):
        _, y = place(xs[0], 10.0 ** n)
        out.append(f'<path d="M{LEFT} {y:.1f}h{across}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{power(n)}</text>')
    for n in range(low_x, high_x + 1):
        x, _ = place(10.0 ** n, ys[0])
        out.append(f'<path d="M{x:.1f} {TOP}v{down}" stroke="#ddd"/>'
                   f'<text x="{x:.1f}" y="{TOP + down + 18}" text-anchor="middle">'
                   f'{power(n)}</text>')
    ends = []
    for i, name in enumerate(header[1:], 1):
        points = [place(row[0], row[i]) for row in rows if row[i] is not None]
        colour = COLOURS[(i - 1) % len(COLOURS)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" '
                   f'stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
                for x, y in points]
        ends.append([points[-1][1], points[-1][0], name, colour])
    below = -100.0
    for y, x, name, colour in sorted(ends):
        below = max(y + 4, below + 15)  # names that would lie on each other
        out.append(f'<text x="{x + 10:.1f}" y="{below:.1f}" fill="{colour}">'
                   f'{escape(name)}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__.strip())
        sys.exit(0 if sys.argv[1:] in (["-h"], ["--help"]) else 2)
    sys.stdout.write(draw(*read(sys.argv[1])))
