// Asks one question after another over one connection, as an analyst's own
// program would: reads `VARIABLE[,VARIABLE]` a line (none: the total), and
// prints for each, in a line, the result as `cairn query -o json` has it, or
// null if there is none.
//   cairn-ask-each PROFILE TIMEOUT_MS DATA_SET
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_split.h"
#include "cairn/v1/config.pb.h"
#include "cairn/v1/query_service.grpc.pb.h"
#include "cli/result_json.h"
#include "core/link/channel.h"
#include "core/link/credentials.h"
#include "core/link/text_config.h"

namespace cairn {
namespace {

std::optional<v1::Result> Ask(v1::QueryService::Stub* stub,
                              const v1::RunQueryRequest& question) {
  grpc::ClientContext context;
  // A little longer than the coordinator waits for its agents.
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::milliseconds(question.timeout_ms() + 5000));
  v1::Envelope request, reply;
  request.set_message(question.SerializeAsString());
  const auto stream = stub->RunQuery(&context, request);
  std::optional<v1::Result> result;
  v1::QueryEvent event;
  while (stream->Read(&reply)) {
    if (event.ParseFromString(reply.message()) && event.has_result()) {
      result = std::move(*event.mutable_result());
    }
  }
  if (!stream->Finish().ok()) return std::nullopt;
  return result;
}

int Main(char** argv) {
  v1::ClientProfile profile;
  const absl::Status read = ReadTextProto(argv[1], &profile);
  const auto credentials = MakeChannelCredentials(profile.credentials());
  if (!read.ok() || !credentials.ok()) {
    std::fprintf(stderr, "%s %s\n", read.ToString().c_str(),
                 credentials.status().ToString().c_str());
    return 1;
  }
  const auto stub = v1::QueryService::NewStub(
      MakeChannel(profile.coordinator(), *credentials));
  std::string line;
  while (std::getline(std::cin, line)) {
    v1::RunQueryRequest question;
    question.set_timeout_ms(static_cast<uint32_t>(std::atoi(argv[2])));
    question.mutable_query()->set_data_set(argv[3]);
    question.mutable_query()->set_purpose("needs_assessment");
    for (const absl::string_view by :
         absl::StrSplit(line, ',', absl::SkipEmpty())) {
      question.mutable_query()->add_by(std::string(by));
    }
    const auto result = Ask(stub.get(), question);
    std::string json =
        result.has_value() ? ResultToJson(*result) : std::string("null");
    std::replace(json.begin(), json.end(), '\n', ' ');
    std::cout << json << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  if (argc == 4) return cairn::Main(argv);
  std::fprintf(
      stderr,
      "usage: cairn-ask-each PROFILE TIMEOUT_MS DATA_SET < VARIABLES\n");
  return 2;
}
