// Answerer: the extracts it answers from.

#include <sys/stat.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/answerer.h"
#include "agent/earlier_extract.h"
#include "agent/known_shares.h"
#include "agent/loader.h"
#include "agent/open_source.h"
#include "agent/planner.h"
#include "agent/terms.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/disclosure/cell_key.h"
#include "core/link/policy_file.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

// Which file stands at a path now; "" if none.
std::string StampOf(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return "";
  return absl::StrCat(info.st_dev, ":", info.st_ino, ":", info.st_mtim.tv_sec,
                      ".", info.st_mtim.tv_nsec, ":", info.st_size);
}

}  // namespace

absl::StatusOr<Answerer::OpenSource*> Answerer::Source(const DataSet& data_set,
                                                       Use use,
                                                       Refusal* refusal) {
  if (settings_->FindSource(data_set.id) == nullptr) {
    return Refuse(refusal, v1::NOT_HELD,
                  absl::StrCat("does not hold ", data_set.id));
  }
  if (!releases_->sound().ok()) {
    return Refuse(refusal, v1::NOT_READY,
                  "has lost a part of what it told before, and cannot vouch "
                  "for what it would tell now; its steward finds what to do "
                  "in `cairn-agent status`");
  }
  const std::string path = settings_->ExtractPath(data_set.id);
  const std::string stamp = StampOf(path);
  OpenSource& open = sources_[data_set.id];
  // What a run reads stays until it is finished.
  const bool in_use = under_way_ != nullptr &&
                      under_way_->admitted.plan.data_set->id == data_set.id;
  if (open.source == nullptr || (open.stamp != stamp && !in_use)) {
    open.figures.reset();
    open.source.reset();
    auto source = OpenDataSource(*settings_, data_set, path);
    if (absl::IsNotFound(source.status()) && records_ != nullptr &&
        use == Use::kAnswer) {
      CAIRN_RETURN_IF_ERROR(records_->Removed(data_set.id));
    }
    if (!source.ok()) {
      return Refuse(refusal, v1::NOT_READY,
                    absl::IsNotFound(source.status())
                        ? "has loaded no records yet"
                        : "cannot vouch for its records until they are loaded "
                          "again");
    }
    if (settings_->policy.cell_key.has_value()) {
      const auto key = ReadOrMakeKey(settings_->config.state_dir());
      if (!key.ok() || !(*source)->CheckKeys(*key).ok()) {
        return Refuse(refusal, v1::NOT_READY,
                      "has no keys for the noise its policy asks for; it "
                      "answers again with its next load");
      }
      open.cell_key_secret = CellKeySecret(*key, data_set.id);
    }
    const auto released = releases_->Epochs(data_set.id);
    if (!released.ok() || !CheckVouched((*source)->meta(), *released).ok()) {
      return Refuse(refusal, v1::NOT_READY,
                    "holds records that are older than what it told of them, "
                    "and cannot vouch for figures from these; its steward "
                    "finds what to do in `cairn-agent status`");
    }
    open.rows = (*source)->meta().rows();
    open.source = *std::move(source);
    open.figures = std::make_unique<FigureCache>(
        open.source.get(), &data_set, settings_->policy.cell_key.has_value());
    open.stamp = stamp;
    open.logged = false;
    open.plan_done = false;
  }
  if (!open.logged && records_ != nullptr && use == Use::kAnswer) {
    CAIRN_RETURN_IF_ERROR(
        records_->Loaded(data_set.id, open.source->epoch(), open.rows));
    open.logged = true;
  }
  if (!open.plan_done) {
    open.plan = ReleasePlanOf(data_set, use, &open);
    // Tried once for each load; a preview leaves nothing behind.
    open.plan_done = use == Use::kAnswer;
  }
  if (!open.plan.ok()) {
    return Refuse(refusal, v1::NOT_READY,
                  "could not protect the tables of its release plan; its "
                  "steward finds the reason in the agent's log");
  }
  return &open;
}

absl::Status Answerer::ReleasePlanOf(const DataSet& data_set, Use use,
                                     OpenSource* open) {
  PlanRequest request;
  request.data_set = &data_set;
  request.plan = &settings_->PlanOf(data_set.id);
  request.policy = &settings_->policy;
  request.source = open->source.get();
  request.figures = open->figures.get();
  request.cell_key_secret = open->cell_key_secret;
  request.terms = TermsOf(*settings_);
  request.releases = releases_;
  const absl::Status released =
      MakePlanReleased(request, settings_->ExtractPath(data_set.id),
                       use == Use::kAnswer ? ledger_ : nullptr);
  // Under another policy nothing at all is answered (Tables).
  if (absl::IsFailedPrecondition(released)) return absl::OkStatus();
  if (!released.ok()) {
    LogLine("plan.failed", {{"data_set", data_set.id},
                            {"reason", std::string(released.message())}});
  }
  return released;
}

std::vector<v1::Holding> Answerer::Holdings() {
  std::vector<v1::Holding> holdings;
  for (const v1::Source& given : settings_->config.source()) {
    const auto data_set = settings_->catalogue->Find(given.data_set());
    Refusal refusal;
    auto source = Source(**data_set, Use::kAnswer, &refusal);
    if (!source.ok()) continue;
    v1::Holding holding = (*source)->source->Holding();
    const DataSource& held = *(*source)->source;
    const auto released = releases_->Tables(given.data_set(), held.epoch(),
                                            {Measure::Kind::kCount, ""});
    if (!released.ok()) continue;
    AddReleased(held.meta(), **data_set, **released, &holding);
    *holding.mutable_series_break() = given.series_break();
    *holding.mutable_rule() = ToProto(settings_->policy);
    holding.set_places_overlap(settings_->config.places_overlap());
    if (gate_ != nullptr) holding.set_agreement(gate_->agreement());
    holdings.push_back(std::move(holding));
  }
  return holdings;
}

}  // namespace cairn
