// cairn-coordinator: the VRU's side. Flags to one object, run, Status to exit
// code.

#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "coordinator/attach_service.h"
#include "coordinator/audit_service.h"
#include "coordinator/config.h"
#include "coordinator/coordinator.h"
#include "coordinator/coordinator_backup.h"
#include "coordinator/enrolment_desk.h"
#include "coordinator/enrolment_service.h"
#include "coordinator/invite_command.h"
#include "coordinator/ledger_hub.h"
#include "coordinator/node_ledger.h"
#include "coordinator/peer_gate.h"
#include "coordinator/query_service.h"
#include "core/audit/commands.h"
#include "core/base/command_line.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/ledger/log_signer.h"
#include "core/ledger/node_entries.h"
#include "core/link/channel.h"
#include "core/link/credentials.h"
#include "core/link/ledger_keys.h"
#include "core/link/text_config.h"
#include "core/store/node_log.h"
#include "core/store/sqlite_checkpoint_store.h"
#include "core/store/witness_memory.h"
#include "grpcpp/grpcpp.h"

namespace cairn {
namespace {

constexpr char kProgram[] = "cairn-coordinator";

absl::Status Run(const std::string& config_path) {
  BlockSignals();  // before gRPC starts threads of its own
  CAIRN_ASSIGN_OR_RETURN(const CoordinatorSettings settings,
                         ReadCoordinatorConfig(config_path));
  CAIRN_ASSIGN_OR_RETURN(const PeerIdentity own,
                         CheckCredentials(settings.config.credentials()));
  if (own.role != "coordinator" ||
      own.partnership != settings.catalogue->partnership) {
    return absl::InvalidArgumentError(
        absl::StrCat(settings.config.credentials().certificate(),
                     ": is not the certificate of the coordinator of ",
                     settings.catalogue->partnership));
  }
  CAIRN_RETURN_IF_ERROR(LockStateDir(settings.config.state_dir()));
  const SystemClock clock;
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<QueryLog> log,
                         OpenLogToRun(settings, &clock));
  CAIRN_ASSIGN_OR_RETURN(
      NodeSecrets secrets,
      ReadOrMakeNodeSecrets(settings.config.state_dir(),
                            OwnerIn(*settings.catalogue, ""), clock.Now()));
  CAIRN_ASSIGN_OR_RETURN(
      const std::optional<LedgerKeys> keys,
      ReadOwnLedgerKeys(settings.config.ledger_keys(), *settings.catalogue,
                        OwnerIn(*settings.catalogue, ""),
                        PublicHalves(secrets)));
  CAIRN_ASSIGN_OR_RETURN(
      const auto checkpoints,
      SqliteCheckpointStore::Open(CheckpointPath(settings.config.state_dir())));
  // Finds a ledger that was rolled back, before anything is added to it.
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<LogSigner> signer,
                         LogSigner::Create(std::move(secrets.log),
                                           log->ledger(), checkpoints.get()));
  // Whoever finds that the ledger is broken: no log, no run.
  log->ledger()->WhenBroken([](const absl::Status& why) {
    LogLine("ledger.broken", {{"reason", std::string(why.message())}});
    kill(getpid(), SIGTERM);
  });
  AgentRegistry registry;
  std::unique_ptr<LedgerHub> ledgers;
  if (keys.has_value()) {
    CAIRN_ASSIGN_OR_RETURN(
        ledgers, LedgerHub::Create(settings, std::move(secrets.witness), *keys,
                                   signer.get(), log->ledger(), log->database(),
                                   &registry, &clock));
  }
  CAIRN_ASSIGN_OR_RETURN(
      const auto node,
      NodeEntries::Start(log->ledger(), &clock,
                         settings.config.SerializeAsString(),
                         QuorumFields(keys, settings.config.quorum())));
  CAIRN_RETURN_IF_ERROR(log->CloseAbandoned());
  CAIRN_ASSIGN_OR_RETURN(
      std::unique_ptr<NodeLog> own_log,
      NodeLog::Open(settings.DatabasePath(),
                    CheckpointPath(settings.config.state_dir()),
                    signer->key().name()));
  CAIRN_ASSIGN_OR_RETURN(
      const auto gate,
      PeerGate::Create(settings, log->ledger(), log->database(), &clock));
  std::unique_ptr<EnrolmentDesk> enrolment;
  if (settings.config.has_enrolment()) {
    CAIRN_ASSIGN_OR_RETURN(enrolment,
                           EnrolmentDesk::Create(settings, log->ledger(),
                                                 log->database(), &clock));
  }
  CAIRN_ASSIGN_OR_RETURN(
      const auto credentials,
      MakeServerCredentials(settings.config.credentials(),
                            [gate = gate.get()](const std::string& chain) {
                              return gate->AdmitConnection(chain);
                            }));

