#include "core/keeping/log_command.h"

#include <cstdio>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/clock.h"
#include "core/base/status_macros.h"
#include "core/keeping/recovery.h"
#include "core/keeping/sealed_logs.h"
#include "core/link/people_files.h"
#include "core/link/text_config.h"

namespace cairn {
namespace {

void Print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

std::string StatementWords(const RecoveryStatement& statement) {
  return absl::StrCat(
      "ledger   ", statement.log.origin, ", ", statement.log.size,
      " entries on the disk of ", statement.node, "\nseen     ",
      statement.seen.origin, ", ", statement.seen.size,
      " entries, signed for before\nreason   ", statement.reason, "\nnext     ",
      statement.next,
      "\nThe ledger is given up as it is, and the next one begins.\n");
}

}  // namespace

absl::Status MakeNextLog(const LogNode& node, const LogFlags&) {
  const KeptNode& kept = node.node;
  auto secrets = ReadNodeSecrets(kept.state_dir, kept.owner);
  if (absl::IsNotFound(secrets.status())) {
    return absl::FailedPreconditionError(
        absl::StrCat(kept.state_dir,
                     ": there is no ledger yet that another could follow; "
                     "`keys` makes the keys of the first"));
  }
  CAIRN_RETURN_IF_ERROR(secrets.status());
  const std::string& origin = secrets->log.verifier().name();
  const bool made = secrets->next.has_value() &&
                    YearOf(secrets->next->verifier().name()) > YearOf(origin);
  if (!made) {
    CAIRN_RETURN_IF_ERROR(
        MakeNextLogKey(kept.state_dir, kept.owner,
                       NextYearsLog(kept.owner, origin, SystemClock().Now())));
    CAIRN_ASSIGN_OR_RETURN(*secrets,
                           ReadNodeSecrets(kept.state_dir, kept.owner));
  }
  Print(LedgerKeysText(kept.owner, PublicHalves(*secrets)));
  return absl::OkStatus();
}

absl::Status ListLogs(const LogNode& node, const LogFlags&) {
  const KeptNode& kept = node.node;
  CAIRN_ASSIGN_OR_RETURN(const std::vector<SealedLog> logs, ListSealed(kept));
  std::string text;
  for (const SealedLog& log : logs) {
    absl::StrAppend(&text, log.name, "  ", log.whole.origin, "  ",
                    log.whole.size, " entries, ",
                    log.forgotten
                        ? "removed; its last checkpoint is kept"
                        : absl::StrCat("ended ", FormatUtc(log.ended)),
                    "\n");
  }
  const auto secrets = ReadNodeSecrets(kept.state_dir, kept.owner);
  if (absl::IsNotFound(secrets.status())) {
    Print(absl::StrCat(text, "there is no ledger yet\n"));
    return absl::OkStatus();
  }
  CAIRN_RETURN_IF_ERROR(secrets.status());
  const std::string& origin = secrets->log.verifier().name();
  const std::string overdue = WhyOverdue(kept, *secrets, SystemClock().Now());
  absl::StrAppend(&text, EditionOf(origin), "  ", origin, "  in use",
                  overdue.empty() ? "" : absl::StrCat("; ", overdue), "\n");
  if (secrets->next.has_value()) {
    const std::string& next = secrets->next->verifier().name();
    absl::StrAppend(&text, EditionOf(next), "  ", next, "  its key is made\n");
  }
  Print(text);
  return absl::OkStatus();
}

absl::Status ForgetLog(const LogNode& node, const LogFlags& flags) {
  CAIRN_RETURN_IF_ERROR(node.with_ledger([&](const LedgerParts& parts) {
    return ForgetSealed(node.node, parts, flags.name, SystemClock().Now());
  }));
  Print(absl::StrCat("removed ", flags.name, "; its last checkpoint is in ",
                     SealedFolder(node.node.state_dir), "/", flags.name,
                     ".checkpoint\n"));
  return absl::OkStatus();
}

absl::Status RecoverLog(const LogNode& node, const LogFlags& flags) {
  const KeptNode& kept = node.node;
  const absl::Time now = SystemClock().Now();
  if (kept.authority.empty()) {
    return absl::FailedPreconditionError(
        "a ledger is given up by two persons whose signatures count, and no "
        "people are configured; write people { authority: \"people.pub\" } "
        "into the configuration");
  }
  if (flags.statement.empty()) {
    if (flags.out.empty() || flags.reason.empty()) {
      return absl::InvalidArgumentError(
          "give --reason and --out, to write what two operators are to sign, "
          "or --signed with what they have signed");
    }
    return node.with_ledger([&](const LedgerParts& parts) -> absl::Status {
      CAIRN_ASSIGN_OR_RETURN(
          const RecoveryStatement statement,
          PrepareRecovery(kept, *parts.ledger, flags.reason, now));
      CAIRN_RETURN_IF_ERROR(
          WriteFile(flags.out, absl::StrCat(statement.Text(), "\n")));
      CAIRN_ASSIGN_OR_RETURN(const NodeSecrets secrets,
                             ReadNodeSecrets(kept.state_dir, kept.owner));
      Print(absl::StrCat(
          StatementWords(statement), "\nWrote ", flags.out,
          ". Two operators sign it with `log sign`; then every member puts "
          "this into its file\nof ledger keys, in the place of what it has of ",
          kept.owner.Words(), ":\n",
          LedgerKeysText(kept.owner, PublicHalves(secrets))));
      return absl::OkStatus();
    });
  }
  CAIRN_ASSIGN_OR_RETURN(const std::string file, ReadFile(flags.statement));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<PeopleFiles> people,
                         ReadPeopleFiles(kept.authority, kept.deny_list,
                                         kept.catalogue->partnership));
  CAIRN_ASSIGN_OR_RETURN(
      const SignedRecovery recovery,
      CheckRecovery(flags.statement, file, people->trust, now));
  CAIRN_RETURN_IF_ERROR(node.with_ledger([&](const LedgerParts& parts) {
    return Recover(kept, parts, recovery, file, now);
  }));
  Print(absl::StrCat(StatementWords(recovery.statement),
                     "\nDone. The old ledger is in ",
                     SealedFolder(kept.state_dir), "/",
                     EditionOf(recovery.statement.log.origin), ".\n"));
  return absl::OkStatus();
}

