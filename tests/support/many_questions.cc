// Asks one question many times at once, as one analyst, and prints how the
// calls ended, one line a kind: `COUNT SECONDS WORDS`, in the order of the
// words.
//   cairn-many-questions PROFILE COUNT TIMEOUT_MS DATA_SET VARIABLE[,VARIABLE]
// Or asks a question a line of its input (VARIABLE[,VARIABLE]), so many a
// second whether earlier ones have ended or not, and prints each as it ends:
//   AT SECONDS VARIABLES QUERY AGENCY=INDEX[,AGENCY=INDEX] WORDS
// AT: when it was asked, in seconds since the first. QUERY: its id, or -. The
// indices: of each answer's entry in its agency's ledger, or -.
//   cairn-many-questions PROFILE RATE TIMEOUT_MS DATA_SET < LINES
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cairn/v1/config.pb.h"
#include "cairn/v1/query_service.grpc.pb.h"
#include "core/base/mutex.h"
#include "core/link/channel.h"
#include "core/link/credentials.h"
#include "core/link/text_config.h"

namespace cairn {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsBetween(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

// How one call ended.
struct Ending {
  std::string by;
  Clock::time_point asked;
  double seconds = 0;
  std::string query = "-";
  std::vector<std::string> entries;  // AGENCY=INDEX
  std::string words = "no result";
};

// What came of all calls.
class Tally {
 public:
  explicit Tally(bool print_each) : print_each_(print_each) {}
  void Began() {
    MutexLock lock(&mutex_);
    ++open_;
  }
  void Ended(const Ending& ending) {
    MutexLock lock(&mutex_);
    if (print_each_) {
      const std::string entries = absl::StrJoin(ending.entries, ",");
      std::printf(
          "%.3f %.4f %s %s %s %s\n", SecondsBetween(start_, ending.asked),
          ending.seconds, ending.by.c_str(), ending.query.c_str(),
          entries.empty() ? "-" : entries.c_str(), ending.words.c_str());
      std::fflush(stdout);
    }
    auto& [count, slowest] = ended_[ending.words];
    ++count;
    slowest = std::max(slowest, ending.seconds);
    if (--open_ == 0) done_.NotifyAll();
  }
  void Wait() {
    MutexLock lock(&mutex_);
    while (open_ > 0) done_.Wait(&mutex_);
    if (print_each_) return;
    for (const auto& [words, what] : ended_) {
      std::printf("%d %.3f %s\n", what.first, what.second, words.c_str());
    }
  }
  Clock::time_point start() const { return start_; }

 private:
  const bool print_each_;
  const Clock::time_point start_ = Clock::now();
  Mutex mutex_;
  CondVar done_;
  int open_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::pair<int, double>> ended_ ABSL_GUARDED_BY(mutex_);
};

// Deletes itself when it has ended.
class Call : public grpc::ClientReadReactor<v1::Envelope> {
 public:
  Call(v1::QueryService::Stub* stub, const v1::RunQueryRequest& question,
       Tally* tally)
      : tally_(tally) {
    request_.set_message(question.SerializeAsString());
    ending_.by = absl::StrJoin(question.query().by(), ",");
    ending_.asked = Clock::now();
    tally_->Began();
    stub->async()->RunQuery(&context_, &request_, this);
    StartRead(&reply_);
    StartCall();
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return;
    v1::QueryEvent event;
    if (event.ParseFromString(reply_.message()) && event.has_result()) {
      Read(event.result());
    }
    StartRead(&reply_);
  }
  void Read(const v1::Result& result) {
    ending_.query = result.query_id();
    ending_.words = "answered";
    for (const auto& agency : result.agency()) {
      if (agency.outcome() != v1::ANSWERED) {
        ending_.words = absl::StrCat("partial: ", agency.reason());
      } else {
        ending_.entries.push_back(
            absl::StrCat(agency.agency(), "=", agency.receipt().index()));
      }
    }
  }
  void OnDone(const grpc::Status& status) override {
    ending_.seconds = SecondsBetween(ending_.asked, Clock::now());
    if (!status.ok()) {
      ending_.words = absl::StrCat("code ", status.error_code(), ": ",
                                   status.error_message());
      const auto& trailers = context_.GetServerTrailingMetadata();
      const auto wait = trailers.find("grpc-retry-pushback-ms");
      if (wait != trailers.end()) {
        absl::StrAppend(&ending_.words, " [retry after ",
                        std::string(wait->second.data(), wait->second.size()),
                        " ms]");
      }
    }
    tally_->Ended(ending_);
    delete this;
  }

  grpc::ClientContext context_;
  v1::Envelope request_;
  v1::Envelope reply_;
  Tally* const tally_;
  Ending ending_;
};

void SetBy(const std::string& variables, v1::Query* query) {
  query->clear_by();
  for (const absl::string_view by : absl::StrSplit(variables, ',')) {
    query->add_by(std::string(by));
  }
}

// Each at its time, whether those before it have ended or not: a client that
// waits for a service that has become slow does not see how slow it is.
void AskSteadily(v1::QueryService::Stub* stub, double rate,
                 v1::RunQueryRequest question, Tally* tally) {
  std::string line;
  for (int i = 0; std::getline(std::cin, line); ++i) {
    std::this_thread::sleep_until(tally->start() +
                                  std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(i / rate)));
    SetBy(line, question.mutable_query());
    new Call(stub, question, tally);
  }
}

int Main(int argc, char** argv) {
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
  question.mutable_query()->set_purpose("needs_assessment");
  const auto channel = MakeChannel(profile.coordinator(), *credentials);
  const auto stub = v1::QueryService::NewStub(channel);
  const bool at_once = argc == 6;
  Tally tally(!at_once);
  if (at_once) {
    SetBy(argv[5], question.mutable_query());
    for (int i = 0; i < std::atoi(argv[2]); ++i) {
      new Call(stub.get(), question, &tally);
    }
  } else {
    AskSteadily(stub.get(), std::atof(argv[2]), question, &tally);
  }
  tally.Wait();
  std::fflush(stdout);
  // A thread of gRPC's may still be at the end of the last call: nothing that it
  // uses is destroyed under it.
  std::quick_exit(0);
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  if (argc == 5 || argc == 6) return cairn::Main(argc, argv);
  std::fprintf(stderr,
               "usage: cairn-many-questions PROFILE COUNT TIMEOUT_MS DATA_SET "
               "VARIABLE[,VARIABLE]\n"
               "       cairn-many-questions PROFILE RATE TIMEOUT_MS DATA_SET "
               "< LINES\n");
  return 2;
}
