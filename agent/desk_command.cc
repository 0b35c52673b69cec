#include "agent/desk_command.h"

#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/config.h"
#include "agent/desk_store.h"
#include "core/base/clock.h"
#include "core/base/command_line.h"
#include "core/base/status_macros.h"
#include "core/identity/signed_decision.h"
#include "core/link/people_files.h"

namespace cairn {
namespace {

constexpr size_t kShownDigits = 12;

void Print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

struct OpenDesk {
  AgentSettings settings;
  std::unique_ptr<Database> database;
  std::unique_ptr<DeskStore> store;
};

absl::StatusOr<OpenDesk> Open(const std::string& config_path) {
  OpenDesk open;
  CAIRN_ASSIGN_OR_RETURN(open.settings, ReadAgentConfig(config_path));
  CAIRN_RETURN_IF_ERROR(MakeDir(open.settings.config.state_dir()));
  CAIRN_ASSIGN_OR_RETURN(
      open.database,
      Database::Open(open.settings.DatabasePath(), Database::Mode::kDurable));
  CAIRN_ASSIGN_OR_RETURN(open.store, DeskStore::Create(open.database.get()));
  return open;
}

std::string DeskWords(const Desk& desk) {
  return absl::StrCat("desk    ", NameOf(desk.mode),
                      desk.paused ? ", PAUSED: nothing is answered" : "", "\n");
}

std::string CaseWords(const WaitingQuestion& question) {
  const Case& given = question.given;
  const int wanted = StillWanted(given);
  std::string text =
      absl::StrCat(given.question.substr(0, kShownDigits), "  ",
                   NameOf(given.state), "\n  ", question.words, "\n  asked by ",
                   given.asker, " at ", FormatUtc(given.arrived),
                   ", to be decided by ", FormatUtc(given.expires), "\n");
  if (given.stage == CaseStage::kResult) {
    absl::StrAppend(&text, "  the question was approved; its result waits\n");
  }
  if (wanted > 0) {
    absl::StrAppend(&text, "  needs ", wanted, " more to approve",
                    given.one_from_agency
                        ? absl::StrCat(", one of all of ", given.agency)
                        : "",
                    "\n");
  }
  for (const Decision& decision : given.decisions) {
    absl::StrAppend(&text, "  ", FormatUtc(decision.at), " ", decision.person,
                    " (", decision.organisation, ") ", NameOf(decision.kind),
                    decision.why == RefusalCode::kNone
                        ? ""
                        : absl::StrCat(": ", NameOf(decision.why)),
                    "\n");
  }
  return text;
}

}  // namespace

absl::Status ReviewDesk(const std::string& config_path,
                        const std::string& question) {
  CAIRN_ASSIGN_OR_RETURN(const OpenDesk open, Open(config_path));
  CAIRN_ASSIGN_OR_RETURN(const Desk desk, open.store->ReadDesk());
  std::string text = DeskWords(desk);
  if (!question.empty()) {
    CAIRN_ASSIGN_OR_RETURN(const WaitingQuestion found,
                           open.store->FindByPrefix(question));
    Print(absl::StrCat(text, "\n", CaseWords(found),
                       found.result_words.empty() ? "" : "\n",
                       found.result_words));
    return absl::OkStatus();
  }
  size_t waiting = 0;
  for (const CaseState state : {CaseState::kWaiting, CaseState::kHeld}) {
    CAIRN_ASSIGN_OR_RETURN(const std::vector<WaitingQuestion> questions,
                           open.store->InState(state));
    for (const WaitingQuestion& found : questions) {
      absl::StrAppend(&text, "\n", CaseWords(found));
      ++waiting;
    }
  }
  if (waiting == 0) absl::StrAppend(&text, "nothing waits\n");
  Print(text);
  return absl::OkStatus();
}

absl::Status DecideAtDesk(const std::string& config_path,
                          const DecideFlags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const OpenDesk open, Open(config_path));
  CAIRN_ASSIGN_OR_RETURN(WaitingQuestion question,
                         open.store->FindByPrefix(flags.question));
  CAIRN_ASSIGN_OR_RETURN(const Signer signer, ReadSigner(flags.certificate));
  const Person& person = signer.person;
  if (!May(person.roles, Call::kApproveQuestion)) {
    return absl::PermissionDeniedError(
        absl::StrCat(flags.certificate,
                     ": is neither a steward's nor an approver's certificate"));
  }
  const Case& given = question.given;
  Decision decision;
  decision.person = person.id;
  decision.key_id = KeyIdOf(person.public_key);
  decision.organisation = person.organisation;
  decision.kind = flags.kind;
  decision.subject =
      given.stage == CaseStage::kResult ? given.result : given.question;
  decision.at = SystemClock().Now();
  if (!flags.why.empty()) {
    CAIRN_ASSIGN_OR_RETURN(decision.why, ParseRefusalCode(flags.why));
  }
  Case tried = given;
  CAIRN_RETURN_IF_ERROR(Decide(decision, decision.at, &tried));
  Print(CaseWords(question));
  CAIRN_ASSIGN_OR_RETURN(
      const SecretKey key,
      OpenKeyOf(signer, flags.key, flags.pin_file,
                absl::StrCat("To ", NameOf(flags.kind), " this")));
  CAIRN_ASSIGN_OR_RETURN(
      const std::string envelope,
      SignDecision(key, {person.partnership, open.settings.config.agency(),
                         person.id, NameOf(decision.kind), NameOf(decision.why),
                         decision.subject, decision.at}));
  CAIRN_RETURN_IF_ERROR(open.store->Submit(envelope, signer.certificate));
  Print(StateDirIsLocked(open.settings.config.state_dir())
            ? "Signed; the agent takes it within seconds.\n"
            : "Signed; the agent takes it when it next starts.\n");
  return absl::OkStatus();
}

absl::Status PauseDesk(const std::string& config_path, bool paused) {
  CAIRN_ASSIGN_OR_RETURN(const OpenDesk open, Open(config_path));
  CAIRN_ASSIGN_OR_RETURN(Desk desk, open.store->ReadDesk());
  desk.paused = paused;
  CAIRN_RETURN_IF_ERROR(open.store->WriteDesk(desk));
  Print(DeskWords(desk));
  return absl::OkStatus();
}

absl::Status SetDeskMode(const std::string& config_path,
                         const std::string& mode) {
  CAIRN_ASSIGN_OR_RETURN(const DeskMode read, ParseDeskMode(mode));
  CAIRN_ASSIGN_OR_RETURN(const OpenDesk open, Open(config_path));
  CAIRN_ASSIGN_OR_RETURN(Desk desk, open.store->ReadDesk());
  desk.mode = read;
  CAIRN_RETURN_IF_ERROR(open.store->WriteDesk(desk));
  Print(DeskWords(desk));
  return absl::OkStatus();
}

}  // namespace cairn
