#include "core/link/open_question.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cairn/v1/query.pb.h"
#include "core/base/digest.h"
#include "core/link/translate.h"

namespace cairn {

OpenedQuestion OpenQuestion(const QueryRecord& record, absl::string_view salt,
                            absl::string_view bytes,
                            const Catalogue* catalogue) {
  OpenedQuestion question;
  if (salt.empty() || !record.received.has_value()) {
    question.bound = "what was asked in full is not kept any more";
    return question;
  }
  const bool same = Sha256Hex(absl::StrCat(salt, bytes)) == record.question;
  question.bound =
      same ? absl::StrCat("entry ", record.received->index,
                          " is bound to just this question")
           : absl::StrCat("this is NOT the question that entry ",
                          record.received->index,
                          " is bound to: what is kept of it was changed");
  v1::Query message;
  if (!ParseMessage(std::string(bytes), kMaxQuestionBytes, &message).ok()) {
    return question;
  }
  auto query = FromProto(message);
  if (!query.ok()) return question;
  if (catalogue != nullptr) {
    const auto data_set = catalogue->Find(query->data_set);
    if (data_set.ok()) question.data_set = *data_set;
  }
  question.query = *std::move(query);
  return question;
}

}  // namespace cairn
