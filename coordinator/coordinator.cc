#include "coordinator/coordinator.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/answer_receipt.h"
#include "coordinator/coordinator_metrics.h"
#include "core/base/digest.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/link/ledger_wire.h"
#include "core/link/metrics_file.h"
#include "core/link/translate.h"
#include "core/query/filter_text.h"
#include "google/protobuf/arena.h"

namespace cairn {
namespace {

// Most wait for the disk: those that wait together share a commit.
constexpr size_t kWorkers = 16;
constexpr size_t kMaxWaiting = 1024;
constexpr size_t kMaxOpenRuns = 256;
constexpr size_t kMaxOpenRunsOfAnalyst = 128;
constexpr size_t kMaxAsksOfAgency = 128;
// Two of each of 6,000 agencies, while their certificates are renewed.
constexpr size_t kMaxStreams = 12'000;
constexpr size_t kMaxStreamsOfAgency = 4;
// How long a question waits for the agencies to vouch for the ledger, just
// after they have come.
constexpr std::chrono::seconds kQuorumWait(3);
constexpr uint32_t kDefaultTimeoutMs = 30'000;
constexpr uint32_t kMaxTimeoutMs = 600'000;

// q-20261121-3f09a2c417: the day, then random.
std::string NewQueryId(absl::Time now) {
  return absl::StrCat("q-",
                      absl::FormatTime("%Y%m%d", now, absl::UTCTimeZone()), "-",
                      Hex(RandomBytes(5)));
}

// The question as one line, for the history.
std::string QuestionText(const v1::RunQueryRequest& request,
                         const std::string& where) {
  std::string text = absl::StrCat("--from ", request.query().data_set());
  if (request.query().by_size() > 0) {
    absl::StrAppend(&text, " --by ", absl::StrJoin(request.query().by(), ","));
  }
  for (const std::string& measure : request.query().measure()) {
    absl::StrAppend(&text, " --measure ", measure);
  }
  if (!where.empty()) absl::StrAppend(&text, " --where \"", where, "\"");
  if (request.agency_size() > 0) {
    absl::StrAppend(&text, " --agencies ",
                    absl::StrJoin(request.agency(), ","));
  }
  if (request.split_by_agency()) absl::StrAppend(&text, " --split agency");
  return text;
}

v1::QueryEvent EventOf(const AgencyAnswer& answer) {
  v1::QueryEvent event;
  v1::AgencyOutcome* outcome = event.mutable_agency();
  outcome->set_agency(answer.agency);
  outcome->set_outcome(
      answer.outcome == AgencyAnswer::Outcome::kAnswered  ? v1::ANSWERED
      : answer.outcome == AgencyAnswer::Outcome::kRefused ? v1::REFUSED
                                                          : v1::SILENT);
  outcome->set_reason(answer.reason);
  outcome->set_elapsed_ms(answer.elapsed_ms);
  return event;
}

}  // namespace

Coordinator::Coordinator(const CoordinatorSettings* settings, QueryLog* log,
                         AgentRegistry* registry, LedgerHub* ledgers,
                         PeerGate* gate, RejectCounts* rejects,
                         const Clock* clock)
    : settings_(settings),
      log_(log),
      registry_(registry),
      ledgers_(ledgers),
      gate_(gate),
      rejects_(rejects),
      clock_(clock),
      metrics_(CoordinatorMetrics()),
      open_(kMaxOpenRuns, kMaxOpenRunsOfAnalyst),
      streams_(kMaxStreams, kMaxStreamsOfAgency),
      work_(kWorkers, kMaxWaiting) {
  if (!settings_->config.metrics_file().empty()) KeepMetrics();
  if (ledgers_ != nullptr) NextRound();
  KeepGate();
}

Coordinator::~Coordinator() {
  timer_.Stop();
  std::map<std::string, std::shared_ptr<QueryRun>> open;
  {
    MutexLock lock(&mutex_);
    open = runs_;
  }
  for (const auto& [id, run] : open) run->Expire("the coordinator is stopping");
}

bool Coordinator::Run(std::function<void()> work) {
  if (work_.Push(std::move(work))) return true;
  CountReject(Reject::kOverloaded);
  return false;
}

void Coordinator::CountReject(Reject why) {
  // A ledger that went back is to stay as it was found.
  if (ledgers_ == nullptr || ledgers_->CheckSound().ok()) rejects_->Add(why);
}

void Coordinator::Ask(std::string asker, std::string request, PeerGate::Cut cut,
                      OnEvent on_event, OnEnd on_end) {
  const bool taken =
      work_.Push([this, asker = std::move(asker), request = std::move(request),
                  cut = std::move(cut), on_event, on_end] {
        const absl::Status started =
            StartRun(asker, request, cut, on_event, on_end);
        if (started.ok()) return;
        metrics_.Add(kQueries, OutcomeOfFailure(started));
        if (absl::IsResourceExhausted(started)) {
          CountReject(Reject::kOverloaded);
        } else if (request.size() > kMaxQuestionBytes) {
          CountReject(Reject::kTooLarge);
        } else if (OutcomeOfFailure(started) == "invalid") {
          CountReject(Reject::kInvalid);
        }
        on_end(started);
      });
  if (!taken) {
    metrics_.Add(kQueries, "overloaded");
    CountReject(Reject::kOverloaded);
    on_end(absl::ResourceExhaustedError(
        "too many questions are waiting; ask again in 2 seconds"));
  }
}

absl::Status Coordinator::ReadQuestion(const std::string& bytes,
                                       Question* question) {
  CAIRN_RETURN_IF_ERROR(
      ParseMessage(bytes, kMaxQuestionBytes, &question->request));
  CAIRN_ASSIGN_OR_RETURN(const Query query,
                         FromProto(question->request.query()));
  CAIRN_ASSIGN_OR_RETURN(const DataSet* data_set,
                         settings_->catalogue->Find(query.data_set));
  if (!settings_->catalogue->HasPurpose(query.purpose)) {
    std::vector<std::string> ids;
    for (const Purpose& purpose : settings_->catalogue->purposes) {
      ids.push_back(purpose.id);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("there is no purpose '", query.purpose.substr(0, 40),
                     "'; use one of: ", absl::StrJoin(ids, ", ")));
  }
  CAIRN_ASSIGN_OR_RETURN(question->plan, MakePlan(*data_set, query));
  question->context.plan = &question->plan;
  question->context.split = question->request.split_by_agency();
  const absl::Time now = clock_->Now();
  question->query_id = NewQueryId(now);
  question->asked_at = FormatUtc(now);
  return ChooseAgencies(question);
}

absl::Status Coordinator::ChooseAgencies(Question* question) const {
  const std::string& data_set = question->plan.data_set->id;
  std::vector<std::string> ids;
  for (const auto& member : settings_->config.agency()) {
    ids.push_back(member.id());
  }
  std::vector<std::string> chosen(question->request.agency().begin(),
                                  question->request.agency().end());
  const absl::flat_hash_set<absl::string_view> members(ids.begin(), ids.end());
  absl::flat_hash_set<absl::string_view> named;
  for (const std::string& agency : chosen) {
    if (members.count(agency) == 0) {
      const std::string near = Nearest(agency, ids);
      return absl::NotFoundError(absl::StrCat(
          "there is no agency '", agency.substr(0, 40), "'",
          near.empty() ? "; see: cairn agencies"
                       : absl::StrCat("; did you mean ", near, "?")));
    }
    if (!named.insert(agency).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("agency ", agency, " is named twice"));
    }
  }
  if (chosen.empty()) {
    for (const auto& member : settings_->config.agency()) {
      const bool holds =
          std::find(member.data_set().begin(), member.data_set().end(),
                    data_set) != member.data_set().end() ||
          registry_->HoldingOf(member.id(), data_set) != nullptr;
      if (holds) chosen.push_back(member.id());
    }
  }
  if (chosen.empty()) {
    return absl::NotFoundError(
        absl::StrCat("no agency of the partnership holds ", data_set));
  }
  const auto nothing = std::make_shared<const v1::Holding>();
  for (const std::string& agency : chosen) {
    const auto holding = registry_->HoldingOf(agency, data_set);
    question->context.holdings.push_back(holding == nullptr ? nothing
                                                            : holding);
  }
  question->agencies = std::move(chosen);
  return absl::OkStatus();
}