  AllowManyFiles();
  UseLocksWithoutRecords();
  // Answers are made on one thread and freed on another: with an arena for
  // each, what thousands of them leave behind is kept several times.
  mallopt(M_ARENA_MAX, 2);
  auto coordinator = std::make_unique<Coordinator>(
      &settings, log.get(), &registry, ledgers.get(), gate.get(),
      node->rejects(), &clock);
  AttachService attach(&settings, coordinator.get(), enrolment.get());
  QueryService query(coordinator.get());
  AuditService audit(coordinator.get(), std::move(own_log));
  // grpc.health.v1: SERVING from the start to the drain.
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(settings.config.listen(), credentials, &port);
  builder.RegisterService(&attach);
  builder.RegisterService(&query);
  builder.RegisterService(&audit);
  SetServerLimits(&builder);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    CAIRN_RETURN_IF_ERROR(node->Stop());
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", settings.config.listen(),
                     "; is another program using that port?"));
  }
  std::unique_ptr<EnrolmentService> enrolling;
  if (enrolment != nullptr) {
    auto started =
        EnrolmentService::Start(settings, coordinator.get(), enrolment.get());
    if (!started.ok()) {
      server->Shutdown();
      CAIRN_RETURN_IF_ERROR(node->Stop());
      return started.status();
    }
    enrolling = *std::move(started);
  }
  LogLine("coordinator.started", {{"listen", settings.config.listen()}});
  WaitForSignal();
  LogLine("coordinator.stopping", {});
  enrolling.reset();
  server->GetHealthCheckService()->SetServingStatus(false);
  coordinator->Drain("the coordinator is stopping");
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(3));
  server.reset();
  coordinator.reset();  // ends what is open, with its entries
  CAIRN_RETURN_IF_ERROR(log->ledger()->broken());
  CAIRN_RETURN_IF_ERROR(node->Stop());
  // An auditor finds the last entry signed too.
  const bool vouched = ledgers == nullptr || ledgers->CheckSound().ok();
  return vouched ? signer->Sign().status() : absl::OkStatus();
}

absl::Status Init(const std::string& path) {
  if (ReadFile(path).ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is there already; it was not changed"));
  }
  CAIRN_RETURN_IF_ERROR(WriteFile(path, ExampleCoordinatorConfig()));
  std::printf("Wrote %s. Edit it, then: cairn-coordinator run --config %s\n",
              path.c_str(), path.c_str());
  return absl::OkStatus();
}

absl::Status Status(const std::string& config_path) {
  CAIRN_ASSIGN_OR_RETURN(const CoordinatorSettings settings,
                         ReadCoordinatorConfig(config_path));
  const bool running = StateDirIsLocked(settings.config.state_dir());
  std::printf(
      "config       %s\nlisten       %s\nagencies     %d\nrunning      %s\n",
      config_path.c_str(), settings.config.listen().c_str(),
      settings.config.agency_size(), running ? "yes" : "no");
  CAIRN_ASSIGN_OR_RETURN(const PeerIdentity own,
                         CheckCredentials(settings.config.credentials()));
  std::printf("identity     spiffe://%s/coordinator\n",
              own.partnership.c_str());
  const auto secrets = ReadNodeSecrets(settings.config.state_dir(),
                                       OwnerIn(*settings.catalogue, ""));
  std::printf("%s", LedgerKeysStatus(secrets).c_str());
  const std::string overdue =
      secrets.ok() ? WhyOverdue(NodeOf(settings), *secrets, SystemClock().Now())
                   : "";
  if (!overdue.empty()) std::printf("log          %s\n", overdue.c_str());
  return absl::OkStatus();
}

