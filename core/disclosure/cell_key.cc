#include "core/disclosure/cell_key.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

constexpr size_t kMaxRows = 1001;
constexpr int64_t kMaxNoise = 50;
constexpr double kSumTolerance = 1e-6;
constexpr double kBiasTolerance = 1e-3;
constexpr int kMaxNewtonSteps = 200;
constexpr double kSolved = 1e-13;

// The distribution of the most entropy on some whole numbers, with mean 0 and a
// given second moment: p(v) ~ exp(a v + b v^2). a and b are the multipliers of
// the two moments, and minimise log Z(a, b) - b * second moment, which is
// convex: Newton's method finds them.
class MaximumEntropy {
 public:
  // Scaled to at most 1, so that one tolerance fits all ranges.
  MaximumEntropy(const std::vector<int64_t>& support, double scale)
      : scale_(scale), probability_(support.size()) {
    for (const int64_t v : support) {
      x_.push_back(static_cast<double>(v) / scale);
    }
  }

  // With b fixed at 0: the most uncertain of all unbiased noise.
  void SolveForMean() { Solve(0, /*with_square=*/false); }
  void SolveForVariance(double variance) {
    Solve(variance / (scale_ * scale_), /*with_square=*/true);
  }

  const std::vector<double>& probability() const { return probability_; }
  double variance() const { return moment_[1] * scale_ * scale_; }

 private:
  // Moments of x of order 1 to 4, probabilities, and the dual value.
  double Evaluate(double a, double b, double second) {
    double highest = -std::numeric_limits<double>::infinity();
    for (const double x : x_) highest = std::max(highest, a * x + b * x * x);
    double sum = 0;
    for (size_t i = 0; i < x_.size(); ++i) {
      probability_[i] = std::exp(a * x_[i] + b * x_[i] * x_[i] - highest);
      sum += probability_[i];
    }
    for (double& moment : moment_) moment = 0;
    for (size_t i = 0; i < x_.size(); ++i) {
      probability_[i] /= sum;
      double power = probability_[i];
      for (double& moment : moment_) moment += power *= x_[i];
    }
    return highest + std::log(sum) - b * second;
  }

  void Solve(double second, bool with_square) {
    double value = Evaluate(a_, b_, second);
    for (int step = 0; step < kMaxNewtonSteps; ++step) {
      const double g_a = moment_[0];
      const double g_b = with_square ? moment_[1] - second : 0;
      if (std::abs(g_a) < kSolved && std::abs(g_b) < kSolved) return;
      const double aa = moment_[1] - moment_[0] * moment_[0];
      const double ab = moment_[2] - moment_[0] * moment_[1];
      const double bb = moment_[3] - moment_[1] * moment_[1];
      const double determinant = aa * bb - ab * ab;
      double d_a = -g_a / aa, d_b = 0;
      if (with_square) {
        d_a = -(bb * g_a - ab * g_b) / determinant;
        d_b = -(aa * g_b - ab * g_a) / determinant;
      }
      if (!std::isfinite(d_a) || !std::isfinite(d_b)) return;
      // Halved until the value falls, or no longer rises measurably.
      double part = 1;
      double next = Evaluate(a_ + d_a, b_ + d_b, second);
      while (!(next <= value + 1e-15 * std::abs(value)) && part > 1e-12) {
        part /= 2;
        next = Evaluate(a_ + part * d_a, b_ + part * d_b, second);
      }
      a_ += part * d_a;
      b_ += part * d_b;
      value = next;
    }
  }

  const double scale_;
  std::vector<double> x_;
  std::vector<double> probability_;
  double moment_[4] = {0, 0, 0, 0};
  double a_ = 0;
  double b_ = 0;
};

// By how much a count may be moved.
std::vector<int64_t> Support(int64_t count, int64_t max_noise,
                             int64_t smallest_shown) {
  std::vector<int64_t> support;
  for (int64_t v = -std::min(max_noise, count); v <= max_noise; ++v) {
    const int64_t shown = count + v;
    if (shown == 0 || shown >= smallest_shown) support.push_back(v);
  }
  return support;
}

