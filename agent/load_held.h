#ifndef CAIRN_AGENT_LOAD_HELD_H_
#define CAIRN_AGENT_LOAD_HELD_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agent/load_codes.h"
#include "agent/load_plan.h"

namespace cairn {

// The codes that one column (or constant) of a mapping can produce of one
// variable. They are declared by the mapping alone, never by the data: what
// the data happen to hold must not show in what an agency says it can answer.
class HeldCodes {
 public:
  // `where` starts every error: "<mapping>: column 'X': ".
  HeldCodes(const MappingInputs& inputs, DataSet::Variable variable,
            std::string where);

  // INVALID_ARGUMENT: a code that is not in the list, a value that is there
  // twice, or bands asked of a list without numbers.
  absl::Status OfColumn(const v1::Mapping::Column& given, bool bands,
                        LoadPlan::Held* held, CodeTable* table) const;
  absl::Status OfConstant(const std::string& code, LoadPlan::Held* held) const;

 private:
  struct Declared;

  absl::Status Fail(absl::string_view sentence) const;
  bool IsPlace() const;
  absl::StatusOr<int> CodeOf(const std::string& code) const;
  absl::Status Declare(const v1::Mapping::Column& given,
                       Declared* declared) const;
  absl::Status DeclareWholeList(const v1::Mapping::Column& given, bool bands,
                                Declared* declared) const;
  void AddNames(const Declared& declared, CodeTable* table) const;
  void AddPlaceNames(const v1::Mapping::Column& given,
                     const LoadPlan::Held& held, CodeTable* table) const;

  const MappingInputs& in_;
  const DataSet::Variable at_;
  const std::string where_;
  const Dimension& dimension_;
  const Level& level_;
  // Every code of the variable: the list's, or the places' with OUT and U
  // after them.
  std::vector<std::string> all_;
  int place_level_ = -1;
};

// The text of a value of a mapping, trimmed. INVALID_ARGUMENT if it is empty.
absl::StatusOr<std::string> TextOf(const v1::Mapping::Value& value,
                                   absl::string_view where);

// "; did you mean X?", or nothing.
std::string DidYouMean(absl::string_view text,
                       const std::vector<std::string>& names);

}  // namespace cairn

#endif  // CAIRN_AGENT_LOAD_HELD_H_
