#include "cli/audit.h"

#include <utility>

#include "cli/client.h"
#include "core/base/status_macros.h"
#include "core/link/catalogue_file.h"
#include "core/link/open_question.h"

namespace cairn {
namespace {

class RemoteLog : public LogReader {
 public:
  explicit RemoteLog(Client* client) : client_(client) {}
  absl::StatusOr<std::string> Read(const std::string& path) const override {
    return client_->ReadLogFile(path);
  }

 private:
  Client* const client_;
};

class CoordinatorAudit : public AuditSource {
 public:
  explicit CoordinatorAudit(std::unique_ptr<Client> client)
      : client_(std::move(client)), files_(client_.get()) {}

  absl::StatusOr<LogToAudit> Log() override {
    LogToAudit log;
    log.files = &files_;
    log.where = "the coordinator";
    log.cosigned = [this]() -> absl::StatusOr<std::vector<FoundNote>> {
      CAIRN_ASSIGN_OR_RETURN(auto notes, client_->Cosigned());
      return EarlierCheckpoints(std::move(notes));
    };
    return log;
  }

  OpenedQuestion Open(const QueryRecord& record) override {
    if (!record.received.has_value()) return {};
    const auto opened = client_->OpenQuestion(record.received->index);
    if (!opened.ok()) {
      OpenedQuestion question;
      question.bound = std::string(opened.status().message());
      return question;
    }
    if (catalogue_ == nullptr) {
      const auto description = client_->Describe();
      if (description.ok()) {
        auto made = MakeCatalogue(description->catalogue());
        if (made.ok()) catalogue_ = *std::move(made);
      }
    }
    return OpenQuestion(record, opened->salt(), opened->bytes(),
                        catalogue_.get());
  }

  absl::StatusOr<ExportExtras> Extras() override {
    ExportExtras extras;
    CAIRN_ASSIGN_OR_RETURN(extras.cosigned, client_->Cosigned());
    return extras;
  }

 private:
  const std::unique_ptr<Client> client_;
  const RemoteLog files_;
  std::shared_ptr<const Catalogue> catalogue_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<AuditSource>> CoordinatorLedger(
    const std::string& profile) {
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
                         Client::Create(profile));
  return std::make_unique<CoordinatorAudit>(std::move(client));
}

}  // namespace cairn