absl::Status Coordinator::StartRun(const std::string& asker,
                                   const std::string& bytes,
                                   const PeerGate::Cut& cut,
                                   const OnEvent& on_event,
                                   const OnEnd& on_end) {
  auto question = std::make_shared<Question>();
  question->asker = asker;
  CAIRN_RETURN_IF_ERROR(ReadQuestion(bytes, question.get()));
  const std::string& signer = question->request.asker_certificate();
  if (!signer.empty()) {
    CAIRN_RETURN_IF_ERROR(gate_->CheckSigner(signer));
    question->watch = gate_->WatchSigner(signer, cut);
  }
  const Query& query = question->plan.query;
  const std::string where =
      query.where.has_value() ? FilterToText(*query.where) : "";
  Slots::Full full;
  question->slot = open_.Take(asker, &full);
  if (question->slot == nullptr) {
    return absl::ResourceExhaustedError(
        full == Slots::Full::kOfOne
            ? "too many questions of yours are open; ask again in 2 seconds"
            : "too many questions are open; ask again in 2 seconds");
  }
  std::vector<Entry> notes;
  if (ledgers_ != nullptr) {
    CAIRN_RETURN_IF_ERROR(ledgers_->CheckSound());
    notes = ledgers_->TakeEntries();
  }
  CAIRN_ASSIGN_OR_RETURN(
      question->logged,
      log_->Received(
          {question->query_id, question->asked_at, asker, query.purpose,
           query.data_set, QuestionText(question->request, where), bytes,
           question->request.query().SerializeAsString()},
          std::move(notes), [this] {
            return ledgers_ == nullptr ? absl::OkStatus()
                                       : ledgers_->KeepInCommit();
          }));
  question->receipt.set_index(question->logged.receipt.index);
  question->receipt.set_entry_hash(question->logged.receipt.entry_hash);

  LogLine("query.received", {{"query", question->query_id}});

  v1::QueryEvent started;
  started.mutable_started()->set_query_id(question->query_id);
  for (const std::string& agency : question->agencies) {
    started.mutable_started()->add_agency(agency);
  }
  on_event(started);

  const uint32_t asked = question->request.timeout_ms();
  const uint32_t timeout_ms =
      asked == 0 ? kDefaultTimeoutMs : std::min(asked, kMaxTimeoutMs);
  auto run = std::make_shared<QueryRun>(
      question->query_id, question->agencies,
      [on_event](const AgencyAnswer& answer) { on_event(EventOf(answer)); },
      [this, question, on_event, on_end](std::vector<AgencyAnswer> answers) {
        // On whichever thread ended it: the disk is for a worker.
        auto shared =
            std::make_shared<std::vector<AgencyAnswer>>(std::move(answers));
        const auto finish = [this, question, shared, on_event, on_end] {
          FinishRun(question, std::move(*shared), on_event, on_end);
        };
        if (!work_.Push(finish)) finish();
      });
  {
    MutexLock lock(&mutex_);
    runs_[question->query_id] = run;
  }
  timer_.At(Timer::Clock::now() + std::chrono::milliseconds(timeout_ms),
            [weak = std::weak_ptr<QueryRun>(run)] {
              if (const auto open = weak.lock()) {
                open->Expire("did not answer in time");
              }
            });
  if (ledgers_ == nullptr) {
    SendAsks(question, run, timeout_ms);
    return absl::OkStatus();
  }
  const bool sent = ledgers_->WhenWitnessed([this, question, run, timeout_ms] {
    SendAsks(question, run, timeout_ms);
  });
  if (sent) return absl::OkStatus();
  timer_.At(Timer::Clock::now() + kQuorumWait, [this] {
    // The agencies say for themselves what they miss.
    if (!work_.Push([this] { ledgers_->Release(); })) ledgers_->Release();
  });
  return absl::OkStatus();
}

