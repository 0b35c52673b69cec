#include "agent/steward.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "agent/agent.h"
#include "agent/desk_store.h"
#include "agent/earlier_extract.h"
#include "agent/loader.h"
#include "agent/node_ledger.h"
#include "agent/open_source.h"
#include "agent/own_identity.h"
#include "agent/places.h"
#include "agent/plan_load.h"
#include "agent/preview.h"
#include "agent/progress_bar.h"
#include "core/base/command_line.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/ledger/log_signer.h"
#include "core/link/ledger_keys.h"
#include "core/link/policy_file.h"
#include "core/link/text_config.h"
#include "core/store/sqlite_checkpoint_store.h"
#include "core/store/witness_memory.h"

namespace cairn {
namespace {

void Print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

absl::Status MakeStateDir(const std::string& dir) {
  return MakeDir(absl::StrCat(dir, "/extract"));
}

std::string Columns(const LoadReport& report) {
  std::string text;
  for (const ColumnCounts& column : report.columns) {
    if (column.unmapped_rows > 0) {
      absl::StrAppend(&text, "  column ", column.column, ": ",
                      column.unmapped_rows, " rows (", column.unmapped_values,
                      column.unmapped_values == 1 ? " value" : " values",
                      ") did not map and went to ", column.unmapped_to, "\n");
    }
    if (column.empty_rows > 0) {
      absl::StrAppend(&text, "  column ", column.column, ": ",
                      column.empty_rows, " rows were empty and went to ",
                      column.empty_to, "\n");
    }
  }
  return text;
}

std::string ReportText(const LoadReport& report) {
  std::string text = absl::StrFormat(
      "%s: %d rows %s in %.1f s%s (epoch %s)\n", report.data_set, report.rows,
      report.in_place ? "seen" : "loaded", report.seconds,
      report.in_place ? ", which stay in the database" : "", report.epoch);
  if (report.rows_outside_period > 0) {
    absl::StrAppend(&text, "  ", report.rows_outside_period,
                    " rows lie outside the months covered and were left out\n");
  }
  if (report.has_person && report.rows_without_person > 0) {
    absl::StrAppend(&text, "  ", report.rows_without_person,
                    " rows have no person key\n");
  }
  for (const std::string& words : WordsOf(report.months)) {
    absl::StrAppend(&text, "  ", words, "\n");
  }
  if (report.stands_apart) {
    absl::StrAppend(&text,
                    "  these records cannot be held against those of which "
                    "figures were released before: their codes, or the "
                    "catalogue, are others, or the load was told to start "
                    "anew\n");
  }
  return text + Columns(report);
}

// Of which figures have left: all of them stand in the state database.
absl::StatusOr<std::vector<std::string>> ReleasedEpochs(
    const AgentSettings& settings, const std::string& data_set) {
  if (access(settings.DatabasePath().c_str(), F_OK) != 0) {
    return std::vector<std::string>();
  }
  CAIRN_ASSIGN_OR_RETURN(
      const std::unique_ptr<Database> database,
      Database::Open(settings.DatabasePath(), Database::Mode::kDurable));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<ReleaseStore> releases,
                         ReleaseStore::Create(database.get()));
  return releases->Epochs(data_set);
}

absl::Status LoadOne(const AgentSettings& settings, const v1::Source& source,
                     const Places* places, const std::string& key,
                     bool start_anew) {
  CAIRN_ASSIGN_OR_RETURN(const DataSet* data_set,
                         settings.catalogue->Find(source.data_set()));
  // Ctrl-C ends the load with the old records in place.
  static std::atomic<bool> stop{false};
  auto bar = std::make_unique<ProgressBar>(source.data_set());
  LoadRequest request{*settings.catalogue,
                      *data_set,
                      source,
                      places,
                      settings.config.state_dir(),
                      key,
                      {},
                      {},
                      &stop};
  request.rule = Sha256Hex(ToProto(settings.policy).SerializeAsString());
  request.start_anew = start_anew;
  CAIRN_ASSIGN_OR_RETURN(request.released,
                         ReleasedEpochs(settings, source.data_set()));
  request.progress = [&bar](double fraction, absl::string_view doing) {
    bar->Show(fraction, doing);
  };
  if (isatty(STDERR_FILENO) == 1) {
    request.on_terminal = [](const std::string& sentence) {
      std::fprintf(stderr, "\r\033[K%s\n", sentence.c_str());
    };
  }
  std::string planned;
  request.complete = [&](const std::string& path) -> absl::Status {
    const ProgressBar plan_bar(source.data_set() + ", release plan");
    const auto progress = [&plan_bar](size_t done, size_t all) {
      plan_bar.Show(static_cast<double>(done) / static_cast<double>(all),
                    absl::StrFormat("%d of %d tables", done, all));
    };
    CAIRN_ASSIGN_OR_RETURN(
        planned, PlanAtLoad(settings, *data_set, path, key, progress));
    return absl::OkStatus();
  };
  auto report = LoadDataSet(request);
  bar.reset();
  if (!report.ok()) return report.status();
  Print(ReportText(*report) + planned);
  return absl::OkStatus();
}

// One line of `check`: ok or FAIL, what, the details.
class Checklist {
 public:
  void Add(const char* what, const absl::Status& status,
           const std::string& details) {
    Print(
        absl::StrFormat("%-5s %-18s %s\n", status.ok() ? "ok" : "FAIL", what,
                        status.ok() ? details : std::string(status.message())));
    if (!status.ok() && first_.ok()) first_ = status;
  }
  absl::Status first() const { return first_; }