PerturbationTable::Row RowByEntropy(int64_t count, double variance,
                                    int64_t max_noise, int64_t smallest_shown) {
  if (count == 0) return {{0, 1.0}};
  if (count < smallest_shown) {
    const auto down = static_cast<double>(count);
    const auto up = static_cast<double>(smallest_shown - count);
    if (variance <= down * up) {
      return {{-count, up / (down + up)},
              {smallest_shown - count, down / (down + up)}};
    }
  }
  const std::vector<int64_t> support =
      Support(count, max_noise, smallest_shown);
  MaximumEntropy best(support, static_cast<double>(max_noise));
  best.SolveForMean();
  if (best.variance() > variance) best.SolveForVariance(variance);
  PerturbationTable::Row row;
  for (size_t i = 0; i < support.size(); ++i) {
    row.push_back({support[i], best.probability()[i]});
  }
  return row;
}

double Mean(const PerturbationTable::Row& row) {
  double mean = 0;
  for (const auto& step : row) {
    mean += static_cast<double>(step.noise) * step.probability;
  }
  return mean;
}

std::string Label(absl::string_view what, absl::string_view data_set) {
  return absl::StrCat("cairn 1 ", what, ": ", data_set);
}

}  // namespace

absl::StatusOr<PerturbationTable> PerturbationTable::Make(
    double variance, int64_t max_noise, int64_t smallest_shown) {
  DisclosurePolicy policy;
  policy.cell_key = CellKeyNoise{variance, max_noise, smallest_shown, {}, {}};
  CAIRN_RETURN_IF_ERROR(CheckPolicy(policy));
  std::vector<Row> rows;
  // From there on a count has room for all noise.
  const int64_t last = max_noise + smallest_shown;
  for (int64_t count = 0; count <= last; ++count) {
    rows.push_back(RowByEntropy(count, variance, max_noise, smallest_shown));
  }
  return Create(std::move(rows));
}

absl::StatusOr<PerturbationTable> PerturbationTable::Create(
    std::vector<Row> rows) {
  if (rows.empty() || rows.size() > kMaxRows) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a table of noise has 1 to ", kMaxRows, " rows, not ", rows.size()));
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    CAIRN_RETURN_IF_ERROR(CheckRow(static_cast<int64_t>(i), rows[i]));
  }
  return PerturbationTable(std::move(rows));
}

absl::Status PerturbationTable::CheckRow(int64_t count, const Row& row) {
  const auto fail = [count](const std::string& what) {
    return absl::InvalidArgumentError(
        absl::StrCat("the row of count ", count, ": ", what));
  };
  std::vector<int64_t> noises;
  double sum = 0;
  for (const Step& step : row) {
    // Written so that NaN fails.
    if (!(step.probability >= 0 && step.probability <= 1)) {
      return fail(absl::StrCat("the probability of noise ", step.noise, " is ",
                               step.probability,
                               "; it must be between 0 and 1"));
    }
    if (std::abs(step.noise) > kMaxNoise) {
      return fail(
          absl::StrCat("noise ", step.noise, " is more than ", kMaxNoise));
    }
    if (count == 0 && step.noise != 0) {
      return fail(absl::StrCat("noise ", step.noise, " moves 0; 0 stays 0"));
    }
    if (count + step.noise < 0) {
      return fail(absl::StrCat("noise ", step.noise, " gives ",
                               count + step.noise, ", which is below 0"));
    }
    if (std::find(noises.begin(), noises.end(), step.noise) != noises.end()) {
      return fail(absl::StrCat("noise ", step.noise, " is there twice"));
    }
    noises.push_back(step.noise);
    sum += step.probability;
  }
  if (std::abs(sum - 1) > kSumTolerance) {
    return fail(absl::StrCat("the probabilities sum to ", sum, ", not to 1"));
  }
  if (std::abs(Mean(row)) > kBiasTolerance) {
    return fail(absl::StrCat("the mean of the noise is ", Mean(row),
                             ", not 0: figures would be biased"));
  }
  return absl::OkStatus();
}

PerturbationTable::PerturbationTable(std::vector<Row> rows)
    : rows_(std::move(rows)) {
  for (Row& row : rows_) {
    row.erase(std::remove_if(row.begin(), row.end(),
                             [](const Step& s) { return s.probability == 0; }),
              row.end());
    std::sort(row.begin(), row.end(),
              [](const Step& a, const Step& b) { return a.noise < b.noise; });
    double sum = 0;
    for (const Step& step : row) sum += step.probability;
    double cumulative = 0;
    std::vector<uint64_t> below;
    for (Step& step : row) {
      step.probability /= sum;
      max_noise_ = std::max<int64_t>(max_noise_, std::abs(step.noise));
      cumulative += step.probability;
      below.push_back(cumulative < 1
                          ? static_cast<uint64_t>(std::ldexp(cumulative, 64))
                          : std::numeric_limits<uint64_t>::max());
    }
    below.pop_back();
    below_.push_back(std::move(below));
  }
}