void Coordinator::SendAsks(const std::shared_ptr<Question>& asked,
                           const std::shared_ptr<QueryRun>& run,
                           uint32_t timeout_ms) {
  Question& question = *asked;
  v1::CoordinatorMessage message;
  v1::Ask* ask = message.mutable_ask();
  ask->set_query_id(question.query_id);
  ask->set_query(question.request.query().SerializeAsString());
  ask->set_answer_within_ms(timeout_ms);
  ask->set_asker(question.asker);
  ask->set_signed_question(question.request.signed_question());
  ask->set_asker_certificate(question.request.asker_certificate());
  std::vector<AgencyAnswer> silent;
  if (ledgers_ == nullptr) {
    // The same to all: put into bytes once.
    const std::string bytes = message.SerializeAsString();
    for (const std::string& agency : question.agencies) {
      SendAsk(agency, bytes, &silent);
    }
    TellSilent(run, std::move(silent));
    return;
  }
  const absl::Status shown = ledgers_->Show(
      question.logged.receipt.index, question.agencies,
      [&](const std::string& agency, const ShownEntry& entry) {
        {
          MutexLock lock(&mutex_);  // the deadline may end the run meanwhile
          if (question.receipt.proof().empty()) {
            question.receipt.set_entry(entry.line);
            question.receipt.set_proof(entry.proof);
          }
        }
        *ask->mutable_logged() = ToProto(entry, question.logged.salt);
        return SendAsk(agency, message.SerializeAsString(), &silent);
      });
  TellSilent(run, std::move(silent));
  if (!shown.ok()) run->Expire(std::string(shown.message()));
}

