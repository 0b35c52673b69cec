#include "core/disclosure/stand_in.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "core/disclosure/dealt_records.h"
#include "core/disclosure/record_walk.h"

namespace cairn {
namespace {

using Leaf = Microdata::Leaf;

// Patterns looked at: some seconds, and a few for each record of a great file.
constexpr int64_t kSteps = 60'000'000;
constexpr int64_t kStepsARecord = 100;

// Certificates speak of records by what they say: where those of the start
// say something else now, so do they, but for what the certificates change of
// them.
void Carry(const std::vector<Leaf>& start, size_t parts,
           const RecordWalk::Settled& now, EarlierCertificates* certificates) {
  const size_t records = start.size() / parts;
  std::vector<int64_t> now_at(records, -1);
  for (size_t r = 0; r < now.origin.size(); ++r) {
    if (now.origin[r] >= 0) now_at[now.origin[r]] = static_cast<int64_t>(r);
  }
  absl::flat_hash_map<absl::Span<const Leaf>, std::vector<size_t>> by_leaves;
  for (size_t r = 0; r < records; ++r) {
    by_leaves[absl::MakeConstSpan(start).subspan(r * parts, parts)].push_back(
        r);
  }
  for (CertificateSearch::Found& found : *certificates) {
    absl::flat_hash_map<absl::Span<const Leaf>, size_t> used;
    std::vector<RecordEdit> carried;
    for (RecordEdit& edit : found.edits) {
      if (edit.from.empty()) {
        carried.push_back(std::move(edit));
        continue;
      }
      // Of a record that is there no more, nothing can be changed.
      const auto known = by_leaves.find(edit.from);
      if (known == by_leaves.end()) continue;
      size_t& next = used[known->first];
      if (next == known->second.size()) continue;
      const int64_t r = now_at[known->second[next++]];
      if (r < 0) continue;
      for (size_t part = 0; part < parts; ++part) {
        const Leaf leaf = now.leaves[static_cast<size_t>(r) * parts + part];
        if (!edit.to.empty() && edit.to[part] == edit.from[part]) {
          edit.to[part] = leaf;
        }
        edit.from[part] = leaf;
      }
      carried.push_back(std::move(edit));
    }
    found.edits = std::move(carried);
  }
}

}  // namespace

std::optional<StandIn> MakeStandIn(StandInRequest request) {
  Microdata made = *request.schema;
  if (made.parts.empty()) return std::nullopt;
  for (const Microdata::Part& part : made.parts) {
    if (part.leaves.empty()) return std::nullopt;
  }
  if (RecordsToDeal(request) > request.max_records) return std::nullopt;
  made.leaves = DealRecords(request);
  const std::unique_ptr<RecordWalk> walk = RecordWalk::Create(
      made, *request.linked, *request.shapes, request.told, {});
  if (walk == nullptr) return std::nullopt;
  for (size_t cell = 0; cell < request.looks.size(); ++cell) {
    const Range& looks = request.looks[cell];
    walk->SetBounds(static_cast<int>(cell), looks, looks, 0);
  }
  const auto steps =
      kSteps + kStepsARecord * static_cast<int64_t>(made.records());
  auto settled = walk->Settle(steps);
  if (!settled.has_value()) return std::nullopt;
  StandIn stand_in;
  if (!request.start.empty()) {
    stand_in.earlier = std::move(request.earlier);
    Carry(request.start, made.parts.size(), *settled, &stand_in.earlier);
  }
  made.leaves = std::move(settled->leaves);
  stand_in.records = std::move(made);
  return stand_in;
}

}  // namespace cairn
