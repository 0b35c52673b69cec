#ifndef CAIRN_AGENT_STEWARD_H_
#define CAIRN_AGENT_STEWARD_H_

#include <string>

#include "absl/status/status.h"
#include "core/query/question_text.h"

namespace cairn {

// What the data steward does at the agency's own machine. Each prints to stdout
// for people and returns the first failure.

// A commented configuration to start from; an existing file is never changed.
absl::Status InitAgent(const std::string& config_path,
                       const std::string& agency);
// Goes through the whole configuration: files, identity, mappings, records.
absl::Status CheckAgent(const std::string& config_path);
// Loads places, then the named data set or all. Old records stay until the new
// extract is whole. `start_anew`: even where figures were released of records
// that the extract knows nothing of.
absl::Status LoadAgent(const std::string& config_path,
                       const std::string& data_set, bool start_anew = false);
// Exactly what would leave for a question. No network, nothing kept.
absl::Status PreviewAgent(const std::string& config_path,
                          const QuestionText& question);
absl::Status StatusAgent(const std::string& config_path);
// Makes the keys of the ledger and the witness where they are missing, and
// prints their public halves for the partnership's file of ledger keys.
absl::Status KeysAgent(const std::string& config_path);
// Makes the file of what the agency's witness remembers where it is lost
// (core/store/witness_memory.h). FAILED_PRECONDITION if it is not.
absl::Status BeginWitnessAnew(const std::string& config_path);

}  // namespace cairn

#endif  // CAIRN_AGENT_STEWARD_H_
