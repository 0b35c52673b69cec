#include "agent/enrol_command.h"

#include <chrono>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "agent/agent.h"
#include "agent/config.h"
#include "agent/identity_folder.h"
#include "agent/own_identity.h"
#include "agent/renewal.h"
#include "cairn/v1/enrolment.grpc.pb.h"
#include "core/base/command_line.h"
#include "core/base/status_macros.h"
#include "core/identity/invitation.h"
#include "core/link/channel.h"
#include "core/link/credentials.h"
#include "core/link/translate.h"
#include "core/link/x509.h"
#include "grpcpp/grpcpp.h"

namespace cairn {
namespace {

constexpr std::chrono::seconds kWithin(20);
constexpr size_t kMaxReplyBytes = 64 << 10;

// What came of the first contact.
struct FirstIdentity {
  std::string certificate;
  std::string authority;
  std::string coordinator_pin;
};

absl::StatusOr<FirstIdentity> FetchCertificate(const AgentSettings& settings,
                                               const InvitationCode& code,
                                               const std::string& request) {
  const auto seen = std::make_shared<FirstContact>();
  const std::string& target = settings.config.enrolment();
  const auto channel = MakeChannel(
      target, MakeEnrolmentChannelCredentials(
                  code.root_pin, settings.catalogue->partnership, seen));
  const auto stub = v1::Enrolment::NewStub(channel);
  v1::EnrolRequest asked;
  asked.set_agency(code.agency);
  asked.set_secret(code.secret);
  asked.set_request(request);
  v1::Envelope sent, received;
  sent.set_message(asked.SerializeAsString());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kWithin);
  const absl::Status called =
      ToAbslStatus(stub->Enrol(&context, sent, &received));
  MutexLock lock(&seen->mutex);
  if (!seen->refusal.empty()) {
    return absl::PermissionDeniedError(
        absl::StrCat(target, ": ", seen->refusal, "; the code was not sent"));
  }
  if (absl::IsPermissionDenied(called)) {
    return absl::PermissionDeniedError(absl::StrCat(
        called.message(), "; ask the coordinator's operator for a new one"));
  }
  if (!called.ok()) {
    return absl::Status(called.code(),
                        absl::StrCat(target, ": ", called.message()));
  }
  v1::EnrolReply reply;
  CAIRN_RETURN_IF_ERROR(
      ParseMessage(received.message(), kMaxReplyBytes, &reply));
  return FirstIdentity{reply.certificate(), seen->authority, seen->key_pin};
}

absl::StatusOr<InvitationCode> CheckCode(const std::string& config_path,
                                         const AgentSettings& settings,
                                         const std::string& text) {
  if (settings.config.enrolment().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(config_path,
                     ": enrolment is missing; write enrolment: "
                     "\"coordinator.example:7444\""));
  }
  if (!settings.enrolled) {
    return absl::InvalidArgumentError(absl::StrCat(
        config_path,
        ": names credentials, which would be used in the place of those that "
        "are enrolled; take them out"));
  }
  CAIRN_ASSIGN_OR_RETURN(InvitationCode code, ParseCode(text));
  if (code.agency != settings.config.agency()) {
    return absl::InvalidArgumentError(
        absl::StrCat(config_path, ": is of agency ", settings.config.agency(),
                     ", the code is for ", code.agency));
  }
  return code;
}

}  // namespace

absl::Status EnrolAgent(const std::string& config_path,
                        const std::string& text) {
  CAIRN_ASSIGN_OR_RETURN(const AgentSettings settings,
                         ReadAgentConfig(config_path));
  CAIRN_ASSIGN_OR_RETURN(const InvitationCode code,
                         CheckCode(config_path, settings, text));
  CAIRN_RETURN_IF_ERROR(LockStateDir(settings.config.state_dir()));
  const IdentityFolder folder(settings.config.state_dir());
  CAIRN_ASSIGN_OR_RETURN(const std::string key, folder.PendingKey());
  CAIRN_ASSIGN_OR_RETURN(const std::string request, MakeRequest(key));
  CAIRN_ASSIGN_OR_RETURN(const FirstIdentity first,
                         FetchCertificate(settings, code, request));
  CAIRN_ASSIGN_OR_RETURN(
      const Entry entry,
      EnrolledEntry(code.agency, first.certificate, "invitation"));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<AgentState> state,
                         OpenAgentState(settings));
  CAIRN_RETURN_IF_ERROR(state->ledger->Append(entry).status());
  CAIRN_RETURN_IF_ERROR(folder.Put(key, first.certificate, first.authority,
                                   OwnIdentity(settings)));
  CAIRN_ASSIGN_OR_RETURN(const CertificateFacts facts,
                         ReadCertificate(first.certificate));
  std::printf("%s\n", SixWords(facts.key_pin, first.coordinator_pin).c_str());
  std::fflush(stdout);
  std::fprintf(
      stderr,
      "ok    %s is enrolled. Read the six words above to the coordinator's "
      "operator by\ntelephone; when they agree, the operator lets the agent "
      "in. Then, or now:\n  cairn-agent run --config %s\n",
      code.agency.c_str(), config_path.c_str());
  return absl::OkStatus();
}

}  // namespace cairn