int64_t PerturbationTable::NoiseOf(int64_t count, uint64_t key) const {
  if (count <= 0) return 0;
  const size_t row = std::min(static_cast<size_t>(count), rows_.size() - 1);
  const std::vector<uint64_t>& below = below_[row];
  const auto step = std::upper_bound(below.begin(), below.end(), key);
  return rows_[row][static_cast<size_t>(step - below.begin())].noise;
}

double PerturbationTable::variance() const {
  double variance = 0;
  const double mean = Mean(rows_.back());
  for (const Step& step : rows_.back()) {
    const double off = static_cast<double>(step.noise) - mean;
    variance += off * off * step.probability;
  }
  return variance;
}

int64_t PerturbationTable::smallest_shown() const {
  int64_t smallest = static_cast<int64_t>(rows_.size()) + max_noise_;
  for (size_t count = 1; count < rows_.size(); ++count) {
    for (const Step& step : rows_[count]) {
      const int64_t shown = static_cast<int64_t>(count) + step.noise;
      if (shown > 0) smallest = std::min(smallest, shown);
    }
  }
  return smallest;
}

absl::StatusOr<std::shared_ptr<const PerturbationTable>> TableOf(
    const DisclosurePolicy& policy) {
  if (!policy.cell_key.has_value()) {
    return absl::InvalidArgumentError("the policy has no noise");
  }
  const CellKeyNoise& noise = *policy.cell_key;
  if (noise.loaded != nullptr) return noise.loaded;
  if (!noise.table_digest.empty()) {
    return absl::FailedPreconditionError(
        "the policy's table of noise was not read on this machine");
  }
  CAIRN_ASSIGN_OR_RETURN(
      PerturbationTable made,
      PerturbationTable::Make(noise.variance, noise.max_noise,
                              noise.smallest_shown));
  return std::make_shared<const PerturbationTable>(std::move(made));
}

std::string RecordKeySecret(absl::string_view agent_key,
                            absl::string_view data_set) {
  return HmacSha256(agent_key, Label("record key", data_set));
}

std::string CellKeySecret(absl::string_view agent_key,
                          absl::string_view data_set) {
  return HmacSha256(agent_key, Label("cell key", data_set));
}

std::string RecordKeyCheck(absl::string_view agent_key,
                           absl::string_view data_set) {
  return Hex(HmacSha256(agent_key, Label("key check", data_set))).substr(0, 16);
}

std::vector<uint64_t> CellKeys(const std::vector<uint64_t>& sums,
                               absl::string_view secret) {
  const Pseudonymiser keyed(secret);
  std::vector<uint64_t> keys;
  keys.reserve(sums.size());
  for (const uint64_t sum : sums) {
    char bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(sum >> (8 * i));
    keys.push_back(keyed.Bits(absl::string_view(bytes, sizeof(bytes))));
  }
  return keys;
}

absl::StatusOr<std::vector<int64_t>> PerturbFigures(
    const std::vector<int64_t>& figures, const std::vector<uint64_t>& keys,
    const DisclosurePolicy& policy, absl::string_view secret) {
  if (keys.size() != figures.size()) {
    return absl::InvalidArgumentError("the table has no keys of its cells");
  }
  CAIRN_ASSIGN_OR_RETURN(const auto table, TableOf(policy));
  const std::vector<uint64_t> cell_keys = CellKeys(keys, secret);
  std::vector<int64_t> noisy(figures.size());
  for (size_t cell = 0; cell < figures.size(); ++cell) {
    noisy[cell] =
        figures[cell] + table->NoiseOf(figures[cell], cell_keys[cell]);
  }
  return noisy;
}

absl::StatusOr<std::vector<int64_t>> PerturbCounts(
    const FrequencyTable& table, const DisclosurePolicy& policy,
    absl::string_view secret) {
  return PerturbFigures(table.counts, table.keys, policy, secret);
}

}  // namespace cairn
