// A coordinator that has the coordinator's own keys and tries what such a one
// may try. One agent attaches; each attempt is a line of JSON on stdout:
//
//   {"attempt":"no_proof","outcome":"NOT_LOGGED","sentence":".."}
//
// usage: fake_coordinator CONFIG QUERY      QUERY: a Query as textproto

#include <unistd.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cairn/v1/agent_link.grpc.pb.h"
#include "cairn/v1/query.pb.h"
#include "coordinator/config.h"
#include "core/base/json.h"
#include "core/link/credentials.h"
#include "core/link/ledger_keys.h"
#include "core/link/ledger_wire.h"
#include "core/link/text_config.h"
#include "grpcpp/grpcpp.h"
#include "tests/support/watched_log.h"

namespace cairn {
namespace {

using Stream =
    grpc::ServerReaderWriter<v1::CoordinatorEnvelope, v1::AgentEnvelope>;

class Attempts {
 public:
  Attempts(Stream* stream, std::string agency, VerifierKey witness,
           SigningKey key, std::string query)
      : stream_(stream),
        agency_(std::move(agency)),
        query_(std::move(query)),
        main_({{agency_, witness}}, "q", key),
        fork_({{agency_, witness}}, "q", key) {
    Tick();
    const Entry started{"node.started", "", {{"witnesses", int64_t{1}}}};
    main_.log().Append(started);
    fork_.log().Append(started);
  }

  void Run() {
    Greet();
    Cosign();
    const auto honest = Log("q-honest");
    const v1::Ask asked = AskOf(&main_, honest);
    const std::string first = Try("honest", asked);

    Try("no_proof",
        Changed("q-no-proof", [](v1::Ask* ask) { ask->clear_logged(); }));
    // Its entry, for a question that is logged nowhere.
    v1::Ask hidden = AskOf(&main_, honest);
    hidden.set_query_id("q-hidden");
    Try("hidden", hidden);
    Try("other_question", Changed("q-other", [](v1::Ask* ask) {
          ask->set_query(ask->query() + ask->query());
        }));
    Try("no_quorum", Changed("q-no-quorum", [](v1::Ask* ask) {
          ask->mutable_logged()->clear_cosigned();
        }));
    Try("forged_quorum", Changed("q-forged", [](v1::Ask* ask) {
          std::string* note = ask->mutable_logged()->mutable_cosigned();
          (*note)[note->size() - 6] ^= 1;
        }));
    // To the byte as it was sent the first time; then with new proofs.
    Try("replayed", asked);
    const std::string again = Try("asked_again", AskOf(&main_, honest));
    Say("same_bytes", again == first ? "yes" : "no", "");

    // Asked in one history, and gone on with in another: the same until now.
    fork_.checkpoints()->cosigned = main_.checkpoints()->cosigned;
    fork_.Restart();
    Meet(&fork_);
    Try("forked", AskOf(&fork_, fork_.Log("q-forked", query_)));
    Try("after_fork", AskOf(&main_, main_.Log("q-after", query_)));
  }

 private:
  void Send(const v1::CoordinatorMessage& message) {
    v1::CoordinatorEnvelope envelope;
    envelope.set_message(message.SerializeAsString());
    stream_->Write(envelope);
  }
  // The next message of this kind; what the agent wants of a coordinator
  // meanwhile, it does not get.
  v1::AgentMessage Read(v1::AgentMessage::KindCase kind) {
    v1::AgentEnvelope envelope;
    v1::AgentMessage message;
    while (stream_->Read(&envelope)) {
      if (message.ParseFromString(envelope.message()) &&
          message.kind_case() == kind) {
        return message;
      }
    }
    Say("end", "the agent went away", "");
    std::fflush(stdout);
    _exit(1);
  }

  void Greet() {
    Read(v1::AgentMessage::kHello);
    v1::CoordinatorMessage message;
    message.mutable_welcome()->set_protocol_version(1);
    Send(message);
  }

  // Both logs tell the time that it is, and the same.
  void Tick() { main_.log().clock.now = fork_.log().clock.now = absl::Now(); }

  CoordinatorLog::Logged Log(const std::string& id) {
    Tick();
    const CoordinatorLog::Logged logged = main_.Log(id, query_);
    fork_.log().Append(logged.entry);
    return logged;
  }

