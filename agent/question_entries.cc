#include "agent/question_entries.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"

namespace cairn {
namespace {

// As the ids in certificates are (core/link/credentials).
bool IsId(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-' ||
           c == '_' || c == '.';
  });
}

}  // namespace

Entry ReceivedEntry(const v1::Ask& ask, const Query& query,
                    const Catalogue& catalogue, const Commitment& question) {
  Entry entry{"query.received", ask.query_id(), {}};
  entry.fields["actor"] = IsId(ask.asker()) ? ask.asker() : "";
  entry.fields["purpose"] =
      catalogue.HasPurpose(query.purpose) ? query.purpose : "";
  entry.fields["data_set"] =
      catalogue.Find(query.data_set).ok() ? query.data_set : "";
  entry.fields["question_commit"] = question.hash;
  return entry;
}

}  // namespace cairn