absl::Status Keys(const std::string& config_path) {
  CAIRN_ASSIGN_OR_RETURN(const CoordinatorSettings settings,
                         ReadCoordinatorConfig(config_path));
  CAIRN_RETURN_IF_ERROR(MakeDir(settings.config.state_dir()));
  const LogOwner owner = OwnerIn(*settings.catalogue, "");
  CAIRN_ASSIGN_OR_RETURN(const NodeSecrets secrets,
                         ReadOrMakeNodeSecrets(settings.config.state_dir(),
                                               owner, SystemClock().Now()));
  std::printf("%s", LedgerKeysText(owner, PublicHalves(secrets)).c_str());
  return absl::OkStatus();
}

absl::Status WitnessAnew(const std::string& config_path) {
  CAIRN_ASSIGN_OR_RETURN(const CoordinatorSettings settings,
                         ReadCoordinatorConfig(config_path));
  const std::string& state_dir = settings.config.state_dir();
  CAIRN_RETURN_IF_ERROR(LockStateDir(state_dir));
  const SystemClock clock;
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<QueryLog> log,
                         QueryLog::Open(settings.DatabasePath(), &clock));
  CAIRN_RETURN_IF_ERROR(log->ledger()->Verify().status());
  CAIRN_ASSIGN_OR_RETURN(
      NodeSecrets secrets,
      ReadNodeSecrets(state_dir, OwnerIn(*settings.catalogue, "")));
  CAIRN_ASSIGN_OR_RETURN(
      const auto checkpoints,
      SqliteCheckpointStore::Open(CheckpointPath(state_dir)));
  // Nothing is added to a ledger that was rolled back.
  CAIRN_RETURN_IF_ERROR(LogSigner::Create(std::move(secrets.log), log->ledger(),
                                          checkpoints.get())
                            .status());
  CAIRN_RETURN_IF_ERROR(
      WitnessMemory::BeginAnew(state_dir, log->database(), log->ledger()));
  std::printf("ok    witness.db: begun anew; the ledger says so\n");
  return absl::OkStatus();
}

// The coordinator's own ledger as it lies on its disk, running or not.
class OwnLedger : public AuditSource {
 public:
  OwnLedger(std::unique_ptr<NodeLog> log, AuditKeys keys, std::string sealed)
      : log_(std::move(log)),
        keys_(std::move(keys)),
        sealed_(std::move(sealed)) {}

  absl::StatusOr<LogToAudit> Log() override {
    LogToAudit log;
    log.files = log_.get();
    log.where = "this coordinator's disk";
    log.sealed = sealed_;
    CAIRN_ASSIGN_OR_RETURN(const uint64_t size, log_->Size());
    CAIRN_ASSIGN_OR_RETURN(log.stored_head, log_->files().Head("", size));
    log.check_kept = [this](uint64_t entries) {
      return log_->files().CheckHashes(entries);
    };
    log.cosigned = [this]() -> absl::StatusOr<std::vector<FoundNote>> {
      CAIRN_ASSIGN_OR_RETURN(auto notes, log_->Cosigned());
      return EarlierCheckpoints(std::move(notes));
    };
    return log;
  }
  OpenedQuestion Open(const QueryRecord&) override { return {}; }
  absl::StatusOr<ExportExtras> Extras() override { return ExportExtras(); }
  absl::StatusOr<AuditKeys> OwnKeys() override { return keys_; }

 private:
  const std::unique_ptr<NodeLog> log_;
  const AuditKeys keys_;
  const std::string sealed_;
};

