#include "agent/in_place.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "agent/earlier_extract.h"
#include "agent/extract_writer.h"
#include "agent/load_rollup.h"
#include "agent/own_database.h"
#include "agent/snapshot.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/link/text_config.h"

namespace cairn {
namespace {

// A mapping, and what it makes of the records.
struct Described {
  LoadPlan plan;
  v1::ExtractMeta meta;  // but for eras, and what follows from the records
};

absl::StatusOr<Described> Describe(const v1::Source& source,
                                   const DataSet& data_set,
                                   const Catalogue& catalogue,
                                   const Places* places) {
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(source.mapping()));
  v1::Mapping mapping;
  CAIRN_RETURN_IF_ERROR(ParseTextProto(source.mapping(), bytes, &mapping));
  MappingInputs inputs;
  inputs.mapping = &mapping;
  inputs.path = source.mapping();
  inputs.data_set = &data_set;
  inputs.places = places;
  CAIRN_ASSIGN_OR_RETURN(inputs.months, CoveredMonths(source, data_set));
  Described described;
  CAIRN_ASSIGN_OR_RETURN(described.plan, MakeLoadPlan(inputs));
  v1::ExtractMeta& meta = described.meta;
  meta.set_data_set(data_set.id);
  meta.set_catalogue_digest(catalogue.digest);
  meta.set_mapping_version(mapping.version());
  meta.mutable_in_place()->set_mapping(Sha256Hex(bytes));
  meta.set_has_person(described.plan.person_column >= 0);
  for (const std::string& month : inputs.months) meta.add_month(month);
  DescribeUnmapped(described.plan, data_set, &meta);
  for (const LoadPlan::Held& held : described.plan.dimensions) {
    CAIRN_ASSIGN_OR_RETURN(*meta.add_dimension(), DescribeHeld(inputs, held));
  }
  for (const Quantity* quantity : described.plan.quantities) {
    meta.add_quantity(quantity->variable);
  }
  if (places != nullptr) meta.set_area(places->area());
  meta.set_outline(OutlineOf(meta));
  return described;
}

class InPlaceLoad {
 public:
  explicit InPlaceLoad(const LoadRequest& request)
      : request_(request),
        path_(ExtractPath(request.state_dir, request.data_set.id)),
        start_(absl::Now()) {}

  // Whether all that Load() asks of the database can be had.
  absl::Status Try() {
    CAIRN_ASSIGN_OR_RETURN(described_,
                           Describe(request_.source, request_.data_set,
                                    request_.catalogue, request_.places));
    StandApart();
    return Look();
  }

  absl::StatusOr<LoadReport> Load() {
    CAIRN_ASSIGN_OR_RETURN(
        file_, NewFile::Create(request_.state_dir, request_.data_set.id));
    CAIRN_ASSIGN_OR_RETURN(described_,
                           Describe(request_.source, request_.data_set,
                                    request_.catalogue, request_.places));
    described_.meta.set_rule(request_.rule);
    const auto before = EarlierExtract::Open(path_);
    if (before != nullptr) before_ = before->meta();
    CAIRN_RETURN_IF_ERROR(FollowOn());
    CAIRN_RETURN_IF_ERROR(Look());
    return Write();
  }

 private:
  bool CanFollow() const {
    return before_.has_in_place() && before_.sequence() > 0 &&
           before_.outline() == described_.meta.outline();
  }