absl::Status SignLogRecovery(const LogNode&, const LogFlags& flags) {
  CAIRN_ASSIGN_OR_RETURN(const std::string file, ReadFile(flags.statement));
  const std::string text = file.substr(0, file.find('\n'));
  const auto envelope = ParseDsse(text);
  const auto statement =
      ParseRecovery(envelope.ok() ? envelope->payload : text);
  if (!statement.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(flags.statement, ": ", statement.status().message()));
  }
  CAIRN_ASSIGN_OR_RETURN(const Signer signer, ReadSigner(flags.certificate));
  const Person& person = signer.person;
  if (!May(person.roles, Call::kRecoverLedger)) {
    return absl::PermissionDeniedError(
        absl::StrCat(flags.certificate,
                     ": is neither an operator's nor a steward's certificate"));
  }
  Print(StatementWords(*statement));
  CAIRN_ASSIGN_OR_RETURN(
      const SecretKey key,
      OpenKeyOf(signer, flags.key, flags.pin_file, "\nTo sign this"));
  CAIRN_ASSIGN_OR_RETURN(
      const std::string with,
      AddRecoverySignature(flags.statement, file, key, signer.certificate));
  CAIRN_RETURN_IF_ERROR(WriteFile(flags.statement, with));
  Print(absl::StrCat("Signed ", flags.statement, ".\n"));
  return absl::OkStatus();
}

}  // namespace cairn