 private:
  absl::Status first_;
};

absl::Status CheckMapping(const AgentSettings& settings,
                          const v1::Source& source, const Places* places) {
  CAIRN_ASSIGN_OR_RETURN(const DataSet* data_set,
                         settings.catalogue->Find(source.data_set()));
  v1::Mapping mapping;
  CAIRN_RETURN_IF_ERROR(ReadTextProto(source.mapping(), &mapping));
  MappingInputs inputs;
  inputs.mapping = &mapping;
  inputs.path = source.mapping();
  inputs.data_set = data_set;
  inputs.places = places;
  CAIRN_ASSIGN_OR_RETURN(inputs.months, CoveredMonths(source, *data_set));
  if (!source.has_database()) {
    CAIRN_ASSIGN_OR_RETURN(inputs.precision, FindPrecision(source, mapping));
  }
  return MakeLoadPlan(inputs).status();
}

// The state of a data set's release plan, one line.
void PrintPlan(const AgentSettings& settings, const DataSet& data_set,
               const DataSource& source, const char* before) {
  const std::string words = PlanState(settings, data_set, source);
  if (words.empty()) return;
  Print(absl::StrFormat("%s%s %s\n", before, "release plan",
                        data_set.id + ": " + words));
}

}  // namespace

absl::Status InitAgent(const std::string& config_path,
                       const std::string& agency) {
  for (const char c : agency) {
    if (absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-') continue;
    return absl::InvalidArgumentError(
        "--agency: an id is lower-case letters, digits and -");
  }
  if (access(config_path.c_str(), F_OK) == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(config_path, ": is there already; it was not changed"));
  }
  CAIRN_RETURN_IF_ERROR(WriteFile(config_path, ExampleAgentConfig(agency)));
  Print(absl::StrCat("Wrote ", config_path,
                     ". Edit it, then: cairn-agent check --config ",
                     config_path, "\n"));
  return absl::OkStatus();
}

absl::Status CheckAgent(const std::string& config_path) {
  Checklist list;
  auto settings = ReadAgentConfig(config_path);
  list.Add("config", settings.status(), config_path);
  if (!settings.ok()) return list.first();
  list.Add("catalogue", absl::OkStatus(),
           absl::StrCat(settings->config.catalogue(), ", version ",
                        settings->catalogue->version));
  list.Add(
      "policy", absl::OkStatus(),
      absl::StrCat(settings->policy.profile, ": ", settings->policy.ToWords()));
  if (!settings->config.release_plan().empty()) {
    list.Add("release plan", absl::OkStatus(), settings->config.release_plan());
  }
  list.Add("identity", CheckOwnIdentity(*settings),
           absl::StrCat("spiffe://", settings->catalogue->partnership,
                        "/agent/", settings->config.agency()));
  auto places = ReadPlaces(*settings);
  if (settings->config.has_places()) {
    list.Add("places", places.status(),
             places.ok() ? absl::StrCat(
                               (*places)->Codes(0).size(), " areas (",
                               absl::StrJoin((*places)->variables(), ", "), ")")
                         : "");
  }
  for (const v1::Source& source : settings->config.source()) {
    list.Add("mapping",
             places.ok() ? CheckMapping(*settings, source, places->get())
                         : places.status(),
             absl::StrCat(source.data_set(), ": ", source.mapping()));
    if (source.has_database() && places.ok()) {
      const auto words = CheckDatabase(*settings, source, places->get());
      list.Add("database", words.status(),
               words.ok() ? absl::StrCat(source.data_set(), ": ", *words) : "");
    }
    const auto data_set = settings->catalogue->Find(source.data_set());
    const auto extract = OpenDataSource(
        *settings, **data_set, settings->ExtractPath(source.data_set()));
    if (absl::IsNotFound(extract.status())) {
      Print(absl::StrFormat(
          "%-5s %-18s %s\n", "-", "records",
          source.data_set() + ": not loaded yet; run: cairn-agent load"));
    } else {
      list.Add(
          "records", extract.status(),
          extract.ok()
              ? absl::StrCat(source.data_set(), ": ", (*extract)->meta().rows(),
                             " rows, loaded ", (*extract)->meta().loaded_at())
              : "");
      if (extract.ok()) PrintPlan(*settings, **data_set, **extract, "-    ");
    }
  }
  return list.first();
}