  absl::Status FollowOn() {
    const bool lost = !CheckVouched(before_, request_.released).ok();
    if (lost && !request_.start_anew) {
      return Stays(
          "figures were released of records that this load knows nothing of, "
          "as when only part of a backup is put back; put back what load wrote "
          "at the time");
    }
    if (!lost && CanFollow()) {
      CAIRN_ASSIGN_OR_RETURN(const bool same, IsAsBefore());
      if (same) {
        Follow();
        return absl::OkStatus();
      }
      if (!request_.released.empty() && !request_.start_anew) {
        return Stays(absl::StrCat(
            "records of closed months have changed in ",
            request_.source.database().table(),
            " since figures were released of them, and in place there is "
            "nothing left to hold new ones against; let the table be as it "
            "was, or let load copy the records (in_place: false)"));
      }
    }
    StandApart();
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<OdbcSource>> SourceOf(
      const v1::ExtractMeta& eras) const {
    const OdbcSettings settings = OdbcSettingsOf(request_.source.database());
    v1::ExtractMeta meta = described_.meta;
    *meta.mutable_era() = eras.era();
    meta.set_sequence(eras.sequence());
    meta.mutable_in_place()->set_seen(eras.in_place().seen());
    return OdbcSource::Open(settings, std::move(meta), request_.data_set,
                            described_.plan, request_.pseudonym_key);
  }

  absl::StatusOr<bool> IsAsBefore() const {
    CAIRN_ASSIGN_OR_RETURN(const auto source, SourceOf(before_));
    const absl::Status seen = source->CheckSeen();
    if (absl::IsAborted(seen)) return false;
    CAIRN_RETURN_IF_ERROR(seen);
    return true;
  }

  // The months of the dimension of time, and U if it has that.
  std::vector<std::string> Periods() const {
    const v1::ExtractMeta& meta = described_.meta;
    for (const v1::ExtractDimension& held : meta.dimension()) {
      const auto& codes = held.code();
      if (std::find(codes.begin(), codes.end(), meta.month(0)) != codes.end()) {
        return {codes.begin(), codes.end()};
      }
    }
    return {};
  }

  v1::ExtractEra EraOf(const std::string& period) const {
    v1::ExtractEra era;
    era.set_month(period);
    const auto add = [&era](const std::string& variable,
                            const std::string& code) {
      v1::ExtractEra::In* const in = era.add_in();
      in->set_variable(variable);
      in->set_code(code);
    };
    for (const v1::ExtractDimension& held : described_.meta.dimension()) {
      const auto& codes = held.code();
      if (std::find(codes.begin(), codes.end(), described_.meta.month(0)) ==
          codes.end()) {
        continue;
      }
      const auto at = std::find(codes.begin(), codes.end(), period);
      add(held.variable(), period);
      for (const auto& up : held.roll_up()) {
        add(up.variable(), up.code(static_cast<int>(at - codes.begin())));
      }
    }
    return era;
  }

  static bool InForce(const v1::ExtractEra& era) {
    return era.bound_size() % 2 == 1;
  }

  // Months that came are eras of their own, after those that were there, and
  // those that are no longer covered are eras still: what was released of them
  // stands.
  void Follow() {
    v1::ExtractMeta& meta = described_.meta;
    *meta.mutable_era() = before_.era();
    *meta.mutable_past() = before_.past();
    const uint32_t next = before_.sequence() + 1;
    const std::vector<std::string> periods = Periods();
    bool is_new = before_.rule() != meta.rule();
    for (v1::ExtractEra& era : *meta.mutable_era()) {
      const bool covered = std::find(periods.begin(), periods.end(),
                                     era.month()) != periods.end();
      if (covered != InForce(era)) {
        era.add_bound(next);
        is_new = true;
      }
      (covered ? unchanged_ : dropped_).push_back(era.month());
    }
    for (const std::string& period : periods) {
      const bool known = std::any_of(
          before_.era().begin(), before_.era().end(),
          [&period](const auto& era) { return era.month() == period; });
      if (known) continue;
      *meta.add_era() = EraOf(period);
      meta.mutable_era(meta.era_size() - 1)->add_bound(next);
      came_.push_back(period);
      is_new = true;
    }
    meta.set_sequence(is_new ? next : before_.sequence());
    if (!is_new) return;
    v1::PastEpoch* const past = meta.add_past();
    past->set_sequence(before_.sequence());
    past->set_epoch(before_.epoch());
  }

  void StandApart() {
    v1::ExtractMeta& meta = described_.meta;
    uint32_t sequence = 1;
    const auto add = [&](const std::string& epoch) {
      const auto& past = meta.past();
      const bool known = std::any_of(
          past.begin(), past.end(),
          [&epoch](const auto& one) { return one.epoch() == epoch; });
      if (known || epoch.empty()) return;
      v1::PastEpoch* const added = meta.add_past();
      added->set_epoch(epoch);
      added->set_sequence(sequence++);
      added->set_apart(true);
    };
    for (const v1::PastEpoch& past : before_.past()) add(past.epoch());
    add(before_.epoch());
    for (const std::string& epoch : request_.released) add(epoch);
    stands_apart_ = !request_.released.empty();
    for (const std::string& period : Periods()) {
      *meta.add_era() = EraOf(period);
      meta.mutable_era(meta.era_size() - 1)->add_bound(sequence);
    }
    meta.set_sequence(sequence);
  }

  absl::Status Look() {
    v1::ExtractMeta& meta = described_.meta;
    CAIRN_ASSIGN_OR_RETURN(const auto source, SourceOf(meta));
    EraSet all, in_force;
    for (int e = 0; e < meta.era_size(); ++e) {
      all.push_back(e);
      if (InForce(meta.era(e))) in_force.push_back(e);
    }
    CAIRN_ASSIGN_OR_RETURN(OdbcSource::Seen seen, source->See(all));
    meta.mutable_in_place()->set_seen(seen.digest);
    if (in_force != all) {
      CAIRN_ASSIGN_OR_RETURN(seen, source->See(in_force));
    }
    meta.set_rows(seen.rows);
    meta.set_rows_without_person(seen.without_person);
    // Over all that an answer can depend on.
    meta.set_epoch(
        Sha256Hex(absl::StrCat("in place ", meta.outline(), " ", meta.rule(),
                               " ", absl::StrJoin(meta.month(), ","), " ",
                               meta.in_place().seen(), " ",
                               meta.in_place().mapping()))
            .substr(0, 16));
    meta.set_loaded_at(absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(),
                                        absl::UTCTimeZone()));
    if (request_.data_set.structural_zeros.empty()) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(const auto seen_source, SourceOf(meta));
    return seen_source->CheckStructuralZeros();
  }

