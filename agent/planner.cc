#include "agent/planner.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/epochs.h"
#include "core/base/digest.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/disclosure/protect.h"
#include "core/ledger/commitment.h"
#include "core/link/policy_file.h"
#include "core/link/translate.h"
#include "core/store/sqlite.h"

namespace cairn {
namespace {

// The plan's measures, in the order they come.
std::vector<Measure> MeasuresOf(const std::vector<PlannedTable>& plan) {
  std::vector<Measure> measures;
  for (const PlannedTable& table : plan) {
    if (std::find(measures.begin(), measures.end(), table.measure) ==
        measures.end()) {
      measures.push_back(table.measure);
    }
  }
  return measures;
}

// So many cells of tables are protected as one problem: its steps, and so its
// time, grow with them (docs/performance.md, "The release plan").
constexpr size_t kCellsAtOnce = 32'000;

bool ShowsAnything(const Protection& made) {
  return std::any_of(
      made.table.cells().begin(), made.table.cells().end(),
      [](const Cell& cell) { return cell.status == CellStatus::kPublished; });
}

// One measure of a plan on its way out.
class MeasurePlanner {
 public:
  MeasurePlanner(const PlanRequest& request, const Measure& measure)
      : request_(request), measure_(measure) {}

  absl::StatusOr<std::vector<NewTable>> Run() {
    CAIRN_ASSIGN_OR_RETURN(
        const auto* released,
        request_.releases->Tables(request_.data_set->id,
                                  request_.source->epoch(), measure_));
    for (const PlannedTable& table : *request_.plan) {
      if (!(table.measure == measure_) ||
          released->find(table.Key()) != released->end()) {
        continue;
      }
      Refusal refusal;
      auto shape = request_.source->Shape(table.plan, &refusal);
      if (!shape.ok()) continue;
      CAIRN_ASSIGN_OR_RETURN(FigureCache::TablePtr figures,
                             request_.figures->Tabulate(*shape, measure_));
      keys_.push_back(table.Key());
      figures_.push_back(std::move(figures));
    }
    CAIRN_ASSIGN_OR_RETURN(
        earlier_, FindEarlier(request_.releases, *request_.source, measure_));
    certificates_ = earlier_.certificates;
    for (size_t first = 0; first < keys_.size();) {
      const size_t count = BlockFrom(first);
      CAIRN_RETURN_IF_ERROR(ProtectBlock(first, count, /*thorough=*/true));
      first += count;
    }
    if (!tables_.empty()) tables_.back().certificates = certificates_;
    return std::move(tables_);
  }

 private:
  // How many tables from this one on are few enough cells for one problem.
  size_t BlockFrom(size_t first) const {
    size_t count = 1, cells = figures_[first]->shape.cells();
    for (; first + count < keys_.size(); ++count) {
      cells += figures_[first + count]->shape.cells();
      if (cells > kCellsAtOnce) break;
    }
    return count;
  }

  // Where that is too much to prove, or comes to nothing, its halves: where the
  // steps of load are spent already, with those of a question.
  absl::Status ProtectBlock(size_t first, size_t count, bool thorough) {
    if (request_.progress) request_.progress(first, keys_.size());
    CAIRN_ASSIGN_OR_RETURN(const Outcome outcome,
                           ProtectFrom(first, count, thorough));
    if (outcome == Outcome::kDone || count == 1) return absl::OkStatus();
    const bool again = thorough && outcome == Outcome::kTooMuch;
    CAIRN_RETURN_IF_ERROR(ProtectBlock(first, count / 2, again));
    return ProtectBlock(first + count / 2, count - count / 2, again);
  }