  void Cosign() {
    Tick();
    const auto send = [&](const std::string&, const WitnessRequest& request) {
      v1::CoordinatorMessage message;
      *message.mutable_witness_request() = ToProto(request, "", agency_);
      Send(message);
      return true;
    };
    if (!main_.watched()->Round({agency_}, send).ok()) _exit(1);
    const auto reply = Read(v1::AgentMessage::kWitnessReply).witness_reply();
    const auto taken = main_.watched()->Take(agency_, FromProto(reply));
    Say("round", taken.ok() && taken->cosigned ? "cosigned" : "not cosigned",
        reply.reason());
    seen_ = main_.signer()->Sign()->Text();
  }

  // This log goes on from what the agent has seen last.
  void Meet(CoordinatorLog* log) {
    if (!log->watched()->Met(agency_, seen_, [] { return true; }).ok())
      _exit(1);
  }

  v1::Ask AskOf(CoordinatorLog* log, const CoordinatorLog::Logged& logged) {
    v1::Ask ask;
    ask.set_query_id(logged.query_id);
    ask.set_query(logged.bytes);
    ask.set_asker("demo");
    ask.set_answer_within_ms(30'000);
    *ask.mutable_logged() =
        ToProto(log->Show(logged.index, agency_), logged.salt);
    return ask;
  }
  v1::Ask Changed(const std::string& id,
                  const std::function<void(v1::Ask*)>& change) {
    v1::Ask ask = AskOf(&main_, Log(id));
    change(&ask);
    return ask;
  }

  std::string Try(const char* what, const v1::Ask& ask) {
    v1::CoordinatorMessage message;
    *message.mutable_ask() = ask;
    Send(message);
    const v1::Answer answer = Read(v1::AgentMessage::kAnswer).answer();
    Say(what,
        answer.has_refusal() ? v1::RefusalReason_Name(answer.refusal().reason())
                             : "answered",
        answer.refusal().sentence());
    // It remembers what it could look at, and nothing of the rest.
    if (answer.refusal().reason() != v1::NOT_LOGGED) {
      seen_ = main_.signer()->Sign()->Text();
    }
    Meet(&main_);
    return answer.tables().SerializeAsString();
  }

  static void Say(const char* what, absl::string_view outcome,
                  absl::string_view sentence) {
    std::printf("%s\n", JsonObject()
                            .Add("attempt", JsonText(what))
                            .Add("outcome", JsonText(outcome))
                            .Add("sentence", JsonText(sentence))
                            .Done()
                            .c_str());
    std::fflush(stdout);
  }

  Stream* const stream_;
  const std::string agency_;
  const std::string query_;
  CoordinatorLog main_, fork_;
  std::string seen_;  // the last checkpoint that the agent followed
};

class FakeCoordinator : public v1::AgentLink::Service {
 public:
  FakeCoordinator(std::string agency, VerifierKey witness, SigningKey key,
                  std::string query)
      : agency_(std::move(agency)),
        witness_(std::move(witness)),
        key_(std::move(key)),
        query_(std::move(query)) {}

  grpc::Status Attach(grpc::ServerContext*, Stream* stream) override {
    Attempts(stream, agency_, witness_, key_, query_).Run();
    std::fflush(stdout);
    _exit(0);
  }

 private:
  const std::string agency_;
  const VerifierKey witness_;
  const SigningKey key_;
  const std::string query_;
};

int Main(const std::string& config, const std::string& query) {
  const auto settings = ReadCoordinatorConfig(config);
  if (!settings.ok()) return 2;
  const auto secrets = ReadNodeSecrets(settings->config.state_dir(),
                                       OwnerIn(*settings->catalogue, ""));
  const auto keys =
      ReadLedgerKeys(settings->config.ledger_keys(), *settings->catalogue);
  const auto credentials = MakeServerCredentials(
      settings->config.credentials(),
      [](const std::string&) { return absl::OkStatus(); });
  v1::Query question;
  if (!secrets.ok() || !keys.ok() || !credentials.ok() ||
      !ParseTextProto("QUERY", query, &question).ok()) {
    return 2;
  }
  const auto& [agency, node] = *keys->agencies.begin();
  FakeCoordinator service(agency, node.witness, secrets->log,
                          question.SerializeAsString());
  grpc::ServerBuilder builder;
  builder.AddListeningPort(settings->config.listen(), *credentials);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return 2;
  server->Wait();
  return 0;
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  return cairn::Main(argv[1], argv[2]);
}
