// Asks one question many times at once, as one analyst, and prints how the
// calls ended, one line a kind: `COUNT SECONDS WORDS`, most frequent first.
//   cairn-many-questions PROFILE COUNT TIMEOUT_MS DATA_SET VARIABLE[,VARIABLE]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cairn/v1/config.pb.h"
#include "cairn/v1/query_service.grpc.pb.h"
#include "core/base/mutex.h"
#include "core/link/channel.h"
#include "core/link/credentials.h"
#include "core/link/text_config.h"

namespace cairn {
namespace {

// What came of all calls, and how many are still open.
class Tally {
 public:
  explicit Tally(int open) : open_(open) {}
  void Ended(const std::string& words, double seconds) {
    MutexLock lock(&mutex_);
    auto& [count, slowest] = ended_[words];
    ++count;
    slowest = std::max(slowest, seconds);
    if (--open_ == 0) done_.NotifyAll();
  }
  void WaitAndPrint() {
    MutexLock lock(&mutex_);
    while (open_ > 0) done_.Wait(&mutex_);
    for (const auto& [words, what] : ended_) {
      std::printf("%d %.3f %s\n", what.first, what.second, words.c_str());
    }
  }

 private:
  Mutex mutex_;
  CondVar done_;
  int open_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::pair<int, double>> ended_ ABSL_GUARDED_BY(mutex_);
};

class Call : public grpc::ClientReadReactor<v1::Envelope> {
 public:
  Call(v1::QueryService::Stub* stub, const v1::Envelope& request, Tally* tally)
      : request_(request), tally_(tally) {
    stub->async()->RunQuery(&context_, &request_, this);
    StartRead(&reply_);
    StartCall();
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return;
    v1::QueryEvent event;
    if (event.ParseFromString(reply_.message()) && event.has_result()) {
      outcome_ = "answered";
      for (const auto& agency : event.result().agency()) {
        if (agency.outcome() != v1::ANSWERED) {
          outcome_ = absl::StrCat("partial: ", agency.reason());
        }
      }
    }
    StartRead(&reply_);
  }
  void OnDone(const grpc::Status& status) override {
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - start_;
    std::string words = outcome_;
    if (!status.ok()) {
      words = absl::StrCat("code ", status.error_code(), ": ",
                           status.error_message());
      const auto& trailers = context_.GetServerTrailingMetadata();
      const auto wait = trailers.find("grpc-retry-pushback-ms");
      if (wait != trailers.end()) {
        absl::StrAppend(&words, " [retry after ",
                        std::string(wait->second.data(), wait->second.size()),
                        " ms]");
      }
    }
    tally_->Ended(words, took.count());
  }

  grpc::ClientContext context_;
  const v1::Envelope request_;
  v1::Envelope reply_;
  Tally* const tally_;
  std::string outcome_ = "no result";
  const std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
};

int Main(char** argv) {
  v1::ClientProfile profile;
  const absl::Status read = ReadTextProto(argv[1], &profile);
  const auto credentials = MakeChannelCredentials(profile.credentials());
  if (!read.ok() || !credentials.ok()) {
    std::fprintf(stderr, "%s %s\n", read.ToString().c_str(),
                 credentials.status().ToString().c_str());
    return 1;
  }
  v1::RunQueryRequest question;
  question.set_timeout_ms(static_cast<uint32_t>(std::atoi(argv[3])));
  question.mutable_query()->set_data_set(argv[4]);
  for (const absl::string_view by : absl::StrSplit(argv[5], ',')) {
    question.mutable_query()->add_by(std::string(by));
  }
  question.mutable_query()->set_purpose("needs_assessment");
  v1::Envelope request;
  request.set_message(question.SerializeAsString());

  const auto channel = MakeChannel(profile.coordinator(), *credentials);
  const auto stub = v1::QueryService::NewStub(channel);
  const int count = std::atoi(argv[2]);
  Tally tally(count);
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < count; ++i) {
    calls.push_back(std::make_unique<Call>(stub.get(), request, &tally));
  }
  tally.WaitAndPrint();
  return 0;
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  if (argc == 6) return cairn::Main(argv);
  std::fprintf(stderr,
               "usage: cairn-many-questions PROFILE COUNT TIMEOUT_MS DATA_SET "
               "VARIABLE[,VARIABLE]\n");
  return 2;
}