  enum class Outcome {
    kDone,
    kTooMuch,  // to be held against each other: nothing was searched
    kBlank,    // nothing of it would be shown
  };
  // As one problem: nothing of it is released yet, so what has to be hidden is
  // hidden where it costs least. What is too much even alone is left out:
  // whoever asks for it is told so.
  absl::StatusOr<Outcome> ProtectFrom(size_t first, size_t count,
                                      bool thorough) {
    ProtectRequest request;
    for (size_t i = first; i < first + count; ++i) {
      request.tables.push_back(figures_[i].get());
    }
    request.measure = measure_;
    request.policy = *request_.policy;
    request.certificates = certificates_.get();
    request.data_set = request_.data_set;
    request.cell_key_secret = request_.cell_key_secret;
    request.thorough = thorough && count > 1;
    CAIRN_RETURN_IF_ERROR(HoldAgainst(earlier_, *request_.source,
                                      request_.figures, made_, &request));
    auto protections = Protect(request);
    if (absl::IsResourceExhausted(protections.status())) {
      return Outcome::kTooMuch;
    }
    CAIRN_RETURN_IF_ERROR(protections.status());
    if (count > 1 &&
        std::none_of(protections->begin(), protections->end(), ShowsAnything)) {
      return Outcome::kBlank;
    }
    certificates_ = protections->back().certificates;
    for (size_t i = 0; i < count; ++i) {
      Protection& made = (*protections)[i];
      KeptReceipt receipt =
          KeptReceipt::Make(FullReceiptText(request_.terms, made));
      tables_.push_back(
          {keys_[first + i],
           std::make_shared<const ProtectedTable>(std::move(made.table)),
           std::move(receipt), nullptr});
      made_.push_back(tables_.back().table.get());
    }
    return Outcome::kDone;
  }