  absl::StatusOr<LoadReport> Write() {
    const v1::ExtractMeta& meta = described_.meta;
    {
      CAIRN_ASSIGN_OR_RETURN(
          const auto database,
          Database::Open(file_->aside(), Database::Mode::kScratch));
      CAIRN_RETURN_IF_ERROR(
          WriteMeta(database.get(), "extract", meta.SerializeAsString()));
    }
    if (request_.complete) {
      CAIRN_RETURN_IF_ERROR(request_.complete(file_->aside()));
    }
    CAIRN_RETURN_IF_ERROR(file_->Replace());
    // Of records that were copied before.
    Snapshot::RemoveOthers(path_, request_.data_set.id);
    LoadReport report;
    report.data_set = meta.data_set();
    report.epoch = meta.epoch();
    report.rows = meta.rows();
    report.rows_without_person = meta.rows_without_person();
    report.has_person = meta.has_person();
    report.in_place = true;
    for (const auto& [fate, months] :
         {std::pair{MonthChange::Fate::kNew, &came_},
          std::pair{MonthChange::Fate::kUnchanged, &unchanged_},
          std::pair{MonthChange::Fate::kDropped, &dropped_}}) {
      for (const std::string& month : *months) {
        report.months.push_back({month, fate, 0, 0});
      }
    }
    report.stands_apart = stands_apart_;
    report.seconds = absl::ToDoubleSeconds(absl::Now() - start_);
    return report;
  }

  absl::Status Stays(absl::string_view sentence) const {
    return absl::FailedPreconditionError(absl::StrCat(
        request_.data_set.id, ": ", sentence,
        ", or run load with --start-anew: what is released from then on is not "
        "held against what was released before; nothing was loaded",
        before_.sequence() > 0 ? ", what load saw before stays" : ""));
  }

  const LoadRequest& request_;
  const std::string path_;
  const absl::Time start_;
  std::unique_ptr<NewFile> file_;
  Described described_;
  v1::ExtractMeta before_;  // sequence 0: nothing
  bool stands_apart_ = false;
  std::vector<std::string> came_, unchanged_, dropped_;
};

}  // namespace

absl::StatusOr<LoadReport> LoadInPlace(const LoadRequest& request) {
  return InPlaceLoad(request).Load();
}

absl::Status TryInPlace(const v1::Source& source, const DataSet& data_set,
                        const Catalogue& catalogue, const Places* places) {
  const LoadRequest request{catalogue, data_set, source, places};
  return InPlaceLoad(request).Try();
}

absl::StatusOr<std::unique_ptr<OdbcSource>> OpenInPlace(
    const std::string& path, const v1::Source& source, const DataSet& data_set,
    const Catalogue& catalogue, const Places* places,
    const std::string& agent_key) {
  if (access(path.c_str(), F_OK) != 0) {
    return absl::NotFoundError(absl::StrCat(path, ": there is no such file"));
  }
  const auto written = EarlierExtract::Open(path);
  const auto other = [&path](absl::string_view what) {
    return absl::DataLossError(absl::StrCat(path, ": ", what, "; load again"));
  };
  if (written == nullptr) return other("not what load wrote");
  if (!written->meta().has_in_place()) {
    return other("holds records, which are now to stay in the database");
  }
  CAIRN_ASSIGN_OR_RETURN(Described described,
                         Describe(source, data_set, catalogue, places));
  const v1::ExtractMeta& meta = written->meta();
  const std::vector<std::string> months(meta.month().begin(),
                                        meta.month().end());
  if (meta.outline() != described.meta.outline() ||
      meta.in_place().mapping() != described.meta.in_place().mapping() ||
      !std::equal(months.begin(), months.end(), described.meta.month().begin(),
                  described.meta.month().end())) {
    return other(
        "was loaded under another catalogue, mapping, places or months");
  }
  const OdbcSettings settings = OdbcSettingsOf(source.database());
  return OdbcSource::Open(settings, meta, data_set, std::move(described.plan),
                          agent_key);
}

}  // namespace cairn