absl::Status Verify(const std::string& config_path) {
  CAIRN_ASSIGN_OR_RETURN(const CoordinatorSettings settings,
                         ReadCoordinatorConfig(config_path));
  const std::string& state = settings.config.state_dir();
  const auto secrets = ReadNodeSecrets(state, OwnerIn(*settings.catalogue, ""));
  AuditKeys keys;
  if (!settings.config.ledger_keys().empty()) {
    CAIRN_ASSIGN_OR_RETURN(const std::string text,
                           ReadFile(settings.config.ledger_keys()));
    CAIRN_RETURN_IF_ERROR(AddKeys(text, settings.config.ledger_keys(), &keys));
  }
  keys.logs.clear();
  if (secrets.ok()) keys.logs = {secrets->log.verifier()};
  CAIRN_ASSIGN_OR_RETURN(
      std::unique_ptr<NodeLog> log,
      NodeLog::Open(settings.DatabasePath(), CheckpointPath(state),
                    keys.logs.empty() ? "" : keys.logs[0].name()));
  OwnLedger own(std::move(log), std::move(keys), SealedFolder(state));
  return AuditVerify(&own, AuditFlags());
}

int Main(int argc, char** argv) {
  // Problems are said in our words, once; GRPC_VERBOSITY=INFO brings gRPC's
  // back.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  CLI::App app{
      "Cairn's coordinator: takes questions from analysts, sends them "
      "to the agencies'\nagents, and merges what they release.\n\n"
      "Examples:\n"
      "  cairn-coordinator init --config coordinator.textproto\n"
      "  cairn-coordinator run --config coordinator.textproto\n"
      "  cairn-coordinator audit verify --config "
      "coordinator.textproto\n",
      kProgram};
  app.require_subcommand(1);
  std::string config = "coordinator.textproto";
  absl::Status status;
  const auto add = [&](CLI::App* parent, const char* name, const char* what,
                       std::function<absl::Status(const std::string&)> work) {
    CLI::App* command = parent->add_subcommand(name, what);
    command->add_option("--config", config, "Configuration file")
        ->capture_default_str();
    command->callback([&status, &config, work] { status = work(config); });
    return command;
  };
  add(&app, "init", "Write a commented configuration to start from", Init);
  add(&app, "keys",
      "Make the ledger's keys, and print what the partnership is to know",
      Keys);
  add(&app, "witness-anew",
      "Begin witness.db anew where it is lost; the ledger says so",
      WitnessAnew);
  add(&app, "run", "Run until SIGTERM or Ctrl-C", Run);
  add(&app, "status", "Say what is configured, and whether it runs", Status);
  InviteFlags invitation;
  CLI::App* invite = add(
      &app, "invite", "Make a code with which an agency enrols; then let it in",
      [&invitation](const std::string& path) {
        return InviteAgency(path, invitation);
      });
  invite->add_option("agency", invitation.agency, "The agency's id")
      ->required();
  invite->add_option("--hours", invitation.hours, "How long the code holds")
      ->check(CLI::Range(1, 24))
      ->capture_default_str();
  invite->add_option("--words", invitation.words,
                     "The six words that its steward read out: let it in");
  std::string folder;
  bool only_verify = false;
  CLI::App* backup =
      add(&app, "backup", "Copy the state folder whole, while it is in use",
          [&folder](const std::string& path) {
            return BackUpCoordinator(path, folder);
          });
  backup->add_option("folder", folder, "A new folder")->required();
  CLI::App* restore =
      add(&app, "restore", "Put a backup into an empty state folder",
          [&](const std::string& path) {
            return RestoreCoordinator(path, folder, only_verify);
          });
  restore->add_option("folder", folder, "What backup wrote")->required();
  restore->add_flag("--verify", only_verify,
                    "Only try it: nothing is put in place");
  CLI::App* audit = app.add_subcommand("audit", "The coordinator's own ledger");
  audit->require_subcommand(1);
  add(audit, "verify", "Check every entry, first to last", Verify);
  LogFlags log_flags;
  AddLogCommands(
      &app,
      [&](CLI::App* parent, const char* name, const char* what,
          std::function<absl::Status()> work) {
        return add(parent, name, what,
                   [work](const std::string&) { return work(); });
      },
      &log_flags, [&config] { return CoordinatorLogNode(config); });
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
