#include "tests/simulation/plants.h"

#include <functional>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "agent/ask_book.h"
#include "coordinator/agent_registry.h"
#include "coordinator/agent_session.h"
#include "coordinator/last_receipts.h"
#include "coordinator/query_log.h"
#include "core/disclosure/protected_table.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/ledger.h"
#include "core/ledger/log_signer.h"
#include "core/link/ledger_keys.h"
#include "core/store/witness_memory.h"
#include "tests/simulation/observer.h"
#include "tests/simulation/simulator.h"
#include "tests/simulation/world.h"

namespace cairn::simulation {
namespace {

std::string planted;

}  // namespace

const std::vector<Plant>& Plants() {
  static const std::vector<Plant> plants = {
      {"early-answer", "nothing is synced, and answers leave",
       "no acknowledged entry is lost"},
      {"forgets-questions", "an agent does not write which ids it was asked",
       "no question runs twice"},
      {"changed-bytes", "what is sent again is not what was sent",
       "a question sent again gets the same bytes"},
      {"wrong-entry", "an answer leaves with an entry of a failure",
       "no answer without its entry"},
      {"any-receipt", "the coordinator takes any receipt",
       "only answers with a receipt are merged"},
      {"left-open", "nobody closes what was open at a crash",
       "each question ends once"},
      {"two-ends", "the coordinator logs each end twice",
       "each question ends once"},
      {"always-complete", "an answer with gaps is called complete",
       "silence is shown as silence"},
      {"another-answer", "what is kept of an answer is not what was shown",
       "what the analyst was shown can be fetched"},
      {"another-table", "a released table changes", "what was released stays"},
      {"clock-back", "entries have the times of a clock that goes back",
       "numbers and times rise"},
      {"forgetful-witness", "a witness keeps nothing of what it has seen",
       "a witness never signs two histories"},
      {"blind-log", "a log does not look at what others remember of it",
       "a ledger that went back is found"},
      {"forgets-receipts", "the coordinator keeps no receipt of an agent",
       "a ledger that went back is found"},
      {"silent-agent", "an agent is welcomed and never asked",
       "all is well again once all is mended"},
  };
  return plants;
}

const Plant* FindPlant(const std::string& name) {
  for (const Plant& plant : Plants()) {
    if (plant.name == name) return &plant;
  }
  return nullptr;
}

bool SetPlant(const std::string& name) {
  planted = name;
  return name.empty() || FindPlant(name) != nullptr;
}

bool Planted(const std::string& name) { return planted == name; }

}  // namespace cairn::simulation

// Each function twice: as it is, and as it is called.
#define CAIRN_WRAPPED(result, name, symbol, ...)            \
  result Real##name(__VA_ARGS__) __asm__("__real_" symbol); \
  result name(__VA_ARGS__) __asm__("__wrap_" symbol);       \
  result name(__VA_ARGS__)

#define CAIRN_TEXT "RKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"

