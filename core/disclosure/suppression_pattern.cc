#include "core/disclosure/suppression_pattern.h"

#include <algorithm>

namespace cairn {

using Kind = SuppressionCell::Kind;

SuppressionPattern::SuppressionPattern(
    const std::vector<SuppressionCell>& cells)
    : cells_(&cells), blank_(cells.size(), Blank::kNo) {
  hidden_.reserve(cells.size());
  for (const SuppressionCell& cell : cells) {
    hidden_.push_back(cell.kind == Kind::kHidden);
  }
}

bool SuppressionPattern::MayHide(int cell) const {
  return (*cells_)[cell].kind == Kind::kOpen && !hidden_[cell] &&
         BlankOf(cell) == Blank::kNo;
}

bool SuppressionPattern::IsComplement(int cell) const {
  return (*cells_)[cell].kind == Kind::kOpen && hidden_[cell] &&
         blank_[cell] == Blank::kNo;
}

Range SuppressionPattern::Known(int cell) const {
  const SuppressionCell& what = (*cells_)[cell];
  const Blank blank = BlankOf(cell);
  if (blank == Blank::kWhole) return Range();
  if (blank == Blank::kMark) return {what.hidden.low, kNoLimit};
  switch (what.kind) {
    case Kind::kOpen:
      return hidden_[cell] ? what.hidden : what.shown;
    case Kind::kHidden:
      return what.hidden;
    case Kind::kFixed:
    case Kind::kZero:
    case Kind::kStructural:
      return what.shown;
    case Kind::kUnseen:
      return what.hidden;
  }
  return {};
}

// How much of a new cell's mark says nothing, by itself or by what is being
// tried.
SuppressionPattern::Blank SuppressionPattern::BlankOf(int cell) const {
  const Kind kind = (*cells_)[cell].kind;
  const bool is_new = kind == Kind::kOpen || kind == Kind::kHidden;
  if (!is_new && kind != Kind::kZero) return Blank::kNo;
  if (trying_ == Trying::kNoZeros) return Blank::kWhole;
  const bool unmarked = trying_ == Trying::kNothingShown ||
                        (trying_ == Trying::kNoMarks && kind == Kind::kHidden);
  return std::max(is_new && unmarked ? Blank::kMark : Blank::kNo, blank_[cell]);
}

Range SuppressionPattern::Told(int cell) const {
  const SuppressionCell& what = (*cells_)[cell];
  const bool insight = insights_ && hidden_[cell] &&
                       BlankOf(cell) == Blank::kNo && what.insight.has_value();
  return insight ? *what.insight : Known(cell);
}

Range SuppressionPattern::ToldIfHidden(int cell) const {
  if (!MayHide(cell)) return Told(cell);
  const SuppressionCell& what = (*cells_)[cell];
  return insights_ ? what.insight.value_or(what.hidden) : what.hidden;
}

void SuppressionPattern::HideFor(const Suppression::Certificate& certificate) {
  for (const auto& [cell, figure] : certificate) {
    if (Known(cell).Holds(figure)) continue;
    const Kind kind = (*cells_)[cell].kind;
    if (kind == Kind::kOpen || kind == Kind::kZero) hidden_[cell] = true;
    for (const Blank blank : {Blank::kMark, Blank::kWhole}) {
      if (!Known(cell).Holds(figure)) blank_[cell] = blank;
    }
  }
}

double SuppressionPattern::Cost() const {
  double cost = 0;
  for (size_t i = 0; i < hidden_.size(); ++i) {
    const SuppressionCell& what = (*cells_)[i];
    const bool must = what.kind == Kind::kHidden;
    if (hidden_[i] && !must) cost += what.cost;
  }
  return cost;
}

}  // namespace cairn
