#include "cli/client.h"

#include <chrono>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cairn/v1/config.pb.h"
#include "core/base/status_macros.h"
#include "core/link/channel.h"
#include "core/link/credentials.h"
#include "core/link/text_config.h"
#include "core/link/translate.h"

namespace cairn {
namespace {

constexpr size_t kMaxReplyBytes = 64 << 20;
constexpr std::chrono::seconds kShortCall(20);
constexpr std::chrono::seconds kBeyondDeadline(15);

// What a broken line means to a person.
absl::Status InWords(const grpc::Status& status) {
  const absl::Status error = ToAbslStatus(status);
  // One side did not accept the other's certificate.
  for (const char* sign : {"handshake", "verif", "CERTIFICATE"}) {
    if (!absl::IsUnavailable(error) ||
        !absl::StrContains(error.message(), sign)) {
      continue;
    }
    return absl::UnauthenticatedError(
        "the coordinator and this certificate do not accept each other: is the "
        "profile of this partnership?");
  }
  if (absl::IsUnavailable(error)) {
    return absl::UnavailableError(absl::StrCat(
        "the coordinator cannot be reached, or does not accept this "
        "certificate (",
        error.message(), ")"));
  }
  if (absl::IsDeadlineExceeded(error)) {
    return absl::DeadlineExceededError(
        "the coordinator did not answer in time");
  }
  return error;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Create(
    const std::string& profile) {
  std::string path = profile;
  if (path.empty()) {
    const char* from_environment = std::getenv("CAIRN_PROFILE");
    if (from_environment != nullptr) path = from_environment;
  }
  if (path.empty()) {
    return absl::UnauthenticatedError(
        "not signed in: set CAIRN_PROFILE, or use --profile FILE");
  }
  v1::ClientProfile read;
  absl::Status status = ReadTextProto(path, &read);
  if (absl::IsNotFound(status))
    return absl::UnauthenticatedError(status.message());
  CAIRN_RETURN_IF_ERROR(status);
  if (read.coordinator().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path,
                     ": coordinator is missing; write coordinator: "
                     "\"host:7443\""));
  }
  v1::Credentials* files = read.mutable_credentials();
  files->set_certificate(RelativeTo(path, files->certificate()));
  files->set_key(RelativeTo(path, files->key()));
  files->set_authority(RelativeTo(path, files->authority()));
  if (const absl::Status open = CheckSecretFile(files->key());
      absl::IsInvalidArgument(open)) {
    return open;
  }
  auto credentials = MakeChannelCredentials(*files);
  if (!credentials.ok()) {
    return absl::UnauthenticatedError(credentials.status().message());
  }
  return std::unique_ptr<Client>(
      new Client(MakeChannel(read.coordinator(), *credentials)));
}

template <typename Stub>
absl::Status Client::Call(Stub* stub, UnaryCall<Stub> call,
                          const google::protobuf::MessageLite& request,
                          google::protobuf::Message* response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kShortCall);
  v1::Envelope asked, reply;
  asked.set_message(request.SerializeAsString());
  const grpc::Status status = (stub->*call)(&context, asked, &reply);
  if (!status.ok()) return InWords(status);
  return ParseMessage(reply.message(), kMaxReplyBytes, response);
}

absl::StatusOr<v1::Description> Client::Describe() {
  v1::Description description;
  CAIRN_RETURN_IF_ERROR(Call(stub_.get(), &v1::QueryService::Stub::Describe,
                             v1::DescribeRequest(), &description));
  return description;
}

absl::StatusOr<v1::History> Client::History(bool mine, int limit) {
  v1::HistoryRequest request;
  request.set_mine(mine);
  request.set_limit(static_cast<uint32_t>(limit));
  v1::History history;
  CAIRN_RETURN_IF_ERROR(
      Call(stub_.get(), &v1::QueryService::Stub::History, request, &history));
  return history;
}

absl::StatusOr<v1::Result> Client::Fetch(const std::string& query_id) {
  v1::FetchRequest request;
  request.set_query_id(query_id);
  v1::Result result;
  CAIRN_RETURN_IF_ERROR(
      Call(stub_.get(), &v1::QueryService::Stub::Fetch, request, &result));
  return result;
}

absl::StatusOr<std::string> Client::ReadLogFile(const std::string& path) {
  v1::LogFileRequest request;
  request.set_path(path);
  v1::LogFile file;
  CAIRN_RETURN_IF_ERROR(
      Call(audit_.get(), &v1::AuditService::Stub::ReadLogFile, request, &file));
  return std::move(*file.mutable_bytes());
}

absl::StatusOr<std::vector<std::string>> Client::Cosigned() {
  v1::Cosigned cosigned;
  CAIRN_RETURN_IF_ERROR(Call(audit_.get(),
                             &v1::AuditService::Stub::ListCosigned,
                             v1::CosignedRequest(), &cosigned));
  return std::vector<std::string>(cosigned.note().begin(),
                                  cosigned.note().end());
}

absl::StatusOr<v1::OpenedCommitment> Client::OpenQuestion(uint64_t entry) {
  v1::OpenQuestionRequest request;
  request.set_entry(entry);
  v1::OpenedCommitment opened;
  CAIRN_RETURN_IF_ERROR(Call(
      audit_.get(), &v1::AuditService::Stub::OpenQuestion, request, &opened));
  return opened;
}

absl::StatusOr<v1::Result> Client::Ask(const v1::RunQueryRequest& request,
                                       const OnEvent& on_event) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::milliseconds(request.timeout_ms()) +
                       kBeyondDeadline);
  v1::Envelope asked, reply;
  asked.set_message(request.SerializeAsString());
  const auto stream = stub_->RunQuery(&context, asked);
  v1::QueryEvent event;
  absl::StatusOr<v1::Result> result =
      absl::InternalError("the coordinator ended without a result");
  while (stream->Read(&reply)) {
    const absl::Status read =
        ParseMessage(reply.message(), kMaxReplyBytes, &event);
    if (!read.ok()) {
      context.TryCancel();
      stream->Finish();
      return read;
    }
    on_event(event);
    if (event.has_result()) result = std::move(*event.mutable_result());
  }
  const grpc::Status status = stream->Finish();
  if (!status.ok()) return InWords(status);
  return result;
}

}  // namespace cairn
