#include "core/link/signed_query.h"

#include "absl/strings/str_cat.h"
#include "core/link/translate.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace cairn {
std::string SpellQuery(const v1::Query& query) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream out(&stream);
  out.SetSerializationDeterministic(true);
  query.SerializeToCodedStream(&out);
  out.Trim();
  return bytes;
}

std::string SpellQuery(const Query& query) {
  return SpellQuery(ToProto(query));
}

Verdict<Query> OpenQuery(const SignedQuestion& question,
                         absl::string_view asked) {
  if (asked != question.query) {
    return Distrusted{Distrust::kWider,
                      "what is asked is not the question that was signed"};
  }
  v1::Query message;
  absl::Status read = ParseMessage(question.query, kMaxQuestionBytes, &message);
  if (read.ok() && SpellQuery(message) != question.query) {
    // Protobuf takes the last of two values of a field and merges two trees:
    // what was signed could be read in two ways.
    read = absl::InvalidArgumentError(
        "the signed question is not written in its one spelling");
  }
  if (!read.ok()) {
    return Distrusted{Distrust::kMalformed, std::string(read.message())};
  }
  auto query = FromProto(message);
  if (!query.ok()) {
    return Distrusted{Distrust::kMalformed,
                      std::string(query.status().message())};
  }
  if (query->purpose != question.purpose) {
    return Distrusted{Distrust::kPurpose,
                      absl::StrCat("the question was signed for the purpose ",
                                   question.purpose, ", but asks for another")};
  }
  return *std::move(query);
}

}  // namespace cairn
