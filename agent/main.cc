// cairn-agent: one agency's side. Flags to one call, Status to exit code.

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "agent/agent.h"
#include "agent/agent_backup.h"
#include "agent/audit.h"
#include "agent/config.h"
#include "agent/desk_command.h"
#include "agent/enrol_command.h"
#include "agent/node_ledger.h"
#include "agent/policy_command.h"
#include "agent/steward.h"
#include "core/base/command_line.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

constexpr char kProgram[] = "cairn-agent";

absl::Status Run(const std::string& config_path) {
  CAIRN_ASSIGN_OR_RETURN(const AgentSettings settings,
                         ReadAgentConfig(config_path));
  return RunAgent(settings);
}

using Add = std::function<CLI::App*(CLI::App*, const char*, const char*,
                                    std::function<absl::Status()>)>;

// `audit`: each command on the agency's own ledger.
void AddAudit(CLI::App* app, const Add& add, const std::string* config,
              AuditFlags* flags) {
  CLI::App* audit = app->add_subcommand(
      "audit", "The agency's own ledger; needs no coordinator");
  audit->require_subcommand(1);
  const auto on_ledger =
      [config, flags](absl::Status (*work)(AuditSource*, const AuditFlags&)) {
        return [config, flags, work]() -> absl::Status {
          CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<AuditSource> source,
                                 OwnLedger(*config));
          return work(source.get(), *flags);
        };
      };
  CLI::App* verify = add(
      audit, "verify", "Check every entry, first to last, and every signature",
      on_ledger(AuditVerify));
  AddAuditKeys(verify, flags);
  AddAuditOutput(verify, flags);
  AddAuditList(add(audit, "list",
                   "What was asked, by whom, and what became "
                   "of it",
                   on_ledger(AuditList)),
               flags);
  CLI::App* show = add(audit, "show", "All that is on record of one question",
                       on_ledger(AuditShow));
  show->add_option("query_id", flags->query_id, "Its id")->required();
  AddAuditOutput(show, flags);
  CLI::App* reconcile = add(
      audit, "reconcile", "Hold the agency's ledger against the coordinator's",
      on_ledger(AuditReconcileOwn));
  reconcile
      ->add_option("--coordinator", flags->coordinator,
                   "An export of the coordinator's ledger")
      ->required();
  AddAuditKeys(reconcile, flags);
  AddAuditOutput(reconcile, flags);
  add(audit, "export", "Write the ledger to a folder for an auditor",
      on_ledger(AuditExport))
      ->add_option("folder", flags->folder, "An empty folder")
      ->required();
}

void AddSignerFlags(CLI::App* command, std::string* key,
                    std::string* certificate, std::string* pin_file) {
  command->add_option("--key", *key, "Your key file")->required();
  command->add_option("--certificate", *certificate, "Your certificate")
      ->required();
  command->add_option("--pin-file", *pin_file,
                      "Read the PIN from its first line (default: type it)");
}

struct PolicyFlags {
  std::string file, other;
  SignPolicyFlags sign;
};

void AddPolicyCommands(CLI::App* app, const Add& add, PolicyFlags* flags,
                       const std::string& config) {
  CLI::App* policy = app->add_subcommand("policy", "The sharing agreement");
  policy->require_subcommand(1);
  add(policy, "explain", "Read it aloud in plain English",
      [&config, flags] { return ExplainPolicy(config, flags->file); })
      ->add_option("file", flags->file, "The agreement")
      ->required();
  CLI::App* diff =
      add(policy, "diff", "Say what differs between two", [&config, flags] {
        return DiffPolicies(config, flags->file, flags->other);
      });
  diff->add_option("before", flags->file, "The one")->required();
  diff->add_option("after", flags->other, "The other")->required();
  add(policy, "report", "Fill the tables of a sharing agreement and of a DPIA",
      [&config, flags] { return ReportPolicy(config, flags->file); })
      ->add_option("file", flags->file, "The agreement")
      ->required();
  CLI::App* sign =
      add(policy, "sign", "Sign it as the agency's steward",
          [&config, flags] { return SignPolicy(config, flags->sign); });
  sign->add_option("file", flags->sign.file, "The agreement's text")
      ->required();
  sign->add_option("--out", flags->sign.out, "Write the signed agreement here")
      ->required();
  AddSignerFlags(sign, &flags->sign.key, &flags->sign.certificate,
                 &flags->sign.pin_file);
}

struct DeskFlags {
  std::string question, mode;
  bool standing = false;
  DecideFlags decide;
};

