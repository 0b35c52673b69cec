#ifndef CAIRN_AGENT_EARLIER_EXTRACT_H_
#define CAIRN_AGENT_EARLIER_EXTRACT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "agent/month_versions.h"
#include "cairn/v1/extract.pb.h"
#include "core/store/sqlite.h"

namespace cairn {

// The extract that a load follows on from.
class EarlierExtract {
 public:
  // Null if there is none that can be read, or if it is of a version that kept
  // no eras.
  static std::unique_ptr<EarlierExtract> Open(const std::string& path);

  const v1::ExtractMeta& meta() const { return meta_; }

  // All records, those superseded too, in the order in which they are stored.
  // DATA_LOSS if one is damaged.
  absl::Status ForEach(absl::FunctionRef<absl::Status(
                           const MonthVersions::Record& record, uint64_t key)>
                           each);

 private:
  EarlierExtract(std::unique_ptr<Database> database, v1::ExtractMeta meta)
      : database_(std::move(database)), meta_(std::move(meta)) {}

  std::unique_ptr<Database> database_;
  v1::ExtractMeta meta_;
};

// Whether an extract (empty: there is none) knows all epochs of which figures
// were released. If not, it is older than what was told of the records, or not
// theirs: what is told of it could not be held against that.
// FAILED_PRECONDITION, with a sentence for the steward.
absl::Status CheckVouched(const v1::ExtractMeta& extract,
                          const std::vector<std::string>& released);

}  // namespace cairn

#endif  // CAIRN_AGENT_EARLIER_EXTRACT_H_
