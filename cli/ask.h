#ifndef CAIRN_CLI_ASK_H_
#define CAIRN_CLI_ASK_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/query_service.pb.h"
#include "cli/client.h"
#include "core/output/listing.h"
#include "core/query/question_text.h"

namespace cairn {

// `cairn query`, as typed.
struct AskFlags {
  QuestionText question;
  std::string agencies;  // comma separated; empty: all that hold the data set
  std::string split;     // "agency" or empty
  std::string timeout = "30s";
};

// Where and how a result is written.
struct OutputFlags : Destination {
  bool symbols = false;
  bool metadata = false;  // beside a CSV file
};

// Refuses a form of output that cannot be written, before work is done for it.
absl::Status CheckOutput(const OutputFlags& flags);

// Checks a typed question against the catalogue the coordinator gives.
absl::StatusOr<v1::RunQueryRequest> MakeRequest(const AskFlags& flags,
                                                const Catalogue& catalogue);

// Signs a request with the session of whoever is logged in, for the agencies
// that it will be sent to and under the agreements that the coordinator shows.
// Without a session the request stays as it is: an agency that wants a
// signature says so. Errors of ReadSession for a session that has ended.
absl::Status SignRequest(const v1::Description& description,
                         v1::RunQueryRequest* request);

// Writes a result. Returns the exit code the result stands for: complete,
// partial (3) or refused (5).
absl::StatusOr<int> WriteResult(const v1::Result& result,
                                const Catalogue& catalogue,
                                const OutputFlags& flags);

// One line an agency on stderr, rewritten in place on a terminal; silent
// elsewhere.
class Progress {
 public:
  Progress();
  ~Progress();
  void Show(const v1::QueryEvent& event);

 private:
  void Draw();
  struct Line {
    std::string agency;
    std::string state;
  };
  const bool shown_;
  size_t drawn_ = 0;
  std::vector<Line> lines_;
};

}  // namespace cairn

#endif  // CAIRN_CLI_ASK_H_
