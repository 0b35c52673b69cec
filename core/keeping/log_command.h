#ifndef CAIRN_CORE_KEEPING_LOG_COMMAND_H_
#define CAIRN_CORE_KEEPING_LOG_COMMAND_H_

#include <functional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/keeping/turn_log.h"

namespace cairn {

// `cairn-agent log` and `cairn-coordinator log` (docs/rotation.md). All print
// on stdout.

struct LogFlags {
  std::string name;                    // of a sealed log
  std::string reason, out, statement;  // of a recovery
  std::string key, certificate, pin_file;
};

// How a program shows itself to these commands.
struct LogNode {
  KeptNode node;
  // Takes the state folder, opens the ledger and calls with it; only while the
  // program does not run.
  std::function<absl::Status(
      absl::FunctionRef<absl::Status(const LedgerParts&)>)>
      with_ledger;
};

absl::Status MakeNextLog(const LogNode& node, const LogFlags& flags);
absl::Status ListLogs(const LogNode& node, const LogFlags& flags);
absl::Status ForgetLog(const LogNode& node, const LogFlags& flags);
// Without a statement: writes one to flags.out.
absl::Status RecoverLog(const LogNode& node, const LogFlags& flags);
absl::Status SignLogRecovery(const LogNode& node, const LogFlags& flags);

// Adds `log` and its commands. `App` is CLI::App; `add` adds one command with
// the program's own options to a parent; `open` reads the configuration.
template <typename App, typename Add>
void AddLogCommands(App* app, const Add& add, LogFlags* flags,
                    std::function<absl::StatusOr<LogNode>()> open) {
  App* log = app->add_subcommand(
      "log", "The ledger over the years: its next one, and those before");
  log->require_subcommand(1);
  const auto command =
      [&](const char* name, const char* what,
          absl::Status (*work)(const LogNode&, const LogFlags&)) {
        return add(log, name, what, [flags, open, work]() -> absl::Status {
          absl::StatusOr<LogNode> node = open();
          return node.ok() ? work(*node, *flags) : node.status();
        });
      };
  command("next",
          "Make the key of next year's ledger, and print what the partnership "
          "is to know",
          MakeNextLog);
  command("list", "This ledger, and the sealed ones before it", ListLogs);
  command("forget", "Remove a sealed ledger that was kept long enough",
          ForgetLog)
      ->add_option("name", flags->name, "As `list` shows it: 2026")
      ->required();
  App* recover =
      command("recover", "Give up a ledger that went back, and begin a new one",
              RecoverLog);
  recover->add_option("--reason", flags->reason,
                      "restored_backup, lost_disk, two_machines or other");
  recover->add_option("--out", flags->out,
                      "Write here what two operators are to sign");
  recover->add_option("--signed", flags->statement,
                      "The statement that two operators have signed");
  App* sign =
      command("sign", "Sign a statement that `recover` wrote", SignLogRecovery);
  sign->add_option("statement", flags->statement,
                   "Its file; the signature is added to it")
      ->required();
  sign->add_option("--key", flags->key, "Your key file")->required();
  sign->add_option("--certificate", flags->certificate, "Your certificate")
      ->required();
  sign->add_option("--pin-file", flags->pin_file,
                   "Read the PIN from its first line (default: type it)");
}

}  // namespace cairn

#endif  // CAIRN_CORE_KEEPING_LOG_COMMAND_H_
