// Answerer: the tables of a question, told before or first released.

#include <algorithm>
#include <utility>

#include "agent/answerer.h"
#include "agent/leaving_time.h"
#include "agent/new_tables.h"
#include "agent/terms.h"
#include "core/base/status_macros.h"
#include "core/disclosure/protect.h"
#include "core/disclosure/worked_out.h"

namespace cairn {

absl::StatusOr<std::vector<Answerer::Wanted>> Answerer::LookUp(
    const Admitted& admitted) {
  const std::string key = admitted.plan.TableKey();
  const std::string& data_set = admitted.plan.data_set->id;
  const std::string& epoch = admitted.source->epoch();
  CAIRN_ASSIGN_OR_RETURN(
      const bool same_rule,
      releases_->AllUnder(settings_->policy, data_set, epoch));
  if (!same_rule) {
    return absl::FailedPreconditionError(
        "these records were first released under another policy");
  }
  std::vector<Wanted> wanted;
  for (const Measure& measure : admitted.plan.tables) {
    Wanted& table = wanted.emplace_back();
    table.measure = measure;
    CAIRN_ASSIGN_OR_RETURN(const auto* released,
                           releases_->Tables(data_set, epoch, measure));
    const auto found = released->find(key);
    if (found != released->end()) {
      CAIRN_ASSIGN_OR_RETURN(std::optional<KeptReceipt> receipt,
                             releases_->receipts()->Find(key, *found->second));
      table.known = {measure, found->second, {}, std::move(receipt), nullptr};
      continue;
    }
    auto worked_out =
        WorkOut(*admitted.plan.data_set, admitted.shape,
                ReleasedOf(settings_->PlanOf(data_set), measure, *released));
    if (worked_out.has_value()) {
      table.known = {
          measure,
          std::make_shared<const ProtectedTable>(*std::move(worked_out)),
          {},
          std::nullopt,
          nullptr};
      continue;
    }
    CAIRN_ASSIGN_OR_RETURN(table.earlier,
                           FindEarlier(releases_, *admitted.source, measure));
  }
  return wanted;
}

bool Answerer::NeedsWork(const absl::StatusOr<std::vector<Wanted>>& wanted) {
  return !wanted.ok() ||
         std::any_of(wanted->begin(), wanted->end(), [](const Wanted& table) {
           return !table.known.has_value();
         });
}

absl::StatusOr<Answerer::PreviewTable> Answerer::MakeTable(
    const Admitted& admitted, const Wanted& wanted) const {
  CAIRN_ASSIGN_OR_RETURN(
      const FigureCache::TablePtr figures,
      admitted.figures->Tabulate(admitted.shape, wanted.measure));
  ProtectRequest request;
  request.tables = {figures.get()};
  request.measure = wanted.measure;
  request.policy = settings_->policy;
  request.data_set = admitted.plan.data_set;
  request.cell_key_secret = admitted.cell_key_secret;
  request.certificates = wanted.earlier.certificates.get();
  CAIRN_RETURN_IF_ERROR(HoldAgainst(wanted.earlier, *admitted.source,
                                    admitted.figures, {}, &request));
  CAIRN_ASSIGN_OR_RETURN(std::vector<Protection> protections, Protect(request));
  Protection& made = protections[0];
  KeptReceipt receipt =
      KeptReceipt::Make(FullReceiptText(TermsOf(*settings_), made));
  return PreviewTable{
      wanted.measure,
      std::make_shared<const ProtectedTable>(std::move(made.table)),
      std::move(made.why), std::move(receipt), std::move(made.certificates)};
}

absl::StatusOr<std::vector<Answerer::PreviewTable>> Answerer::MakeTables(
    const Admitted& admitted,
    absl::StatusOr<std::vector<Wanted>> wanted) const {
  CAIRN_RETURN_IF_ERROR(wanted.status());
  std::vector<PreviewTable> tables;
  for (Wanted& table : *wanted) {
    if (!table.known.has_value()) {
      CAIRN_ASSIGN_OR_RETURN(table.known, MakeTable(admitted, table));
    }
    tables.push_back(*std::move(table.known));
  }
  return tables;
}

void Answerer::Work(Run* run) const {
  run->tables = MakeTables(run->admitted, std::move(run->wanted));
  run->took = Leave(run->first, run->start);
}

std::chrono::milliseconds Answerer::Leave(bool first,
                                          Watch::time_point start) const {
  const auto worked = std::chrono::duration_cast<std::chrono::milliseconds>(
      Watch::now() - start);
  if (!first || wait_ == nullptr) return worked;
  const std::chrono::milliseconds took = LeavingTime(worked);
  wait_(start + took);
  return took;
}

}  // namespace cairn
