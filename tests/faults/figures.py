"""What the long runs print."""

import os


def quantile(values, share):
    """The smallest value that at least that share of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def spread(values):
    """Of seconds, in a few words."""
    if not values:
        return "none"
    return (f"median {quantile(values, 0.5):.2f}, p90 {quantile(values, 0.9):.2f}, "
            f"p99 {quantile(values, 0.99):.2f}, most {max(values):.2f} s")


def machine():
    """The load that others and we make, and its cores: a figure hangs on both."""
    return (f"load {' '.join(f'{load:.1f}' for load in os.getloadavg())} "
            f"on {os.cpu_count()} cores")


def ended(name, figures, found):
    """Prints a run's line and what is wrong; the exit code."""
    for sentence in list(dict.fromkeys(found))[:20]:
        print(f"{name}: {sentence}", flush=True)
    print(f"{name}: {figures}; {machine()}; {len(found)} findings", flush=True)
    return 1 if found else 0