void AddDeskCommands(CLI::App* app, const Add& add, DeskFlags* flags,
                     const std::string& config) {
  add(app, "review", "What waits for a person to decide", [&config, flags] {
    return ReviewDesk(config, flags->question);
  })->add_option("question", flags->question, "Only this, with its story");
  const auto decide = [&](const char* name, const char* what,
                          DecisionKind kind) {
    CLI::App* command = add(app, name, what, [&config, flags, kind] {
      flags->decide.kind = kind == DecisionKind::kApprove && flags->standing
                               ? DecisionKind::kApproveStanding
                               : kind;
      return DecideAtDesk(config, flags->decide);
    });
    command
        ->add_option("question", flags->decide.question,
                     "The first digits that `review` prints")
        ->required();
    AddSignerFlags(command, &flags->decide.key, &flags->decide.certificate,
                   &flags->decide.pin_file);
    return command;
  };
  decide("approve", "Let a question be answered", DecisionKind::kApprove)
      ->add_flag("--standing", flags->standing,
                 "Also each time the same question comes again, until the "
                 "agreement changes");
  decide("refuse", "Refuse a question", DecisionKind::kRefuse)
      ->add_option("--why", flags->decide.why,
                   "purpose, too_fine, too_often, not_now or other")
      ->required();
  decide("hold", "Let a question wait on", DecisionKind::kHold);
  decide("release", "End a hold", DecisionKind::kRelease);
  add(app, "pause", "Answer nothing from now on",
      [&config] { return PauseDesk(config, true); });
  add(app, "resume", "Answer again",
      [&config] { return PauseDesk(config, false); });
  add(app, "mode", "How questions are met",
      [&config, flags] { return SetDeskMode(config, flags->mode); })
      ->add_option("mode", flags->mode,
                   "answer, standing, ask_first or rehearse")
      ->required();
}

int Main(int argc, char** argv) {
  // Problems are said in our words, once; GRPC_VERBOSITY=INFO brings gRPC's
  // back.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  CLI::App app{
      "Cairn's agent: answers aggregate questions over one agency's own "
      "records, and hides\nsmall cells before anything leaves. It dials out; "
      "it opens no port.\n\n"
      "Examples:\n"
      "  cairn-agent init --agency thames-valley --config agent.textproto\n"
      "  cairn-agent check --config agent.textproto\n"
      "  cairn-agent load --config agent.textproto\n"
      "  cairn-agent preview --config agent.textproto --from police_incidents "
      "\\\n      --by offence_class,month --purpose needs_assessment\n"
      "  cairn-agent run --config agent.textproto\n",
      kProgram};
  app.require_subcommand(1);
  std::string config = "agent.textproto", agency, data_set;
  bool start_anew = false;
  QuestionText question;
  AuditFlags flags;
  absl::Status status;
  const auto add = [&](CLI::App* parent, const char* name, const char* what,
                       std::function<absl::Status()> work) {
    CLI::App* command = parent->add_subcommand(name, what);
    command->add_option("--config", config, "Configuration file")
        ->capture_default_str();
    command->callback([&status, work] { status = work(); });
    return command;
  };
  add(&app, "init", "Write a commented configuration to start from",
      [&] { return InitAgent(config, agency); })
      ->add_option("--agency", agency, "The agency's id")
      ->required();
  add(&app, "check", "Go through the whole configuration and say what is wrong",
      [&] { return CheckAgent(config); });
  CLI::App* load =
      add(&app, "load",
          "Load records through the mapping; old ones stay until done",
          [&] { return LoadAgent(config, data_set, start_anew); });
  load->add_option("data_set", data_set, "Only this data set");
  load->add_flag("--start-anew", start_anew,
                 "Although figures were released of records that are lost: "
                 "new ones are not held against them");
  CLI::App* preview =
      add(&app, "preview", "Show exactly what would leave; no network",
          [&] { return PreviewAgent(config, question); });
  preview->add_option("--from", question.from, "Data set")->required();
  preview->add_option("--by", question.by, "Variables, comma separated");
  preview->add_option("--measure", question.measures,
                      "count, distinct_persons, sum:VAR or mean:VAR");
  preview->add_option("--where", question.where, "Filter");
  preview->add_option("--purpose", question.purpose, "What it is for");
  add(&app, "keys",
      "Make the ledger's keys, and print what the partnership is to know",
      [&] { return KeysAgent(config); });
  add(&app, "witness-anew",
      "Begin witness.db anew where it is lost; the ledger says so",
      [&] { return BeginWitnessAnew(config); });
  std::string code;
  add(&app, "enrol", "Get this agency's certificate with the code it was given",
      [&] { return EnrolAgent(config, code); })
      ->add_option("code", code, "As `cairn-coordinator invite` printed it")
      ->required();
  add(&app, "run", "Attach to the coordinator and answer until stopped",
      [&] { return Run(config); });
  add(&app, "status", "Say what is loaded, and whether the agent runs",
      [&] { return StatusAgent(config); });
  std::string folder;
  bool only_verify = false;
  add(&app, "backup", "Copy the state folder whole, while the agent runs",
      [&] { return BackUpAgent(config, folder); })
      ->add_option("folder", folder, "A new folder")
      ->required();
  CLI::App* restore =
      add(&app, "restore", "Put a backup into an empty state folder",
          [&] { return RestoreAgent(config, folder, only_verify); });
  restore->add_option("folder", folder, "What backup wrote")->required();
  restore->add_flag("--verify", only_verify,
                    "Only try it: nothing is put in place");
  AddAudit(&app, add, &config, &flags);
  LogFlags log_flags;
  AddLogCommands(&app, add, &log_flags,
                 [&config] { return AgentLogNode(config); });
  PolicyFlags policy;
  AddPolicyCommands(&app, add, &policy, config);
  DeskFlags desk;
  AddDeskCommands(&app, add, &desk, config);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitComplete : kExitUsage;
  }
  return status.ok() ? kExitComplete : Fail(kProgram, status);
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) { return cairn::Main(argc, argv); }
