"""A thousand kills under load: nothing lost, nothing twice, and quickly back."""

import random

import figures
import ledger

BACK_WITHIN = 5  # seconds, from the kill to the next whole answer


def run(options):
    dice = random.Random(options.seed)
    world = ledger.World()
    try:
        found, took = world.kills(options.number, dice)
        answers = len(world.acknowledged)
        found += ledger.blind_to(world)
    finally:
        for name in ledger.NODES:
            world.kill(name)
        world.partners.close()
    if not answers:
        found.append("no answer was given: nothing was tested")
    kinds = {"the agent": [], "the coordinator": [], "both": []}
    for names, seconds in took:
        kind = "both" if len(names) == 2 else (
            "the agent" if ledger.AGENCY in names else "the coordinator")
        kinds[kind].append(seconds)
        if seconds > BACK_WITHIN:
            found.append(f"after a kill of {kind} no question was answered for "
                         f"{seconds:.1f} s")
    counts = {name: sum(name in names for names, _ in took) for name in ledger.NODES}
    back = "; ".join(f"{kind} {len(seconds)} times: {figures.spread(seconds)}"
                     for kind, seconds in kinds.items())
    return figures.ended(
        "kills", f"seed {options.seed}, {sum(counts.values())} kills, "
        f"{counts[ledger.AGENCY]} of them of the agent, {answers} answers given, "
        f"back after killing {back}", found)