bool Coordinator::SendAsk(const std::string& agency, const std::string& message,
                          std::vector<AgencyAnswer>* silent) {
  auto session = registry_->SessionOf(agency);
  // This one is among those that wait.
  const bool room = CountWaiting(agency) <= kMaxAsksOfAgency;
  while (room && session != nullptr) {
    if (session->SendBytes(message)) return true;
    const auto closing = std::exchange(session, registry_->SessionOf(agency));
    // A newer stream of the agency may have taken its place meanwhile.
    if (session == closing) break;
  }
  silent->emplace_back();
  silent->back().agency = agency;
  silent->back().reason = session == nullptr ? "is not connected"
                                             : "has too many questions waiting";
  return false;
}

void Coordinator::TellSilent(const std::shared_ptr<QueryRun>& run,
                             std::vector<AgencyAnswer> silent) {
  if (silent.empty()) return;
  const auto shared =
      std::make_shared<std::vector<AgencyAnswer>>(std::move(silent));
  const auto tell = [run, shared] {
    for (AgencyAnswer& answer : *shared) run->Accept(std::move(answer));
  };
  // Not here: the last one ends the run, and that takes time.
  if (!work_.Push(tell)) tell();
}

// No receipt, no answer.
AgencyAnswer Coordinator::Read(const std::string& agency,
                               const v1::Answer& answer) const {
  AgencyAnswer read = ReadAnswer(agency, answer, settings_->floor);
  if (ledgers_ == nullptr) return read;
  const NodeKeys* keys = ledgers_->KeysOf(agency);
  const absl::Status proven =
      keys == nullptr ? absl::NotFoundError("its key is not in the ledger_keys")
                      : CheckAnswerReceipt(answer, *keys);
  if (proven.ok()) return read;
  const bool refused = read.outcome == AgencyAnswer::Outcome::kRefused;
  // Some refusals come before anything was logged, and none adds a figure.
  if (!refused) {
    AgencyAnswer without;
    without.agency = agency;
    without.outcome = AgencyAnswer::Outcome::kRefused;
    without.reason = absl::StrCat(
        "gave no receipt that holds, so its answer was not taken: ",
        proven.message());
    without.elapsed_ms = read.elapsed_ms;
    read = std::move(without);
  }
  read.receipt = {};
  read.entry.clear();
  read.proof.clear();
  return read;
}

