#ifndef CAIRN_CORE_DISCLOSURE_STAND_IN_H_
#define CAIRN_CORE_DISCLOSURE_STAND_IN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "core/disclosure/linked_tables.h"
#include "core/disclosure/microdata.h"
#include "core/disclosure/suppress.h"
#include "core/query/table.h"

namespace cairn {

// A stand-in: records of nobody, made up so that every cell that is told, or is
// to be, looks as it does for real: it is small where the true one is, and
// rounds to the same figure. Complements are chosen by looking at these
// records, never at the true ones. So two sets of records that look the same
// are protected in the same way, to the byte: where complements fall tells
// nothing of a person whom rounding hides (denials that can be simulated:
// Kenthapadi, Mishra and Nissim 2005).
//
// That is enough, for whether a pattern of marks is safe depends only on what
// can be seen of it: a certificate is a table that agrees with all that is
// public, and the true table is but one of these.
struct StandInRequest {
  // What a record can say at all; its records are not looked at.
  const Microdata* schema = nullptr;
  // The records of the last stand-in, in terms of `schema`, so that
  // certificates found among them last; none: from anew.
  std::vector<Microdata::Leaf> start;
  EarlierCertificates earlier;
  // As RecordWalk::Create has them.
  const LinkedTables* linked = nullptr;
  const std::vector<const TableShape*>* shapes = nullptr;
  size_t told = 0;
  // The first `asked` of these are new; a start agrees with the others.
  size_t asked = 0;
  // By cell: how it looks; anything, of most cells that nobody is told of.
  absl::Span<const Range> looks;
  // Leaves of records looked at to deal out what is told (DealRecords): some
  // seconds.
  static constexpr int64_t kDealSteps = 500'000'000;
  // Records of a stand-in: some hundred MiB.
  static constexpr int64_t kMaxStandIn = 10'000'000;
  int64_t deal_steps = kDealSteps;
  int64_t max_records = kMaxStandIn;
};

// Deterministic, and the same for all that looks the same. Nothing if no such
// records are found within a budget that is counted in steps, or if they would
// be too many.
struct StandIn {
  Microdata records;
  // The certificates of the last one in terms of these records.
  EarlierCertificates earlier;
};
std::optional<StandIn> MakeStandIn(StandInRequest request);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_STAND_IN_H_
