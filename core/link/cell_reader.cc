#include "core/link/cell_reader.h"

#include <cstddef>
#include <string>

namespace cairn {
namespace {

// Whether a number is a multiple of another, without a division for those that
// have 32 bits: Lemire, Kaser, Kurz, "Faster remainder by direct computation",
// 2019, section 3.2.
class MultipleOf {
 public:
  explicit MultipleOf(int64_t base)
      : base_(base), step_(UINT64_MAX / static_cast<uint64_t>(base) + 1) {}

  bool operator()(int64_t number) const {
    const bool small = (number | base_) >> 32 == 0 && base_ > 1;
    return small ? step_ * static_cast<uint64_t>(number) <= step_ - 1
                 : number % base_ == 0;
  }

 private:
  const int64_t base_;
  const uint64_t step_;
};

// Walks the cells of a table message in order and hands out its columns.
class CellReader {
 public:
  // `base`: what its numbers are multiples of, at least 1.
  CellReader(const v1::ProtectedTable& message, int64_t base,
             const DisclosurePolicy& policy)
      : message_(message),
        policy_(policy),
        base_(base),
        fits_(base),
        is_sum_(message.base() != 0),
        values_(message.value().data()),
        value_count_(message.value_size()),
        bound_count_(message.bound_low_size()) {}

  absl::StatusOr<std::vector<Cell>> Read(int64_t clip) {
    const std::string& states = message_.state();
    std::vector<Cell> cells(states.size());
    const Cell hidden = SuppressedCell(policy_.zeros_shown ? 1 : 0,
                                       policy_.largest_hidden_count * clip);
    if (message_.bound_high_size() != bound_count_)
      return absl::InvalidArgumentError(kNoBound);
    for (size_t i = 0; i < cells.size(); ++i) {
      const char* const wrong = states[i] == kShown
                                    ? NextShown(&cells[i])
                                    : NextOther(states[i], hidden, &cells[i]);
      if (wrong != nullptr) return absl::InvalidArgumentError(wrong);
    }
    if (value_ != value_count_ || bound_ != bound_count_) {
      return absl::InvalidArgumentError(
          "the table carries more numbers than cells");
    }
    return cells;
  }

 private:
  static constexpr char kNoBound[] = "the table lacks a bound";
  static constexpr char kNoNumber[] = "the table lacks a number";
  static constexpr char kNotOfRule[] =
      "the table has a number that the rule cannot give";

  // Each: what is wrong with the cell, or null.
  const char* NextOther(char state, const Cell& hidden, Cell* cell) {
    switch (state) {
      case kRange:
        *cell = hidden;
        return nullptr;
      case kBounds:
        return NextBounds(CellStatus::kSuppressed, cell);
      case kBoundedSum:
        if (!message_.worked_out()) break;
        return NextBounds(CellStatus::kBounded, cell);
      case kShownSum:
        if (!message_.worked_out()) break;
        return NextShownSum(cell);
      case kStructuralZero:
        *cell = PublishedCell(0, 0, 0);
        return nullptr;
      default:
        break;
    }
    return "the table has a cell of an unknown kind";
  }

  const char* NextBounds(CellStatus status, Cell* cell) {
    if (bound_ >= bound_count_) return kNoBound;
    const int64_t low = message_.bound_low(bound_);
    const int64_t high = message_.bound_high(bound_++);
    if (low < 0 || low > kMaxFigure || high > kMaxFigure || high < -1 ||
        (high >= 0 && high < low)) {
      return "the table has a bound that cannot be";
    }
    *cell = Cell{status, 0, low, high < 0 ? kNoLimit : high};
    return nullptr;
  }

  // Whether a number can be under the rule's rounding.
  bool Fits(int64_t value) const {
    return value >= 0 && value <= kMaxFigure && fits_(value);
  }

  const char* NextShownSum(Cell* cell) {
    if (value_ >= value_count_) return kNoNumber;
    const char* const wrong = NextBounds(CellStatus::kPublished, cell);
    if (wrong != nullptr) return wrong;
    cell->value = values_[value_++];
    return Fits(cell->value) && cell->value >= cell->low &&
                   cell->value <= cell->high
               ? nullptr
               : kNotOfRule;
  }

  const char* NextShown(Cell* cell) {
    if (value_ >= value_count_) return kNoNumber;
    const int64_t value = values_[value_++];
    if (!Fits(value)) return kNotOfRule;
    const Bin bin = BinOf(value, base_);
    // A sum has a base of its own, and no noise.
    if (is_sum_) {
      *cell = PublishedCell(value, bin.low, bin.high);
      return nullptr;
    }
    // A shown zero is exact, but for the noise.
    if (!(value == 0 && policy_.zeros_shown) &&
        bin.low <= policy_.largest_hidden_count) {
      return "the table shows a number that the rule hides";
    }
    const Bin truth = NoisyBin(value, policy_);
    *cell = PublishedCell(value, truth.low, truth.high);
    return nullptr;
  }

  const v1::ProtectedTable& message_;
  const DisclosurePolicy& policy_;
  const int64_t base_;
  const MultipleOf fits_;
  const bool is_sum_;
  const int64_t* const values_;
  const int value_count_, bound_count_;
  int value_ = 0;
  int bound_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<Cell>> ReadCells(const v1::ProtectedTable& message,
                                            int64_t base,
                                            const DisclosurePolicy& policy,
                                            int64_t clip) {
  return CellReader(message, base, policy).Read(clip);
}

}  // namespace cairn
