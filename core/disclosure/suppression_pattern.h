#ifndef CAIRN_CORE_DISCLOSURE_SUPPRESSION_PATTERN_H_
#define CAIRN_CORE_DISCLOSURE_SUPPRESSION_PATTERN_H_

#include <cstdint>
#include <vector>

#include "core/disclosure/cell_system.h"
#include "core/disclosure/suppress.h"

namespace cairn {

// Which cells are hidden, and what is public of each then. A value: a copy is
// a pattern to come back to.
class SuppressionPattern {
 public:
  // What is taken to be public of new cells while tables are looked for.
  enum class Trying : uint8_t { kAsItIs, kNoMarks, kNothingShown, kNoZeros };

  // At first what must be hidden is, and one reckons with the insights.
  // `cells` must outlive it.
  explicit SuppressionPattern(const std::vector<SuppressionCell>& cells);

  const std::vector<bool>& hidden() const { return hidden_; }
  bool hidden(int cell) const { return hidden_[cell]; }
  void SetHidden(int cell, bool hidden) { hidden_[cell] = hidden; }
  // It is shown, and may become a complement.
  bool MayHide(int cell) const;
  // Hidden, but not in any case, and its mark says what a mark says.
  bool IsComplement(int cell) const;

  // What is public of a cell, and what would be if it were hidden.
  Range Known(int cell) const;
  // The same with the insights, while these are asked for.
  Range Told(int cell) const;
  Range ToldIfHidden(int cell) const;

  bool insights() const { return insights_; }
  void SetInsights(bool insights) { insights_ = insights; }
  void Try(Trying trying) { trying_ = trying; }

  // Hides what a certificate changes, and lets marks say nothing, as much as it
  // takes for the certificate to hold.
  void HideFor(const Suppression::Certificate& certificate);

  // What all that is hidden, though it need not be, costs.
  double Cost() const;

 private:
  // How much of a cell's mark says nothing: its upper end; both, and with them
  // whether it is a zero.
  enum class Blank : uint8_t { kNo, kMark, kWhole };

  Blank BlankOf(int cell) const;

  const std::vector<SuppressionCell>* cells_;
  std::vector<bool> hidden_;
  std::vector<Blank> blank_;  // by cell, by itself
  Trying trying_ = Trying::kAsItIs;
  bool insights_ = true;
};

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_SUPPRESSION_PATTERN_H_