absl::Status LoadAgent(const std::string& config_path,
                       const std::string& data_set, bool start_anew) {
  CAIRN_ASSIGN_OR_RETURN(const AgentSettings settings,
                         ReadAgentConfig(config_path));
  if (!data_set.empty() && settings.FindSource(data_set) == nullptr) {
    std::vector<std::string> ids;
    for (const v1::Source& source : settings.config.source()) {
      ids.push_back(source.data_set());
    }
    return absl::NotFoundError(
        absl::StrCat(config_path, ": has no source for '", data_set,
                     "'; it has: ", absl::StrJoin(ids, ", ")));
  }
  CAIRN_RETURN_IF_ERROR(MakeStateDir(settings.config.state_dir()));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<Places> places,
                         ReadPlaces(settings));
  if (places != nullptr) {
    CAIRN_RETURN_IF_ERROR(SavePlaces(*places, settings.config.state_dir()));
    Print(absl::StrCat(
        "places: ", places->Codes(0).size(), " areas",
        places->area().empty() ? "" : absl::StrCat(" in ", places->area()),
        "\n"));
  }
  CAIRN_ASSIGN_OR_RETURN(const std::string key,
                         ReadOrMakeKey(settings.config.state_dir()));
  for (const v1::Source& source : settings.config.source()) {
    if (!data_set.empty() && source.data_set() != data_set) continue;
    CAIRN_RETURN_IF_ERROR(
        LoadOne(settings, source, places.get(), key, start_anew));
  }
  return absl::OkStatus();
}

absl::Status PreviewAgent(const std::string& config_path,
                          const QuestionText& question) {
  CAIRN_ASSIGN_OR_RETURN(const AgentSettings settings,
                         ReadAgentConfig(config_path));
  CAIRN_ASSIGN_OR_RETURN(const Plan plan,
                         ReadQuestion(*settings.catalogue, question));
  CAIRN_RETURN_IF_ERROR(MakeStateDir(settings.config.state_dir()));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<AgentState> state,
                         OpenAgentState(settings));
  Answerer answerer(&settings, state->ledger.get(), state->releases.get(),
                    state->asks.get());
  CAIRN_ASSIGN_OR_RETURN(const Answerer::Preview preview,
                         answerer.MakePreview(plan.query));
  CAIRN_ASSIGN_OR_RETURN(const std::string text, PreviewText(preview));
  Print(text);
  return absl::OkStatus();
}

