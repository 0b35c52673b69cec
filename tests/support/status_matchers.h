#ifndef CAIRN_TESTS_SUPPORT_STATUS_MATCHERS_H_
#define CAIRN_TESTS_SUPPORT_STATUS_MATCHERS_H_

#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"

namespace cairn {

// EXPECT_THAT(status or StatusOr, IsOk())
// EXPECT_THAT(.., StatusIs(absl::StatusCode::kNotFound, HasSubstr("age")))

inline const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

class StatusIsMatcher {
 public:
  using is_gtest_matcher = void;

  StatusIsMatcher(absl::StatusCode code,
                  ::testing::Matcher<std::string> message)
      : code_(code), message_(std::move(message)) {}

  template <typename T>
  bool MatchAndExplain(const T& given, std::ostream* out) const {
    const absl::Status& status = StatusOf(given);
    if (out != nullptr) *out << "which is " << status.ToString();
    return status.code() == code_ &&
           message_.Matches(std::string(status.message()));
  }
  void DescribeTo(std::ostream* out) const {
    *out << "is " << absl::StatusCodeToString(code_) << " whose message ";
    message_.DescribeTo(out);
  }
  void DescribeNegationTo(std::ostream* out) const {
    *out << "not: ";
    DescribeTo(out);
  }

 private:
  absl::StatusCode code_;
  ::testing::Matcher<std::string> message_;
};

inline StatusIsMatcher StatusIs(
    absl::StatusCode code,
    ::testing::Matcher<std::string> message = ::testing::_) {
  return StatusIsMatcher(code, std::move(message));
}
inline StatusIsMatcher IsOk() { return StatusIs(absl::StatusCode::kOk); }

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_STATUS_MATCHERS_H_
