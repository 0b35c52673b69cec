// A coordinator that has the coordinator's own certificate and an analyst's
// good questions, and makes of them what it likes. One agent attaches; each
// attempt is a line of JSON on stdout, and the question's id is q-ATTEMPT:
//
//   {"attempt":"altered_bytes","outcome":"INVALID","sentence":".."}
//
// usage: fake_questions CONFIG PEOPLE AGENCY AGREEMENT
//   PEOPLE     a folder: pin, and of each person NAME (the key) and NAME.person
//   AGREEMENT  SHA-256 of the one in force

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cairn/v1/agent_link.grpc.pb.h"
#include "coordinator/config.h"
#include "core/base/digest.h"
#include "core/base/json.h"
#include "core/identity/key_file.h"
#include "core/identity/signed_question.h"
#include "core/link/credentials.h"
#include "core/link/signed_query.h"
#include "core/link/text_config.h"
#include "grpcpp/grpcpp.h"

namespace cairn {
namespace {

using Stream =
    grpc::ServerReaderWriter<v1::CoordinatorEnvelope, v1::AgentEnvelope>;

struct Signer {
  SecretKey key;
  std::string certificate;
};

struct World {
  std::string partnership, people, agency, agreement;

  Signer Who(const std::string& person) const {
    const auto pin = ReadFile(absl::StrCat(people, "/pin"));
    const auto key =
        ReadKeyFile(absl::StrCat(people, "/", person),
                    absl::StripAsciiWhitespace(pin.ok() ? *pin : ""));
    const auto certificate =
        ReadFile(absl::StrCat(people, "/", person, ".person"));
    if (!key.ok() || !certificate.ok()) _exit(2);
    return {*key, std::string(absl::StripAsciiWhitespace(*certificate))};
  }
};

v1::Query QueryBy(const std::string& variable) {
  v1::Query query;
  query.set_data_set("police_incidents");
  query.add_by(variable);
  query.add_measure("count");
  query.set_purpose("needs_assessment");
  return query;
}

class Attempts {
 public:
  Attempts(Stream* stream, const World& world)
      : stream_(stream), world_(world), analyst_(world.Who("p-kaur")) {}

  void Run() {
    Read(v1::AgentMessage::kHello);
    v1::CoordinatorMessage welcome;
    welcome.mutable_welcome()->set_protocol_version(1);
    Send(welcome);
    const v1::Ask honest = Signed("month", analyst_);
    Try("honest", honest);
    Try("replayed", honest);
    AlterWhatIsCarried();
    ChangeWhatIsSigned();
    LetOthersSign();
    Try("no_approval", Signed("lsoa", analyst_));
    Try("honest_again", Signed("month", analyst_));
  }

 private:
  void AlterWhatIsCarried() {
    v1::Ask ask = Signed("month", analyst_);
    ask.set_query(SpellQuery(QueryBy("violence")));
    Try("altered_bytes", ask);
    ask = Signed("month", analyst_);
    ask.clear_signed_question();
    Try("unsigned", ask);
    ask = Signed("month", analyst_);
    ask.set_signed_question(
        Swapped(ask.signed_question(), Signed("violence", analyst_)));
    ask.set_query(SpellQuery(QueryBy("violence")));
    Try("signature_of_another", ask);
    ask = Signed("month", analyst_);
    // Another character of base64, or it would not be read at all.
    char& of_signature = ask.mutable_signed_question()->end()[-20];
    of_signature = of_signature == 'A' ? 'B' : 'A';
    Try("altered_signature", ask);
    ask = Signed("month", analyst_);
    const auto question = ParseDsse(ask.signed_question());
    ask.set_signed_question(
        WriteDsse(Sign(analyst_.key, "application/vnd.cairn.decision.v1+json",
                       question->payload)));
    Try("other_kind", ask);
  }

  // An analyst who is in league with the coordinator gets no further.
  void ChangeWhatIsSigned() {
    SignedQuestion question = Question("month");
    question.audience = {"some-council"};
    Try("other_audience", Ask(question, analyst_));
    question = Question("month");
    question.partnership = "elsewhere";
    Try("other_partnership", Ask(question, analyst_));
    question = Question("month");
    question.issued -= absl::Minutes(30);
    question.expires -= absl::Minutes(30);
    Try("expired", Ask(question, analyst_));
    question = Question("month");
    question.issued += absl::Minutes(30);
    question.expires += absl::Minutes(30);
    Try("not_yet", Ask(question, analyst_));
    question = Question("month");
    question.purpose = "evaluation";
    Try("other_purpose", Ask(question, analyst_));
    question = Question("month");
    question.agreements = {Sha256Hex("an older one")};
    Try("older_agreement", Ask(question, analyst_));
  }

