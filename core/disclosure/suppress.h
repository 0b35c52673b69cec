#ifndef CAIRN_CORE_DISCLOSURE_SUPPRESS_H_
#define CAIRN_CORE_DISCLOSURE_SUPPRESS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/disclosure/cell_system.h"
#include "core/disclosure/certificate_search.h"

namespace cairn {

// Secondary cell suppression (Handbook on SDC, section 4.3; Fischetti and
// Salazar 2001): which further cells are to be hidden, so that nobody can
// narrow the sensitive ones. Intervals, not only exact values, and over any
// system of sums: hierarchies, several trees, linked tables, earlier releases.

// One cell as the engine sees it.
struct SuppressionCell {
  enum class Kind : uint8_t {
    kOpen,    // shown, unless it must become a complement
    kHidden,  // hidden in any case: unsafe by itself
    kFixed,   // shown or hidden before: what is public of it does not change
    kZero,    // a zero that is shown as such: hidden where nothing else helps
    kUnseen,  // in no table: no one is told of it, but sums pass through it
    kStructural,  // a structural zero: everyone knows it, whatever is shown
  };
  Kind kind = Kind::kOpen;
  int64_t figure = 0;  // the truth, or what stands in for it (StandIn)
  // What is public of it while it is shown (its rounding bin) or as it is
  // fixed.
  Range shown;
  // What its mark says while it is hidden. Must hold the figure, as `shown`.
  Range hidden;
  // What the mark says to one who knows how marks are made, where that is more:
  // a hidden cell whose mark is not a small one's is not small. Within
  // `hidden`, and holds the figure.
  std::optional<Range> insight;
  // Sensitive: an outsider must find both keep.low and keep.high possible, or
  // figures beyond. (In between, a system without rounding may in rare cases
  // admit only the odd numbers, say.) Not sensitive: keep.low > keep.high.
  Range keep = {1, 0};
  // What hiding it loses; relative. Public attributes only, where the pattern
  // must not speak of the values.
  double cost = 1;

  // It may be one person, whatever the figure: a stand-in does not say.
  bool may_be_one = false;

  bool sensitive() const { return keep.low <= keep.high; }
};

struct SuppressionOptions {
  // Hide only what is needed to keep every sensitive cell from being exactly
  // known (two whole numbers possible) instead of its whole interval.
  bool exact_only = false;
  // How much is spent on fewer and cheaper complements.
  enum class Pruning : uint8_t {
    kNone,  // the first pattern that is found
    kOnce,  // the dearest are shown again where it is safe: half as long again
    kInRounds,  // and all is searched for several times: twenty times as long
  };
  Pruning pruning = Pruning::kOnce;
  // Search from the tables first, many times over, and among the records only
  // for what that leaves; and prune all once. For what is made ahead of time.
  bool thorough = false;
  // Take one in so many of the steps there are.
  int64_t part = 1;
};

// Every sensitive cell but the `unproved` is proved: for both ends of what it
// keeps a table of whole numbers was found that agrees with all that is public:
// with the insights too, where there is such a table (where two small cells
// alone make up a total that is not small, neither can be 0).
struct Suppression {
  // Such a table: the cells in which it differs from the truth, and their
  // figures there.
  using Certificate = std::vector<std::pair<int, int64_t>>;
  static constexpr int kNone = -1;
  static constexpr int kTruth = -2;
  // A table of real numbers was found, none of whole ones: no linear program
  // narrows the cell. Only in large systems.
  static constexpr int kFraction = -3;

  std::vector<bool> hidden;  // by cell: kHidden, and the complements
  // By cell: what is public of it under this pattern, without insights.
  std::vector<Range> known;
  // Sensitive cells for which none was found even with nothing new shown, no
  // zeros either, and no new mark saying anything: what was fixed before
  // already narrows them, or the search is not good enough.
  std::vector<int> unproved;
  std::vector<Certificate> certificates;
  // By certificate: how its records differ, where it was found among records.
  std::vector<std::vector<RecordEdit>> edits;
  // By cell: the certificates (or kTruth, kFraction, kNone) of its low and its
  // high end.
  std::vector<std::array<int, 2>> proof;
};

// What was found before under another pattern or, by its edits, in a system
// that this one grew from. What still holds of it is taken over, which hides
// less and is quicker than to search anew.
using EarlierCertificates = std::vector<CertificateSearch::Found>;
EarlierCertificates CertificatesOf(const Suppression& suppression);

// Deterministic: the same cells give the same pattern, on every machine; its
// budget is counted in steps, never in time. `search`: how certificates are
// looked for before a TableWalk does; null: by that alone.
Suppression Suppress(const CellSystem& system,
                     const std::vector<SuppressionCell>& cells,
                     const SuppressionOptions& options,
                     EarlierCertificates earlier = {},
                     CertificateSearch* search = nullptr);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_SUPPRESS_H_
