#ifndef CAIRN_TESTS_SUPPORT_TEXT_PROTO_H_
#define CAIRN_TESTS_SUPPORT_TEXT_PROTO_H_

#include <string>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace cairn {

// A message written as text in a test.
template <typename T>
T ParseText(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message))
      << text;
  return message;
}

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_TEXT_PROTO_H_