  void LetOthersSign() {
    Try("revoked_analyst", Signed("month", world_.Who("p-left"), "p-left"));
    Try("approver_asks",
        Signed("month", world_.Who("p-approver"), "p-approver"));
    Signer mixed = world_.Who("p-approver");
    mixed.certificate = analyst_.certificate;
    Try("other_key", Signed("month", mixed));
    // A people authority of one's own.
    const SecretKey own = SecretKey::Generate();
    const auto person = PeekPerson(analyst_.certificate);
    if (!person.ok()) _exit(2);
    Person forged = *person;
    forged.public_key = own.public_key();
    const auto certificate = CertifyPerson(own, forged);
    Try("forged_person", Signed("month", {own, *certificate}));
  }

  SignedQuestion Question(const std::string& variable) {
    SignedQuestion question;
    question.partnership = world_.partnership;
    question.asker = "p-kaur";
    question.audience = {world_.agency};
    question.nonce = RandomBytes(kNonceBytes);
    question.issued = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()));
    question.expires = question.issued + absl::Minutes(10);
    question.purpose = "needs_assessment";
    question.agreements = {world_.agreement};
    question.query = SpellQuery(QueryBy(variable));
    return question;
  }
  static v1::Ask Ask(const SignedQuestion& question, const Signer& signer) {
    v1::Ask ask;
    const auto envelope = SignQuestion(signer.key, question);
    if (!envelope.ok()) _exit(2);
    ask.set_query(question.query);
    ask.set_asker(question.asker);
    ask.set_answer_within_ms(30'000);
    ask.set_signed_question(*envelope);
    ask.set_asker_certificate(signer.certificate);
    return ask;
  }
  v1::Ask Signed(const std::string& variable, const Signer& signer,
                 const std::string& asker = "p-kaur") {
    SignedQuestion question = Question(variable);
    question.asker = asker;
    return Ask(question, signer);
  }
  // The signature of `envelope` over what `other` says.
  static std::string Swapped(const std::string& envelope,
                             const v1::Ask& other) {
    auto mixed = ParseDsse(other.signed_question());
    mixed->signatures = ParseDsse(envelope)->signatures;
    return WriteDsse(*mixed);
  }

  void Send(const v1::CoordinatorMessage& message) {
    v1::CoordinatorEnvelope envelope;
    envelope.set_message(message.SerializeAsString());
    stream_->Write(envelope);
  }
  v1::AgentMessage Read(v1::AgentMessage::KindCase kind) {
    v1::AgentEnvelope envelope;
    v1::AgentMessage message;
    while (stream_->Read(&envelope)) {
      if (message.ParseFromString(envelope.message()) &&
          message.kind_case() == kind) {
        return message;
      }
    }
    _exit(1);
  }
  void Try(const char* what, v1::Ask ask) {
    ask.set_query_id(absl::StrCat("q-", what));
    v1::CoordinatorMessage message;
    *message.mutable_ask() = std::move(ask);
    Send(message);
    const v1::Answer answer = Read(v1::AgentMessage::kAnswer).answer();
    std::printf(
        "%s\n",
        JsonObject()
            .Add("attempt", JsonText(what))
            .Add("outcome",
                 JsonText(answer.has_refusal() ? v1::RefusalReason_Name(
                                                     answer.refusal().reason())
                                               : "answered"))
            .Add("sentence", JsonText(answer.refusal().sentence()))
            .Done()
            .c_str());
    std::fflush(stdout);
  }

  Stream* const stream_;
  const World& world_;
  const Signer analyst_;
};

class FakeQuestions : public v1::AgentLink::Service {
 public:
  explicit FakeQuestions(World world) : world_(std::move(world)) {}

  grpc::Status Attach(grpc::ServerContext*, Stream* stream) override {
    Attempts(stream, world_).Run();
    _exit(0);
  }

 private:
  const World world_;
};

int Main(char** argv) {
  const auto settings = ReadCoordinatorConfig(argv[1]);
  if (!settings.ok()) return 2;
  FakeQuestions service(
      {settings->catalogue->partnership, argv[2], argv[3], argv[4]});
  const auto credentials = MakeServerCredentials(
      settings->config.credentials(),
      [](const std::string&) { return absl::OkStatus(); });
  if (!credentials.ok()) return 2;
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

int main(int argc, char** argv) { return argc == 5 ? cairn::Main(argv) : 2; }