void Coordinator::FinishRun(const std::shared_ptr<Question>& question,
                            std::vector<AgencyAnswer> answers,
                            const OnEvent& on_event, const OnEnd& on_end) {
  // Tens of thousands of small pieces, which are made and let go together.
  google::protobuf::Arena arena;
  auto* event = google::protobuf::Arena::CreateMessage<v1::QueryEvent>(&arena);
  v1::Result* result = event->mutable_result();
  {
    MutexLock lock(&mutex_);
    runs_.erase(question->query_id);
    *result->mutable_receipt() = question->receipt;
  }
  const Query& query = question->plan.query;
  result->set_query_id(question->query_id);
  *result->mutable_query() = question->request.query();
  result->set_asked_at(question->asked_at);
  result->set_asker(question->asker);
  for (const std::string& variable : query.by) result->add_dimension(variable);
  for (const Measure& measure : query.measures) {
    result->add_measure(measure.ToString());
  }
  if (query.where.has_value()) {
    result->set_where_text(FilterToText(*query.where));
  }
  FillResult(question->context, std::move(answers), result);
  const std::string outcome = OutcomeOf(*result);
  const absl::Status kept = log_->Answered(outcome, *result);
  const std::chrono::duration<double> took =
      Timer::Clock::now() - question->came;
  metrics_.Add(kQueries, kept.ok() ? outcome : "failed");
  metrics_.Observe(kQuerySeconds, took.count());
  LogLine("query.ended", {{"query", question->query_id},
                          {"outcome", kept.ok() ? outcome : "failed"}});
  // Before the asker can know that it has ended.
  question->slot.reset();
  if (!kept.ok()) {
    on_end(kept);
    return;
  }
  on_event(*event);
  on_end(absl::OkStatus());
}

std::shared_ptr<QueryRun> Coordinator::FindRun(const std::string& query_id) {
  MutexLock lock(&mutex_);
  const auto found = runs_.find(query_id);
  return found == runs_.end() ? nullptr : found->second;
}

void Coordinator::KeepMetrics() {
  if (!work_.Push([this] { WriteMetricsNow(); })) {
    LogLine("metrics.skipped", {{"reason", "too much work is waiting"}});
  }
  timer_.At(Timer::Clock::now() + kMetricsEvery, [this] { KeepMetrics(); });
}

void Coordinator::WriteMetricsNow() {
  metrics_.Set(kOpenQueries, static_cast<double>(open_.taken()));
  metrics_.Set(kAttached, static_cast<double>(registry_->Sessions().size()));
  metrics_.Set(kMembers, settings_->config.agency_size());
  metrics_.Set(kEntries, static_cast<double>(log_->ledger()->size()));
  const absl::Status written =
      WriteMetrics(metrics_, settings_->config.metrics_file());
  if (written.ok()) return;
  LogLine("metrics.failed", {{"reason", std::string(written.message())}});
}

size_t Coordinator::CountWaiting(const std::string& agency) {
  MutexLock lock(&mutex_);
  size_t waiting = 0;
  for (const auto& [id, run] : runs_) waiting += run->WaitsFor(agency);
  return waiting;
}

v1::Description Coordinator::Describe() const {
  v1::Description description;
  *description.mutable_catalogue() = settings_->catalogue_message;
  for (const auto& member : settings_->config.agency()) {
    const AgentRegistry::Agency found = registry_->Find(member.id());
    auto* agency = description.add_agency();
    agency->set_id(member.id());
    agency->set_name(member.name());
    agency->set_kind(member.kind());
    agency->set_attached(found.session != nullptr);
    if (found.last_seen != absl::InfinitePast()) {
      agency->set_last_seen(FormatUtc(found.last_seen));
    }
    for (const auto& holding : found.holdings) {
      *agency->add_holding() = *holding;
    }
  }
  return description;
}

}  // namespace cairn
