#ifndef CAIRN_CORE_DISCLOSURE_PROOF_MADE_H_
#define CAIRN_CORE_DISCLOSURE_PROOF_MADE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "core/disclosure/cell_system.h"
#include "core/disclosure/suppress.h"
#include "core/query/table.h"

namespace cairn {

// What the proof of a release came to, for the steward's receipt; it never
// travels (core/disclosure/receipt.h says why).
struct ProofMade {
  // Of the system that the table was protected in, unseen and pinned cells too.
  int64_t cells = 0;
  int64_t sums = 0;
  int64_t pinned_tables = 0;
  int64_t certificates = 0;
  // Cells that have to keep a range, by what showed that they do: tables of
  // whole numbers, or of fractions (large systems), or that what is shown now
  // tells no more of them than what was told before (NarrowBefore).
  int64_t sensitive = 0;
  int64_t certified = 0;
  int64_t by_fractions = 0;
  int64_t held_as_before = 0;
  // ShownPermille of the true figures.
  std::optional<int64_t> shown_permille;
};

// All but pinned_tables and shown_permille.
ProofMade SummariseProof(const CellSystem& system,
                         const std::vector<SuppressionCell>& cells,
                         const Suppression& suppression);

// What the shown cells of a table that are no margin add up to, of a total: in
// thousandths, rounded down, 0 to 1000. `shown`: by cell, its figure if it is
// shown, else 0. None where the total is 0, or cells do not add up: `additive`
// is false (distinct persons), or a variable has several values.
std::optional<int64_t> ShownPermille(const TableShape& shape, bool additive,
                                     const std::vector<int64_t>& shown,
                                     int64_t total);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_PROOF_MADE_H_
