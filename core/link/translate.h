#ifndef CAIRN_CORE_LINK_TRANSLATE_H_
#define CAIRN_CORE_LINK_TRANSLATE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cairn/v1/query.pb.h"
#include "cairn/v1/table.pb.h"
#include "core/disclosure/protected_table.h"
#include "core/query/catalogue.h"
#include "core/query/query.h"
#include "google/protobuf/message.h"

namespace cairn {

// Wire messages to domain values and back, checked on the way in: whatever
// arrives may come from anyone. Every failure is INVALID_ARGUMENT with one
// sentence.

inline constexpr size_t kMaxQuestionBytes = 256 * 1024;
inline constexpr size_t kMaxAnswerBytes = 4 * 1024 * 1024;

// Parses the bytes of an envelope: at most `max_bytes`, nested at most 100
// deep, texts valid UTF-8, no unknown fields, or the sentence says which it
// was.
absl::Status ParseMessage(absl::string_view bytes, size_t max_bytes,
                          google::protobuf::Message* message);

absl::StatusOr<Filter> FromProto(const v1::Filter& message);
v1::Filter ToProto(const Filter& filter);
absl::StatusOr<Query> FromProto(const v1::Query& message);
v1::Query ToProto(const Query& query);

// Reads back what Protect made: shapes agree, published numbers lie in their
// bins, no number stands where a mark belongs.
absl::StatusOr<ProtectedTable> FromProto(const v1::ProtectedTable& message);
v1::ProtectedTable ToProto(const ProtectedTable& table);

}  // namespace cairn

#endif  // CAIRN_CORE_LINK_TRANSLATE_H_
