#include "agent/audit.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/config.h"
#include "core/base/command_line.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/link/ledger_keys.h"
#include "core/link/open_question.h"
#include "core/link/policy_file.h"
#include "core/link/text_config.h"
#include "core/store/node_log.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

std::string NotesFolder(const std::string& state_dir) {
  return absl::StrCat(state_dir, "/exports");
}

class OwnAudit : public AuditSource {
 public:
  OwnAudit(AgentSettings settings, absl::StatusOr<NodeSecrets> secrets,
           std::unique_ptr<NodeLog> log)
      : settings_(std::move(settings)),
        secrets_(std::move(secrets)),
        log_(std::move(log)) {}

  absl::StatusOr<LogToAudit> Log() override {
    LogToAudit log;
    log.files = log_.get();
    log.where = settings_.DatabasePath();
    log.sealed = SealedFolder(settings_.config.state_dir());
    // Before the size: what is signed is on the disk.
    const auto signed_note = log_->Read("checkpoint");
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

  OpenedQuestion Open(const QueryRecord& record) override {
    if (!record.received.has_value()) return {};
    auto opening = log_->OpeningOf(record.received->index);
    if (!opening.ok() || !opening->has_value()) opening = NodeLog::Opening();
    return OpenQuestion(record, (*opening)->salt, (*opening)->bytes,
                        settings_.catalogue.get());
  }

  absl::StatusOr<ExportExtras> Extras() override {
    ExportExtras extras;
    if (secrets_.ok()) {
      const NodeKeys keys = PublicHalves(*secrets_);
      extras.keys = absl::StrCat(keys.logs[0].Text(), "\n");
    }
    CAIRN_ASSIGN_OR_RETURN(const AuditKeys others, Partners());
    for (const VerifierKey& key : others.witnesses) {
      absl::StrAppend(&extras.keys, key.Text(), "\n");
    }
    CAIRN_ASSIGN_OR_RETURN(extras.cosigned, log_->Cosigned());
    extras.policies.emplace_back(PolicyDigest(settings_.policy),
                                 ToProto(settings_.policy).SerializeAsString());
    return extras;
  }

  absl::StatusOr<AuditKeys> OwnKeys() override {
    CAIRN_ASSIGN_OR_RETURN(AuditKeys keys, Partners());
    if (!secrets_.ok()) return keys;
    // Its own as it has it, whatever the partnership's file says.
    const VerifierKey own = secrets_->log.verifier();
    keys.logs.erase(std::remove_if(keys.logs.begin(), keys.logs.end(),
                                   [&](const auto& key) {
                                     return key.name() == own.name();
                                   }),
                    keys.logs.end());
    keys.logs.push_back(own);
    return keys;
  }

  absl::Status Exported(const Checkpoint& checkpoint) override {
    const std::string folder = NotesFolder(settings_.config.state_dir());
    CAIRN_RETURN_IF_ERROR(MakeDir(folder));
    return WriteFile(absl::StrCat(folder, "/", Hex(RandomBytes(8)), ".note"),
                     checkpoint.Text());
  }

 private:
  absl::StatusOr<AuditKeys> Partners() const {
    AuditKeys keys;
    const std::string& path = settings_.config.ledger_keys();
    if (path.empty()) return keys;
    CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
    CAIRN_RETURN_IF_ERROR(AddKeys(text, path, &keys));
    return keys;
  }

  const AgentSettings settings_;
  const absl::StatusOr<NodeSecrets> secrets_;
  const std::unique_ptr<NodeLog> log_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<AuditSource>> OwnLedger(
    const std::string& config_path) {
  CAIRN_ASSIGN_OR_RETURN(AgentSettings settings, ReadAgentConfig(config_path));
  const std::string& state = settings.config.state_dir();
  absl::StatusOr<NodeSecrets> secrets = ReadNodeSecrets(
      state, OwnerIn(*settings.catalogue, settings.config.agency()));
  auto log = NodeLog::Open(settings.DatabasePath(), CheckpointPath(state),
                           secrets.ok() ? secrets->log.verifier().name() : "");
  if (absl::IsNotFound(log.status())) {
    return absl::NotFoundError(
        absl::StrCat(settings.DatabasePath(),
                     ": there is no ledger yet; the agent makes it when it is "
                     "first run"));
  }
  CAIRN_RETURN_IF_ERROR(log.status());
  return std::make_unique<OwnAudit>(std::move(settings), std::move(secrets),
                                    *std::move(log));
}

absl::Status LogExports(const std::string& state_dir, Ledger* ledger,
                        bool* logged) {
  *logged = false;
  std::error_code error;
  for (const auto& file :
       fs::directory_iterator(NotesFolder(state_dir), error)) {
    if (file.path().extension() != ".note") continue;
    const auto text = ReadFile(file.path().string());
    if (!text.ok()) continue;  // not whole yet, or gone
    const auto checkpoint = ParseCheckpointText(*text);
    if (checkpoint.ok()) {
      Entry made{"export.made", "", {}};
      made.fields["entries"] = static_cast<int64_t>(checkpoint->size);
      made.fields["root"] = Hex(checkpoint->root);
      CAIRN_RETURN_IF_ERROR(ledger->Append(made).status());
      *logged = true;
    }
    fs::remove(file.path(), error);
  }
  return absl::OkStatus();
}

}  // namespace cairn