  const PlanRequest& request_;
  const Measure& measure_;
  std::vector<const ProtectedTable*> made_;
  Earlier earlier_;
  std::shared_ptr<const ReleaseProof> certificates_;
  std::vector<std::string> keys_;
  std::vector<FigureCache::TablePtr> figures_;
  std::vector<NewTable> tables_;
};

// Is every planned table that the source can give released?
absl::StatusOr<bool> AllReleased(const PlanRequest& request) {
  for (const PlannedTable& table : *request.plan) {
    CAIRN_ASSIGN_OR_RETURN(
        const auto* released,
        request.releases->Tables(request.data_set->id, request.source->epoch(),
                                 table.measure));
    Refusal refusal;
    if (released->find(table.Key()) == released->end() &&
        request.source->Shape(table.plan, &refusal).ok()) {
      return false;
    }
  }
  return true;
}

// To the tables' bytes, as the release store keeps them.
Commitment CommitmentTo(const std::vector<NewTable>& tables) {
  std::string salt = CommitmentSalt();
  Sha256Stream all;
  all.Add(salt);
  for (const NewTable& table : tables) {
    const std::string bytes = ToProto(*table.table).SerializeAsString();
    all.Add(absl::StrCat(table.key.size(), ":", table.key, bytes.size(), ":"));
    all.Add(bytes);
  }
  return {std::move(salt), Hex(all.Finish())};
}

Entry EntryOf(const PlanRequest& request, const std::string& made_from,
              const std::vector<NewTable>& tables,
              const Commitment& commitment) {
  Entry entry{"plan.released", "", {}};
  entry.fields["data_set"] = request.data_set->id;
  entry.fields["epoch"] = request.source->epoch();
  entry.fields["made_from"] = made_from;
  entry.fields["tables"] = static_cast<int64_t>(tables.size());
  // What binds the agency to what its receipts say of them, in their order.
  Sha256Stream receipts;
  for (const NewTable& table : tables) receipts.Add(table.receipt.hash);
  entry.fields["receipts_digest"] = Hex(receipts.Finish());
  // Which: measure and table, as ReleaseStore::CheckAgainst reads them.
  entry.fields["released"] =
      absl::StrJoin(tables, ";", [](std::string* out, const NewTable& table) {
        absl::StrAppend(out, table.table->measure().ToString(), " ", table.key);
      });
  entry.fields["tables_commit"] = commitment.hash;
  return entry;
}

}  // namespace

absl::StatusOr<std::vector<NewTable>> ProtectPlan(const PlanRequest& request) {
  std::vector<NewTable> tables;
  for (const Measure& measure : MeasuresOf(*request.plan)) {
    CAIRN_ASSIGN_OR_RETURN(std::vector<NewTable> more,
                           MeasurePlanner(request, measure).Run());
    std::move(more.begin(), more.end(), std::back_inserter(tables));
  }
  return tables;
}

absl::StatusOr<std::string> PlanDigest(const PlanRequest& request) {
  Sha256Stream all;
  const auto add = [&all](absl::string_view piece) {
    all.Add(absl::StrCat(piece.size(), ":"));
    all.Add(piece);
  };
  add(ToProto(*request.policy).SerializeAsString());
  add(request.cell_key_secret);
  add(request.source->meta().catalogue_digest());
  add(request.source->epoch());
  for (const PlannedTable& table : *request.plan) {
    add(table.measure.ToString());
    add(table.Key());
  }
  for (const Measure& measure : MeasuresOf(*request.plan)) {
    CAIRN_ASSIGN_OR_RETURN(
        const auto* released,
        request.releases->Tables(request.data_set->id, request.source->epoch(),
                                 measure));
    add(measure.ToString());
    for (const auto& [key, table] : *released) {
      add(key);
      add(ToProto(*table).SerializeAsString());
    }
  }
  return Hex(all.Finish());
}

PlanCoverage CoverageOf(const PlanRequest& request) {
  PlanCoverage coverage;
  for (const PlannedTable& table : *request.plan) {
    Refusal refusal;
    if (request.source->Shape(table.plan, &refusal).ok()) {
      ++coverage.given;
      continue;
    }
    coverage.lacking.push_back(absl::StrCat(
        table.measure.ToString(), " by ", table.Key(), ": ", refusal.sentence));
  }
  return coverage;
}

absl::Status StorePlan(const std::string& extract_path,
                       const std::string& digest,
                       const std::vector<NewTable>& tables) {
  CAIRN_ASSIGN_OR_RETURN(
      const std::unique_ptr<Database> db,
      Database::Open(extract_path, Database::Mode::kScratch));
  return db->Transact([&]() -> absl::Status {
    CAIRN_RETURN_IF_ERROR(
        db->Execute("CREATE TABLE planned(measure TEXT NOT NULL, table_key "
                    "TEXT NOT NULL, bytes BLOB NOT NULL, "
                    "receipt TEXT NOT NULL, salt BLOB NOT NULL, "
                    "certificates BLOB, PRIMARY KEY(measure, table_key))"));
    CAIRN_ASSIGN_OR_RETURN(
        Statement insert,
        db->Prepare("INSERT INTO planned VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
    for (const NewTable& table : tables) {
      insert.BindText(1, table.table->measure().ToString());
      insert.BindText(2, table.key);
      insert.BindBlob(3, ToProto(*table.table).SerializeAsString());
      insert.BindText(4, table.receipt.text);
      insert.BindBlob(5, table.receipt.salt);
      if (table.certificates == nullptr) {
        insert.BindNull(6);
      } else {
        insert.BindBlob(6, ProofBytes(*table.certificates));
      }
      CAIRN_RETURN_IF_ERROR(insert.Run());
    }
    CAIRN_ASSIGN_OR_RETURN(Statement meta,
                           db->Prepare("INSERT INTO meta VALUES ('plan', ?1)"));
    meta.BindBlob(1, digest);
    return meta.Run();
  });
}

absl::StatusOr<std::vector<NewTable>> ReadStoredPlan(
    const std::string& extract_path, const PlanRequest& request,
    const std::string& digest) {
  CAIRN_ASSIGN_OR_RETURN(
      const std::unique_ptr<Database> db,
      Database::Open(extract_path, Database::Mode::kReadOnly));
  CAIRN_ASSIGN_OR_RETURN(
      Statement meta, db->Prepare("SELECT value FROM meta WHERE key = 'plan'"));
  CAIRN_ASSIGN_OR_RETURN(const bool has_plan, meta.Step());
  if (!has_plan || meta.Blob(0) != digest) {
    return absl::NotFoundError(
        "the tables that load made were made from something else");
  }
  CAIRN_ASSIGN_OR_RETURN(
      Statement select,
      db->Prepare(
          "SELECT table_key, bytes, receipt, salt, certificates FROM planned "
          "ORDER BY rowid"));
  std::vector<NewTable> tables;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return tables;
    v1::ProtectedTable message;
    CAIRN_RETURN_IF_ERROR(
        ParseMessage(select.Blob(1), kMaxAnswerBytes, &message));
    CAIRN_ASSIGN_OR_RETURN(ProtectedTable table, FromProto(message));
    if (table.data_set() != request.data_set->id ||
        table.epoch() != request.source->epoch() || table.worked_out() ||
        !(table.policy() == *request.policy)) {
      return absl::DataLossError(
          absl::StrCat(extract_path, ": holds a table of other records"));
    }
    CertificateStore::ProofPtr certificates;
    if (!select.IsNull(4)) {
      CAIRN_ASSIGN_OR_RETURN(ReleaseProof proof,
                             ProofFromBytes(select.Blob(4)));
      certificates = std::make_shared<const ReleaseProof>(std::move(proof));
    }
    tables.push_back({select.Text(0),
                      std::make_shared<const ProtectedTable>(std::move(table)),
                      KeptReceipt::Seal(select.Text(2), select.Blob(3)),
                      std::move(certificates)});
  }
}

absl::Status MakePlanReleased(const PlanRequest& request,
                              const std::string& extract_path, Ledger* ledger) {
  const std::string& epoch = request.source->epoch();
  CAIRN_ASSIGN_OR_RETURN(const bool done, AllReleased(request));
  if (done) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(
      const bool same_rule,
      request.releases->AllUnder(*request.policy, request.data_set->id, epoch));
  if (!same_rule) {
    return absl::FailedPreconditionError(
        "these records were first released under another policy");
  }
  CAIRN_ASSIGN_OR_RETURN(const std::string digest, PlanDigest(request));
  auto tables = ReadStoredPlan(extract_path, request, digest);
  if (!tables.ok()) {
    LogLine("plan.protecting",
            {{"data_set", request.data_set->id},
             {"reason", std::string(tables.status().message())}});
    tables = ProtectPlan(request);
    CAIRN_RETURN_IF_ERROR(tables.status());
  }
  if (tables->empty()) return absl::OkStatus();
  if (ledger != nullptr) {
    const Commitment commitment = CommitmentTo(*tables);
    const auto write = [&](const Receipt& receipt) -> absl::Status {
      CAIRN_RETURN_IF_ERROR(request.releases->commitments()->Write(
          receipt.index, commitment.salt, std::nullopt));
      for (const NewTable& table : *tables) {
        CAIRN_RETURN_IF_ERROR(request.releases->Write(table.key, *table.table));
        CAIRN_RETURN_IF_ERROR(request.releases->receipts()->Write(
            table.key, *table.table, table.receipt));
        if (table.certificates == nullptr) continue;
        CAIRN_RETURN_IF_ERROR(request.releases->certificates()->Write(
            request.data_set->id, table.table->measure(), *table.certificates));
      }
      return absl::OkStatus();
    };
    CAIRN_RETURN_IF_ERROR(
        ledger->Append({EntryOf(request, digest, *tables, commitment)}, write)
            .status());
  }
  for (const NewTable& table : *tables) {
    request.releases->Remember(table.key, table.table);
    if (table.certificates == nullptr) continue;
    request.releases->certificates()->Remember(
        request.data_set->id, table.table->measure(), table.certificates);
  }
  return absl::OkStatus();
}

}  // namespace cairn
