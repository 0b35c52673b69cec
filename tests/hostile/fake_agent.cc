// An agent with an agency's own keys and records that answers every question,
// and lies about having logged it. What it does is its last argument:
//
//   honest       nothing wrong: what this program sends can be merged
//   no_receipt   no entry and no proof
//   other_bytes  a receipt for other tables than it sends
//   other_query  the receipt of the first question, for every one
//   other_key    a receipt of a log that is not the agency's
//
// usage: fake_agent CONFIG MODE

#include <cstdio>
#include <memory>
#include <string>

#include "agent/agent.h"
#include "agent/coordinator_link.h"
#include "core/base/command_line.h"
#include "core/base/status_macros.h"
#include "core/ledger/log_signer.h"
#include "core/link/credentials.h"
#include "core/link/ledger_keys.h"
#include "tests/support/watched_log.h"

namespace cairn {
namespace {

class FakeAgent {
 public:
  FakeAgent(const AgentSettings& settings, AgentState* state,
            std::shared_ptr<grpc::ChannelCredentials> credentials,
            SigningKey key, std::string mode)
      : state_(state),
        mode_(std::move(mode)),
        signer_(*LogSigner::Create(
            mode_ == "other_key"
                ? *SigningKey::Generate(key.verifier().name(), KeyRole::kLog)
                : std::move(key),
            state->ledger.get(), &checkpoints_)),
        answerer_(&settings, state->ledger.get(), state->releases.get(),
                  state->asks.get()),
        link_(
            settings.config.coordinator(),
            [credentials] { return credentials; }, settings.catalogue->digest,
            Handlers()) {}

  void Run() { link_.Run(); }

 private:
  CoordinatorLink::Handlers Handlers() {
    CoordinatorLink::Handlers handlers;
    handlers.holdings = [this] { return answerer_.Holdings(); };
    handlers.on_ask = [this](const v1::Ask& ask) { Answer(ask); };
    return handlers;
  }

  void Answer(const v1::Ask& ask) {
    auto answer = answerer_.Answer(ask);
    if (!answer.ok()) return;
    v1::Receipt* receipt = answer->mutable_receipt();
    receipt->set_entry(*state_->ledger->Line(receipt->index()));
    receipt->set_proof(signer_->Receipt(receipt->index())->Text());
    Lie(&*answer);
    v1::AgentMessage message;
    *message.mutable_answer() = *std::move(answer);
    link_.Send(message);
  }

  void Lie(v1::Answer* answer) {
    v1::Receipt* receipt = answer->mutable_receipt();
    if (mode_ == "no_receipt") {
      receipt->clear_entry();
      receipt->clear_proof();
    } else if (mode_ == "other_bytes") {
      // Of what is not shown of a table, nothing changes.
      answer->mutable_tables()->mutable_table(0)->set_epoch("another");
    } else if (mode_ == "other_query") {
      if (first_.entry().empty()) first_ = *receipt;
      *receipt = first_;
    }
  }

  AgentState* const state_;
  const std::string mode_;
  CheckpointsInMemory checkpoints_;
  std::unique_ptr<LogSigner> signer_;
  v1::Receipt first_;
  Answerer answerer_;
  CoordinatorLink link_;
};

absl::Status Run(const std::string& config, const std::string& mode) {
  CAIRN_ASSIGN_OR_RETURN(const AgentSettings settings, ReadAgentConfig(config));
  CAIRN_ASSIGN_OR_RETURN(auto credentials,
                         MakeChannelCredentials(settings.config.credentials()));
  CAIRN_ASSIGN_OR_RETURN(
      NodeSecrets secrets,
      ReadNodeSecrets(settings.config.state_dir(),
                      OwnerIn(*settings.catalogue, settings.config.agency())));
  CAIRN_ASSIGN_OR_RETURN(const auto state, OpenAgentState(settings));
  FakeAgent(settings, state.get(), std::move(credentials),
            std::move(secrets.log), mode)
      .Run();
  return absl::OkStatus();
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const absl::Status done = cairn::Run(argv[1], argv[2]);
  return done.ok() ? 0 : cairn::Fail("fake_agent", done);
}