namespace cairn::simulation::planted_calls {

CAIRN_WRAPPED(absl::Status, WriteOpen,
              "_ZN5cairn7AskBook9WriteOpenERKNS_2v13AskEm", AskBook* self,
              const v1::Ask& ask, uint64_t seq) {
  if (Planted("forgets-questions")) return absl::OkStatus();
  return RealWriteOpen(self, ask, seq);
}

CAIRN_WRAPPED(absl::Status, WriteAnswer,
              "_ZN5cairn7AskBook11WriteAnswerERKNS_2v16AnswerE", AskBook* self,
              const v1::Answer& answer) {
  if (!Planted("changed-bytes")) return RealWriteAnswer(self, answer);
  v1::Answer other = answer;
  other.set_elapsed_ms(answer.elapsed_ms() + 1);
  return RealWriteAnswer(self, other);
}

CAIRN_WRAPPED(absl::Status, CheckReceipt,
              "_ZN5cairn18CheckAnswerReceiptERKNS_2v16AnswerERKNS_8NodeKeysE",
              const v1::Answer& answer, const NodeKeys& keys) {
  if (Planted("any-receipt")) return absl::OkStatus();
  return RealCheckReceipt(answer, keys);
}

CAIRN_WRAPPED(absl::Status, KeepReceipt,
              "_ZN5cairn12LastReceipts4KeepE" CAIRN_TEXT "S8_",
              LastReceipts* self, const std::string& agency,
              const std::string& proof) {
  if (Planted("forgets-receipts")) return absl::OkStatus();
  return RealKeepReceipt(self, agency, proof);
}

CAIRN_WRAPPED(absl::Status, CloseAbandoned,
              "_ZN5cairn7AskBook14CloseAbandonedEPNS_6LedgerE", AskBook* self,
              Ledger* ledger) {
  if (Planted("left-open")) return absl::OkStatus();
  return RealCloseAbandoned(self, ledger);
}

CAIRN_WRAPPED(absl::Status, QueryAnswered,
              "_ZN5cairn8QueryLog8AnsweredE" CAIRN_TEXT "RKNS_2v16ResultE",
              QueryLog* self, const std::string& outcome,
              const v1::Result& result) {
  v1::Result kept = result;
  if (Planted("another-answer")) kept.add_warning("another");
  const absl::Status done = RealQueryAnswered(self, outcome, kept);
  if (!done.ok() || !Planted("two-ends")) return done;
  return RealQueryAnswered(self, outcome, kept);
}

CAIRN_WRAPPED(std::string, Outcome,
              "_ZN5cairn9OutcomeOfB5cxx11ERKNS_2v16ResultE",
              const v1::Result& result) {
  return Planted("always-complete") ? "complete" : RealOutcome(result);
}

CAIRN_WRAPPED(v1::ProtectedTable, TableToProto,
              "_ZN5cairn7ToProtoERKNS_14ProtectedTableE",
              const ProtectedTable& table) {
  v1::ProtectedTable message = RealTableToProto(table);
  if (Planted("another-table") && Simulator::Current()->Chance(20) &&
      message.value_size() > 0) {
    message.set_value(0, message.value(0) + 5);
  }
  return message;
}

CAIRN_WRAPPED(std::string, EntryText,
              "_ZN5cairn9EntryLineB5cxx11ERKNS_5EntryEml", const Entry& entry,
              uint64_t index, int64_t time_ms) {
  if (Planted("clock-back")) time_ms -= (index % 2) * 3'600'000;
  return RealEntryText(entry, index, time_ms);
}

CAIRN_WRAPPED(absl::StatusOr<cairn::Receipt>, Append,
              "_ZN5cairn6Ledger6AppendERKSt6vectorINS_5EntryESaIS2_EEN4absl7deb"
              "ian311FunctionRefIFNS8_6StatusERKNS_7ReceiptEEEE",
              Ledger* self, const std::vector<Entry>& entries,
              Ledger::SameCommit same_commit) {
  std::vector<Entry> written = entries;
  if (Planted("wrong-entry") && written.back().type == "answer.released") {
    written.back().type = "query.failed";
  }
  return RealAppend(self, written, same_commit);
}

CAIRN_WRAPPED(absl::Status, Keep,
              "_ZN5cairn13WitnessMemory4KeepEPNS_8SeenLogsEPNS_6LedgerE",
              WitnessMemory* self, SeenLogs* seen, Ledger* ledger) {
  if (Planted("forgetful-witness")) return absl::OkStatus();
  return RealKeep(self, seen, ledger);
}

CAIRN_WRAPPED(absl::Status, KeepInCommit,
              "_ZN5cairn13WitnessMemory12KeepInCommitEPNS_8SeenLogsE",
              WitnessMemory* self, SeenLogs* seen) {
  if (Planted("forgetful-witness")) return absl::OkStatus();
  return RealKeepInCommit(self, seen);
}

CAIRN_WRAPPED(absl::StatusOr<Checkpoint>, CheckKept,
              "_ZNK5cairn9LogSigner9CheckKeptE" CAIRN_TEXT,
              const LogSigner* self, const std::string& note) {
  auto checked = RealCheckKept(self, note);
  if (Planted("blind-log") && absl::IsDataLoss(checked.status())) {
    return absl::InvalidArgumentError("planted");
  }
  return checked;
}

CAIRN_WRAPPED(bool, Attach,
              "_ZN5cairn13AgentRegistry6AttachE" CAIRN_TEXT
              "St10shared_ptrINS_12AgentSessionEEN4absl7debian34TimeENSD_11Func"
              "tionRefIFbvEEEPSB_",
              AgentRegistry* self, const std::string& agency,
              std::shared_ptr<AgentSession> session, absl::Time now,
              absl::FunctionRef<bool()> gone,
              std::shared_ptr<AgentSession>* replaced) {
  if (Planted("silent-agent") && agency == "a2") return true;
  return RealAttach(self, agency, std::move(session), now, gone, replaced);
}

// Not planted: the one place where cosignatures are made tells the observer.
CAIRN_WRAPPED(absl::StatusOr<NoteSignature>, Cosign,
              "_ZN5cairn6CosignEN4absl7debian311string_viewERKNS_10SigningKeyE"
              "NS1_4TimeE",
              absl::string_view text, const SigningKey& witness,
              absl::Time time) {
  auto signature = RealCosign(text, witness, time);
  if (signature.ok() && World::Current() != nullptr) {
    World::Current()->Signed(signature->Line(), std::string(text));
  }
  return signature;
}

}  // namespace cairn::simulation::planted_calls
