#include "core/identity/plain_json.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/ledger/strict_text.h"

namespace cairn {
namespace {

bool IsPlain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", text, "\"");
}

}  // namespace

bool IsPlainText(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), IsPlain);
}

PlainWriter& PlainWriter::Integer(absl::string_view name, int64_t value) {
  absl::StrAppend(&body_, body_.empty() ? "" : ",", Quoted(name), ":", value);
  return *this;
}

PlainWriter& PlainWriter::Text(absl::string_view name,
                               absl::string_view value) {
  absl::StrAppend(&body_, body_.empty() ? "" : ",", Quoted(name), ":",
                  Quoted(value));
  return *this;
}

PlainWriter& PlainWriter::Texts(absl::string_view name,
                                const std::vector<std::string>& values) {
  const auto quote = [](std::string* out, const std::string& value) {
    absl::StrAppend(out, Quoted(value));
  };
  absl::StrAppend(&body_, body_.empty() ? "" : ",", Quoted(name), ":[",
                  absl::StrJoin(values, ",", quote), "]");
  return *this;
}

std::string PlainWriter::Done() const { return absl::StrCat("{", body_, "}"); }

PlainReader::PlainReader(absl::string_view bytes, absl::string_view what)
    : bytes_(bytes), what_(what) {}

void PlainReader::Bad(absl::string_view why) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(
      absl::StrCat("this is not ", what_, ": ", why, " (byte ", at_, ")"));
}

void PlainReader::Expect(absl::string_view text) {
  if (!status_.ok()) return;
  if (bytes_.substr(at_, text.size()) != text) {
    Bad(absl::StrCat("it does not go on with ", text));
    return;
  }
  at_ += text.size();
}

void PlainReader::Name(absl::string_view name) {
  Expect(absl::StrCat(at_ == 0 ? "{" : ",", Quoted(name), ":"));
}

PlainReader& PlainReader::Integer(absl::string_view name, int64_t* value) {
  *value = 0;
  Name(name);
  if (!status_.ok()) return *this;
  size_t end = at_;
  while (end < bytes_.size() && bytes_[end] >= '0' && bytes_[end] <= '9') ++end;
  const std::optional<uint64_t> number =
      ReadDecimal(bytes_.substr(at_, end - at_));
  if (!number.has_value() || *number > uint64_t{kMaxPlainInteger}) {
    Bad(absl::StrCat(name, " is not a whole number of 0 to 2^53 - 1"));
    return *this;
  }
  *value = static_cast<int64_t>(*number);
  at_ = end;
  return *this;
}

void PlainReader::ReadText(size_t most, std::string* value) {
  Expect("\"");
  if (!status_.ok()) return;
  size_t end = at_;
  while (end < bytes_.size() && IsPlain(bytes_[end])) ++end;
  if (end - at_ > most) {
    Bad(absl::StrCat("a text is longer than ", most, " bytes"));
    return;
  }
  *value = std::string(bytes_.substr(at_, end - at_));
  at_ = end;
  Expect("\"");
}

PlainReader& PlainReader::Text(absl::string_view name, size_t most,
                               std::string* value) {
  value->clear();
  Name(name);
  ReadText(most, value);
  return *this;
}

PlainReader& PlainReader::Texts(absl::string_view name, size_t most,
                                size_t most_bytes,
                                std::vector<std::string>* values) {
  values->clear();
  Name(name);
  Expect("[");
  while (status_.ok() && bytes_.substr(at_, 1) != "]") {
    if (!values->empty()) Expect(",");
    if (values->size() == most) {
      Bad(absl::StrCat(name, " has more than ", most, " texts"));
    }
    std::string value;
    ReadText(most_bytes, &value);
    values->push_back(std::move(value));
  }
  Expect("]");
  return *this;
}

absl::Status PlainReader::Done() {
  Expect("}");
  if (status_.ok() && at_ != bytes_.size()) Bad("something follows it");
  return status_;
}

}  // namespace cairn
