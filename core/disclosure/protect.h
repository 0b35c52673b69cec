#ifndef CAIRN_CORE_DISCLOSURE_PROTECT_H_
#define CAIRN_CORE_DISCLOSURE_PROTECT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/disclosure/linked_tables.h"
#include "core/disclosure/policy.h"
#include "core/disclosure/proof_made.h"
#include "core/disclosure/protected_table.h"
#include "core/disclosure/release_proof.h"
#include "core/query/catalogue.h"
#include "core/query/table.h"

namespace cairn {

// Why a cell is not shown. For the steward's preview only; it never travels.
enum class HiddenWhy : uint8_t {
  kShown,
  kSmall,       // the count is within the hidden range
  kFewPersons,  // too few distinct persons behind it
  kDominated,   // one or two contributors make up the sum
  kAllTheSame,  // (nearly) all of a group are in this sensitive category
  kComplement,  // would help to narrow one of these
  kPinned,      // hidden in an earlier release, and so for ever
  kFewChanged,  // shown before the last load, which changed few of its records
};

struct Protection {
  ProtectedTable table;
  std::vector<HiddenWhy> why;  // one per cell
  // What proves this table and everything pinned; one for all tables of a
  // request. Empty where no records were given.
  std::shared_ptr<const ReleaseProof> certificates;
  ProofMade proof;
};

struct ProtectRequest {
  // To be released together, and so protected as one. Of one data set and
  // epoch.
  std::vector<const FrequencyTable*> tables;
  Measure measure;  // kCount, kDistinctPersons or kSum
  DisclosurePolicy policy;
  // Everything released before of this measure, in this epoch or others of the
  // same timeline: it keeps its values and marks.
  std::vector<const ProtectedTable*> pinned;
  // What proved it then (Protection::certificates of the last release); may be
  // null, but then more is hidden.
  const ReleaseProof* certificates = nullptr;
  // Where some of it was released in other epochs: what the new tables and then
  // the pinned ones were cut from. The new ones' spans are all the same.
  Timeline timeline;
  // Says which codes of different levels are the same people, and what
  // populations are made of; may be null where no table has either.
  const DataSet* data_set = nullptr;
  // The true figures of a table of any other shape of the same records: of the
  // pinned tables, and of coarser ones in which two tables meet. Not called
  // where nothing is pinned and all meet in what they show.
  using Figures = std::shared_ptr<const FrequencyTable>;
  std::function<absl::StatusOr<Figures>(const TableShape&)> tabulate;
  // Tables nobody is told of, in which tables meet that are cut at levels of
  // which neither nests in the other (core/disclosure/meeting.h).
  std::vector<Figures> meetings;
  // What records can say, with the variables of these tables: of counts, the
  // certificates are made of records. Not `held`: without any, and the same
  // whatever they are. May be null: then from the tables alone, which finds
  // fewer where many tables are linked.
  using Records = std::shared_ptr<const Microdata>;
  std::function<absl::StatusOr<Records>(const std::vector<const TableShape*>&,
                                        bool held)>
      records;
  // The same of the records of a span of the timeline.
  std::function<absl::StatusOr<Figures>(const TableShape&, const EraSet&)>
      tabulate_span;
  // Ahead of time: take minutes where a question has a second.
  bool thorough = false;
  // Method CELL_KEY: the data set's secret (CellKeySecret).
  std::string cell_key_secret;
};

// The one way from a FrequencyTable to a ProtectedTable.
//
// 1. Primary: a count of 1..t (and 0, unless the policy shows zeros), fewer
//    than minimum_persons distinct persons, a dominated sum, a group that is
//    nearly all in one sensitive category. One rule for all measures of a cell:
//    what is unsafe to count is unsafe to sum. And a cell that was shown in
//    another epoch, of which fewer than kRevisionRecords came and as few went.
//    Not a structural zero of the data set, which is published as 0 whatever
//    the policy does with zeros, and known as such to all that follows.
// 2. Complements: over one system of all cells of the new tables, the pinned
//    ones and the coarser tables in which they meet, further new cells are
//    hidden until every hidden small cell, new or pinned, can still be each
//    number of the hidden range (Suppress). What is rounded is known only as
//    its rounding bin, which saves most complements.
// 3. Proof: the certificates are checked in whole numbers, the whole is
//    attacked by bound propagation, and, written apart from both, by
//    elimination for what algebra or the one person behind a count of 1 could
//    tell. What is not proved is hidden, at last all new cells. Two limits: in
//    systems of 500 cells and more a table of fractions may stand for a
//    certificate, and a cell for which none is found even with nothing new
//    shown is held to what was told of it before (NarrowBefore).
//
// The marks: a small cell says 0..t (1..t where zeros are shown), unless a
// complement stands in one sum with it. Any other hidden cell says only what
// its released children say.
//
// One Protection per table, in their order. FAILED_PRECONDITION if a pinned
// table of this epoch was released under another policy; one of another epoch
// may have been: what is shown there and cannot be
// under this policy is hidden in the new tables. DATA_LOSS if what was pinned
// is not what `tabulate` says, or a record is one that structural zeros rule
// out. RESOURCE_EXHAUSTED if the tables together are
// too many to be held against each other: nothing is released then.
// INVALID_ARGUMENT for a policy that does not fit or a measure the tables do
// not carry. Else what `tabulate` returns.
absl::StatusOr<std::vector<Protection>> Protect(const ProtectRequest& request);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_PROTECT_H_