absl::Status StatusAgent(const std::string& config_path) {
  CAIRN_ASSIGN_OR_RETURN(const AgentSettings settings,
                         ReadAgentConfig(config_path));
  Print(absl::StrCat(
      "agency       ", settings.config.agency(), "\ncoordinator  ",
      settings.config.coordinator(), "\nrule         ",
      settings.policy.ToWords(), "\nrunning      ",
      StateDirIsLocked(settings.config.state_dir()) ? "yes" : "no", "\n"));
  for (const v1::Source& source : settings.config.source()) {
    const auto data_set = settings.catalogue->Find(source.data_set());
    const auto extract = OpenDataSource(
        settings, **data_set, settings.ExtractPath(source.data_set()));
    Print(absl::StrCat(
        "records      ", source.data_set(), ": ",
        extract.ok() ? absl::StrCat((*extract)->meta().rows(), " rows, loaded ",
                                    (*extract)->meta().loaded_at(), ", epoch ",
                                    (*extract)->epoch())
        : absl::IsNotFound(extract.status())
            ? "not loaded yet"
            : std::string(extract.status().message()),
        "\n"));
    if (extract.ok()) PrintPlan(settings, **data_set, **extract, "");
  }
  const auto secrets =
      ReadNodeSecrets(settings.config.state_dir(),
                      OwnerIn(*settings.catalogue, settings.config.agency()));
  Print(LedgerKeysStatus(secrets));
  const std::string overdue =
      secrets.ok() ? WhyOverdue(NodeOf(settings), *secrets, SystemClock().Now())
                   : "";
  if (!overdue.empty()) Print(absl::StrCat("log          ", overdue, "\n"));
  if (access(settings.DatabasePath().c_str(), F_OK) != 0)
    return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<AgentState> state,
                         OpenAgentState(settings));
  Print(absl::StrCat("ledger       ", state->ledger->size(), " entries\n"));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<DeskStore> desk,
                         DeskStore::Create(state->database.get()));
  CAIRN_ASSIGN_OR_RETURN(const Desk now, desk->ReadDesk());
  CAIRN_ASSIGN_OR_RETURN(const auto waiting,
                         desk->InState(CaseState::kWaiting));
  Print(absl::StrCat(
      "questions    ",
      settings.config.has_people() ? "must be signed" : "need no signature",
      "\nagreement    ",
      settings.config.agreement().empty() ? "none"
                                          : settings.config.agreement(),
      "\ndesk         ", NameOf(now.mode), now.paused ? ", paused" : "", ", ",
      waiting.size(), " waiting\n"));
  const absl::Status sound = state->releases->sound();
  if (!sound.ok()) {
    Print(absl::StrCat("releases     ", sound.message(), "\n"));
  }
  for (const v1::Source& source : settings.config.source()) {
    const auto extract =
        EarlierExtract::Open(settings.ExtractPath(source.data_set()));
    if (extract == nullptr) continue;
    CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> released,
                           state->releases->Epochs(source.data_set()));
    const absl::Status vouched = CheckVouched(extract->meta(), released);
    if (vouched.ok()) continue;
    Print(absl::StrCat("not vouched  ", source.data_set(), ": ",
                       vouched.message(), "\n"));
  }
  return absl::OkStatus();
}

absl::Status KeysAgent(const std::string& config_path) {
  CAIRN_ASSIGN_OR_RETURN(const AgentSettings settings,
                         ReadAgentConfig(config_path));
  CAIRN_RETURN_IF_ERROR(MakeDir(settings.config.state_dir()));
  const LogOwner owner = OwnerIn(*settings.catalogue, settings.config.agency());
  CAIRN_ASSIGN_OR_RETURN(const NodeSecrets secrets,
                         ReadOrMakeNodeSecrets(settings.config.state_dir(),
                                               owner, SystemClock().Now()));
  Print(LedgerKeysText(owner, PublicHalves(secrets)));
  return absl::OkStatus();
}

absl::Status BeginWitnessAnew(const std::string& config_path) {
  CAIRN_ASSIGN_OR_RETURN(const AgentSettings settings,
                         ReadAgentConfig(config_path));
  const std::string& state_dir = settings.config.state_dir();
  CAIRN_RETURN_IF_ERROR(LockStateDir(state_dir));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<AgentState> state,
                         OpenAgentState(settings));
  CAIRN_ASSIGN_OR_RETURN(
      NodeSecrets secrets,
      ReadNodeSecrets(state_dir,
                      OwnerIn(*settings.catalogue, settings.config.agency())));
  CAIRN_ASSIGN_OR_RETURN(
      const auto checkpoints,
      SqliteCheckpointStore::Open(CheckpointPath(state_dir)));
  // Nothing is added to a ledger that was rolled back.
  CAIRN_RETURN_IF_ERROR(LogSigner::Create(std::move(secrets.log),
                                          state->ledger.get(),
                                          checkpoints.get())
                            .status());
  CAIRN_RETURN_IF_ERROR(WitnessMemory::BeginAnew(
      state_dir, state->database.get(), state->ledger.get()));
  Print("ok    witness.db: begun anew; the ledger says so\n");
  return absl::OkStatus();
}

}  // namespace cairn
