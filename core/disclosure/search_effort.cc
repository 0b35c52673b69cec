#include "core/disclosure/search_effort.h"

#include <algorithm>

namespace cairn {
namespace {

// A second, and one for every 10,000 cells.
constexpr int64_t kSteps = 200'000'000;
constexpr int64_t kStepsACell = 30'000;

// In systems of fewer cells one try within what is public does, in others two:
// the search with complements finds what needs none, too.
constexpr int kFewCells = 5'000;
// In systems of so many cells a few tries for each leave steps for all of them:
// what is left over is proved by hiding, which hides most.
constexpr int kManyCells = 75'000;
// Ahead of time, from so many cells on, much is found among the records only.
constexpr int kManyCellsAhead = 20'000;

// The first bring most of what rounds bring.
constexpr int kRounds = 3;

// A few tries for each end here too, as one that is not proved before the steps
// run out hides all: with five times as many, plans of 10,000 cells came out
// blank.
SearchEffort AheadOfTime(int cells) {
  const int64_t steps = kSteps + kStepsACell * cells;
  SearchEffort effort;
  effort.free_tries = 2;
  effort.paid_tries = 6;
  effort.resumes = true;
  effort.steps = 10 * steps;
  effort.record_steps = steps;
  if (cells < kManyCellsAhead) return effort;
  effort.steps = 4 * steps;
  effort.record_steps = 3 * steps;
  effort.prunes_by_records = true;
  return effort;
}

}  // namespace

SearchEffort EffortFor(int cells, const SuppressionOptions& options) {
  SearchEffort effort;
  if (options.thorough) {
    effort = AheadOfTime(cells);
  } else {
    effort.free_tries = cells < kFewCells ? 1 : 2;
    effort.paid_tries = cells < kManyCells ? 10 : 3;
    effort.last_tries = 10;
    effort.steps = kSteps + kStepsACell * cells;
  }
  const int64_t part = std::max<int64_t>(1, options.part);
  effort.steps /= part;
  effort.record_steps /= part;
  effort.hiding_steps = (kSteps + kStepsACell * cells) / part;
  switch (options.pruning) {
    case SuppressionOptions::Pruning::kNone:
      effort.prune_part = 0;
      break;
    case SuppressionOptions::Pruning::kOnce:
      effort.prune_part = cells < kManyCells ? 2 : 8;
      break;
    case SuppressionOptions::Pruning::kInRounds:
      effort.resumes = true;
      effort.rounds = kRounds;
      break;
  }
  return effort;
}

}  // namespace cairn
